"""Where a client reads the pictures of a result."""

from __future__ import annotations

from urllib.parse import quote

from dropsight.domain.results import Result
from dropsight.domain.wire import Record
from dropsight.ports import AddressSigner


class Addresses(Record, kw_only=True, frozen=True):
    expires_at: int | None
    """Milliseconds since the epoch, of all of them; null where they do not expire."""
    addresses: dict[str, str]
    """By name of the artifact: absolute, or a path of the server that was asked."""


def addresses_of(result: Result, signer: AddressSigner | None) -> Addresses:
    """Of every artifact. Without a signer they are those of the API itself.

    Raises BackendUnavailable.
    """
    if signer is None:
        below = f"/v1/results/{result.result_id}/artifacts"
        return Addresses(
            expires_at=None,
            addresses={one.name: f"{below}/{quote(one.name, safe='')}" for one in result.artifacts},
        )
    signed = signer.downloads([(one.bucket, one.object) for one in result.artifacts])
    names = [one.name for one in result.artifacts]
    return Addresses(
        expires_at=round(signed.expires_at * 1000),
        addresses=dict(zip(names, signed.urls, strict=True)),
    )
