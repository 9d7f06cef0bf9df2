"""JSON bodies of requests, and how they are read."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from dropsight.api.messages import JSON, LONGEST_BODY, Request
from dropsight.domain.errors import BudgetExceeded, MessageInvalid
from dropsight.domain.feedback import LONGEST_COMMENT, Verdict
from dropsight.domain.wire import Record, decode
from dropsight.pipeline.uploads import LONGEST_NAME, MEDIA_TYPE

B = TypeVar("B", bound=Record)


# A field that is misspelled and ignored would be lost without a word, so here none is unknown.
class UploadRequest(Record, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A file that is to be uploaded."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
    """Of the file, without folders."""
    route: str
    """Of a model, or one that leads to it."""
    size: Annotated[int, msgspec.Meta(ge=1)]
    """Bytes."""
    content_type: Annotated[str, msgspec.Meta(pattern=f"^{MEDIA_TYPE}$")] = (
        "application/octet-stream"
    )


class FeedbackRequest(Record, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What the caller says of a result."""

    verdict: Verdict
    comment: Annotated[str, msgspec.Meta(max_length=LONGEST_COMMENT)] = ""
    label: str | None = None
    """Id of the label that it is about; null where it is about the whole result."""


class ExplainRequest(Record, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which reason is wanted: of a classifier a label's, of a detector one object's."""

    method: str
    """`lime`, or `grad-cam` where the model has it."""
    label: str | None = None
    """Id of the label, where the model classifies."""
    object: int | None = None
    """Number of the object in its frame, from 0: its place among the frame's findings."""
    frame: int | None = None
    """From 0. Null: the frame that shows the label best, and 0 for an object."""


def read_body(request: Request, kind: type[B]) -> B:
    """Raises MessageInvalid: which field, what was found, what is legal; BudgetExceeded."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise MessageInvalid(f"content-type: found {media_type[:40]!r}, legal is {JSON}")
    if len(request.body) > LONGEST_BODY:
        raise BudgetExceeded(f"body: found more than {LONGEST_BODY} bytes, which are the limit")
    return decode(request.body, kind)
