"""Addresses of Cloud Storage that hold their own permission for a short time (V4 signing).

https://cloud.google.com/storage/docs/access-control/signing-urls-manually and
…/storage/docs/authentication/canonical-requests

A service on Cloud Run has no key of its own: IAM Credentials signs for it (`signBlob`), asked with
the service's token. https://cloud.google.com/iam/docs/reference/credentials/rest
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from urllib.parse import quote, urlsplit

from dropsight.adapters.gcp.session import IAM_CREDENTIALS, STORAGE, Session, address_of
from dropsight.ports import SignedDownloads, SignedUpload
from dropsight.settings import Settings

ALGORITHM = "GOOG4-RSA-SHA256"
SIGNATURES_AT_ONCE = 16
SIGNATURES_KEPT = 4096


def open_signer(settings: Settings) -> CloudAddressSigner | None:
    """None on a laptop, whose files have no addresses of their own. Connects on first use."""
    if settings.backend != "gcp":
        return None
    return CloudAddressSigner(
        Session(IAM_CREDENTIALS),
        address_of(STORAGE),
        settings.signing_service_account,
        settings.address_lifetime_s,
    )


class CloudAddressSigner:
    """AddressSigner. May be used by many threads.

    An address for reading is signed as of the last third of its lifetime that has begun: whoever
    asks again meanwhile gets the same one, which is already signed here and may be in the browser's
    cache. So it holds for two to three thirds of the lifetime.
    """

    def __init__(
        self,
        iam: Session,
        storage: str,
        account: str = "",
        lifetime_s: int = 900,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`storage`: address of Cloud Storage. `account`: e-mail address of the service account
        that signs; none: that of our credentials. `clock`: seconds since the epoch."""
        self._iam = iam
        self._storage = urlsplit(storage)
        self._account = account
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._kept = lru_cache(SIGNATURES_KEPT)(self._signature)

    def upload(self, bucket: str, name: str, size: int, content_type: str) -> SignedUpload:
        """Of the request that begins a resumable session for an object that is not there yet.

        The headers are part of what is signed: with any other size, type or condition Cloud Storage
        refuses the request. Raises BackendUnavailable.
        """
        headers = {
            "content-type": content_type,
            "x-goog-content-length-range": f"0,{size}",
            "x-goog-if-generation-match": "0",
            "x-goog-resumable": "start",
        }
        now = int(self._clock())
        unsigned, to_sign = self._prepared("POST", bucket, name, headers, now)
        return SignedUpload(
            method="POST",
            url=f"{unsigned}&X-Goog-Signature={self._signature(to_sign)}",
            headers=headers,
            expires_at=now + self._lifetime_s,
        )

    def downloads(self, objects: Sequence[tuple[str, str]]) -> SignedDownloads:
        """Addresses for GET of (bucket, name), in their order. Raises BackendUnavailable."""
        now = int(self._clock())
        begun = now - now % (self._lifetime_s // 3)
        prepared = [self._prepared("GET", bucket, name, {}, begun) for bucket, name in objects]
        with ThreadPoolExecutor(SIGNATURES_AT_ONCE) as pool:
            signatures = list(pool.map(self._kept, [to_sign for _, to_sign in prepared]))
        return SignedDownloads(
            urls=[
                f"{unsigned}&X-Goog-Signature={signature}"
                for (unsigned, _), signature in zip(prepared, signatures, strict=True)
            ],
            expires_at=begun + self._lifetime_s,
        )

    def _prepared(
        self, method: str, bucket: str, name: str, headers: Mapping[str, str], at: int
    ) -> tuple[str, str]:
        """The address without its signature, and what is to be signed."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        scope = f"{moment[:8]}/auto/storage/goog4_request"
        signed = dict(sorted({**headers, "host": self._storage.netloc}.items()))
        names = ";".join(signed)
        query = "&".join(
            f"{key}={quote(value, safe='~')}"
            for key, value in (
                ("X-Goog-Algorithm", ALGORITHM),
                ("X-Goog-Credential", f"{self._signer()}/{scope}"),
                ("X-Goog-Date", moment),
                ("X-Goog-Expires", str(self._lifetime_s)),
                ("X-Goog-SignedHeaders", names),
            )
        )
        path = f"/{quote(bucket, safe='~')}/{quote(name, safe='/~')}"
        lines = "".join(f"{key}:{value}\n" for key, value in signed.items())
        canonical = "\n".join((method, path, query, lines, names, "UNSIGNED-PAYLOAD"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        address = f"{self._storage.scheme}://{self._storage.netloc}{path}?{query}"
        return address, "\n".join((ALGORITHM, moment, scope, digest))

    def _signature(self, to_sign: str) -> str:
        """Hexadecimal, by IAM Credentials."""
        response = self._iam.request(
            "POST",
            f"/v1/projects/-/serviceAccounts/{quote(self._signer(), safe='@')}:signBlob",
            body=json.dumps({"payload": base64.b64encode(to_sign.encode()).decode()}).encode(),
        )
        return base64.b64decode(response.json()["signedBlob"]).hex()

    def _signer(self) -> str:
        return self._account or self._iam.service_account()
