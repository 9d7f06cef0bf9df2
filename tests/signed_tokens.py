"""Keys, certificates and tokens as an issuer makes them, for tests: nothing is kept anywhere."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class SigningKey:
    """An RSA key with a certificate that it has signed itself."""

    key_id: str
    private: rsa.RSAPrivateKey
    certificate: str
    """PEM."""

    def sign(self, content: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256, which RS256 and V4 signed addresses both take."""
        return self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())

    def token(self, claims: dict[str, Any], **header: Any) -> str:
        """`header`: what differs from {"alg": "RS256", "kid": <our own>}; None leaves it out."""
        whole = {"alg": "RS256", "typ": "JWT", "kid": self.key_id, **header}
        head = {name: value for name, value in whole.items() if value is not None}
        content = f"{segment(json.dumps(head).encode())}.{segment(json.dumps(claims).encode())}"
        return f"{content}.{segment(self.sign(content.encode()))}"


@cache
def signing_key(key_id: str) -> SigningKey:
    """One key for each id in a run: making one takes a while."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer.example.test")])
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36500))
        .sign(private, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return SigningKey(key_id, private, pem)


def segment(content: bytes) -> str:
    """Base64 for addresses, without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
