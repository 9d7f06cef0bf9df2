"""Files of a result. Their names change with their content, so no cache ever shows an old one."""

from __future__ import annotations

import contextlib
import hashlib

from dropsight.domain.errors import PreconditionFailed
from dropsight.domain.pixel_values import PixelValues
from dropsight.domain.results import Artifact
from dropsight.ports import ObjectStore


def display_name(frame: int) -> str:
    """Name of the artifact that shows this frame, de-identified and without an overlay."""
    return f"display-{frame}"


def pixels_name(frame: int) -> str:
    """Name of the artifact with the values of this frame, de-identified, at 16 bits."""
    return f"pixels-{frame}"


def frame_name(result_id: str) -> str:
    """Name in the work bucket of the frame that was prepared for this result."""
    return f"frames/{result_id}.frame"


def write_artifact(
    objects: ObjectStore,
    bucket: str,
    result_id: str,
    name: str,
    data: bytes,
    media_type: str = "image/png",
    values: PixelValues | None = None,
) -> Artifact:
    """Store `data` as `<result id>/<name>-<12 hex digits of its SHA-256>.png`, once."""
    suffix = media_type.partition("/")[2]
    fingerprint = hashlib.sha256(data).hexdigest()[:12]
    path = f"{result_id}/{name}-{fingerprint}.{suffix}"
    with contextlib.suppress(PreconditionFailed):  # the same bytes are there already
        objects.write(bucket, path, data, media_type, if_generation_match=0)
    return Artifact(
        name=name,
        media_type=media_type,
        object=path,
        bucket=bucket,
        size=len(data),
        values=values,
    )


def erase_artifacts(objects: ObjectStore, bucket: str, result_id: str) -> int:
    """Remove every file of a deleted result; how many there were. Doing it again does no harm.

    By prefix and not by the document's list: a step that was killed leaves files that no document
    knows of.
    """
    found = list(objects.list(bucket, f"{result_id}/"))
    for one in found:
        objects.delete(bucket, one.name)
    return len(found)


def erase_frame(objects: ObjectStore, bucket: str, result_id: str) -> int:
    """Remove the prepared pixels of a deleted result; how many there were, 0 or 1."""
    name = frame_name(result_id)
    found = [one for one in objects.list(bucket, name) if one.name == name]
    for one in found:
        objects.delete(bucket, one.name)
    return len(found)
