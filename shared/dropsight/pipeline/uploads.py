"""An upload by a client that has no credentials of its own: it is given an address for one object.

The object's name is ours but for its last part: `<route>/<random>/<name>`. So nobody's upload meets
another one, and the route, by which model and project are chosen, is one that the caller may use.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropsight.domain.errors import BudgetExceeded, MessageInvalid, NoRoute
from dropsight.domain.results import DEFAULT_PROJECT
from dropsight.domain.wire import Record
from dropsight.ports import AddressSigner
from dropsight.settings import Settings

if TYPE_CHECKING:
    from dropsight.pipeline.routing import Models

LONGEST_NAME = 512
"""Characters."""
LONGEST_OBJECT = 1024
"""Bytes of UTF-8: https://cloud.google.com/storage/docs/objects#naming"""
MEDIA_TYPE = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,62}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,62}"
"""RFC 6838, section 4.2, without parameters."""
UNFIT = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories that no file name needs: controls, halves of pairs, ends of lines."""
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They show a name in another order than it has: `gpj.exe` for `exe.jpg`."""


class UploadAddress(Record, kw_only=True, frozen=True):
    """Where the client begins its upload: `method` to `url` with exactly these `headers` answers
    with the Location of a session, and the bytes are PUT there in chunks with Content-Range."""

    object: str
    bucket: str
    method: str
    url: str
    headers: dict[str, str]
    expires_at: int
    """Milliseconds since the epoch. The session lives on for a week after it has begun."""


@dataclass(frozen=True)
class OpenUpload:
    """What the step needs, built once by the entry point."""

    signer: AddressSigner
    models: Callable[[], Models]
    """Asked when there is an upload: reading the bundles takes time."""
    settings: Settings

    def __call__(
        self,
        *,
        name: str,
        route: str,
        size: int,
        content_type: str,
        projects: Collection[str] | None,
    ) -> UploadAddress:
        """`size` in bytes. `projects`: those that the caller may upload to; None: all.

        Raises MessageInvalid, NoRoute, BudgetExceeded, BackendUnavailable.
        """
        check_name(name)
        self._check_route(route, projects)
        self._check_size(size)
        if not re.fullmatch(MEDIA_TYPE, content_type):
            raise MessageInvalid(
                f"contentType: found {content_type[:40]!r}, legal are media types such as "
                "application/dicom; application/octet-stream fits every file"
            )
        object_name = f"{route}/{secrets.token_hex(12)}/{name}"
        length = len(object_name.encode())
        if length > LONGEST_OBJECT:
            raise MessageInvalid(
                f"name: with its route it has {length} bytes in UTF-8, legal are {LONGEST_OBJECT}; "
                "shorten it"
            )
        bucket = self.settings.landing_bucket
        signed = self.signer.upload(bucket, object_name, size, content_type)
        return UploadAddress(
            object=object_name,
            bucket=bucket,
            method=signed.method,
            url=signed.url,
            headers=dict(signed.headers),
            expires_at=round(signed.expires_at * 1000),
        )

    def _check_route(self, route: str, projects: Collection[str] | None) -> None:
        models = self.models()
        known = {*models, *(one for one, model in self.settings.routes.items() if model in models)}
        open_to_caller = sorted(
            one
            for one in known
            if projects is None or self.settings.projects.get(one, DEFAULT_PROJECT) in projects
        )
        if route not in open_to_caller:
            legal = ", ".join(open_to_caller) or "none: the token names no project that has one"
            raise NoRoute(f"route: found {route[:40]!r}, legal are {legal}")

    def _check_size(self, size: int) -> None:
        limit = self.settings.budgets.bytes
        if size < 1:
            raise MessageInvalid(f"size: found {size}, legal are 1 to {limit} bytes")
        if size > limit:
            raise BudgetExceeded(
                f"size: found {size} bytes, at most {limit} are taken (DROPSIGHT_BUDGET_BYTES)"
            )


def check_name(name: str) -> None:
    """Raises MessageInvalid unless `name` is that of one file."""
    if not 0 < len(name) <= LONGEST_NAME:
        raise MessageInvalid(
            f"name: found {len(name)} characters, legal are 1 to {LONGEST_NAME}; shorten it"
        )
    if "/" in name or "\\" in name or name in (".", ".."):
        raise MessageInvalid(
            f"name: found {name[:40]!r}, which is a path; legal is the last part of one, such as "
            "scan.dcm"
        )
    for one in name:
        if unicodedata.category(one) in UNFIT or one in REORDERING:
            raise MessageInvalid(
                f"name: found the character U+{ord(one):04X}, which is none of a name; leave it out"
            )
