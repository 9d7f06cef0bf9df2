"""Checks V4 signatures as Cloud Storage does, from its documentation and not from our signer.

https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.emulators.answers import Answer, as_xml_error

Keys = Mapping[str, rsa.RSAPublicKey]
"""By the e-mail address of the service account."""


class SignatureRefused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer: Answer = as_xml_error(status, code, message)


def check_signature(
    method: str, target: str, headers: Mapping[str, str], keys: Keys, now: float
) -> None:
    """Raises SignatureRefused unless the signature in `target` (path and query, as sent) is good
    for this request.

    headers: names in lower case.
    """
    url = urlsplit(target)
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    signature = given.pop("X-Goog-Signature", None)
    if signature is None:
        raise SignatureRefused(403, "AccessDenied", "Anonymous caller does not have access.")
    account, _, scope = given["X-Goog-Credential"].partition("/")
    if given["X-Goog-Algorithm"] != "GOOG4-RSA-SHA256" or account not in keys:
        raise SignatureRefused(403, "AccessDenied", f"{account} does not have access.")
    began = datetime.datetime.strptime(given["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(
        tzinfo=datetime.UTC
    )
    lifetime = int(given["X-Goog-Expires"])
    if not began.timestamp() - 900 <= now < began.timestamp() + min(lifetime, 604800):
        raise SignatureRefused(400, "ExpiredToken", "Invalid argument: the signature has expired.")
    signed = given["X-Goog-SignedHeaders"].split(";")
    for name in headers:
        if name.startswith("x-goog-") and name not in signed:
            raise SignatureRefused(400, "MalformedSecurityHeader", f"Header not signed: {name}")
    missing = [name for name in signed if name not in headers]
    if missing:
        raise SignatureRefused(400, "MalformedSecurityHeader", f"Header not sent: {missing}")
    canonical = "\n".join(
        (
            method,
            quote(unquote(url.path), safe="/~"),
            "&".join(
                f"{quote(name, safe='~')}={quote(value, safe='~')}"
                for name, value in sorted(given.items())
            ),
            *(f"{name}:{re.sub(' +', ' ', headers[name].strip())}" for name in sorted(signed)),
            "",
            ";".join(sorted(signed)),
            "UNSIGNED-PAYLOAD",
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(("GOOG4-RSA-SHA256", given["X-Goog-Date"], scope, digest))
    try:
        keys[account].verify(
            bytes.fromhex(signature), to_sign.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise SignatureRefused(403, "SignatureDoesNotMatch", canonical) from error
