"""Which tensors a model must give, and their shapes: what every runtime checks when it loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest


@dataclass(frozen=True)
class ExpectedTensor:
    """`shape` holds numbers, and names for sizes that are free.

    The first axis is called `batch`, or `objects` where one image's own outputs have no batch axis.
    """

    name: str
    """Of the tensor in the model."""
    shape: tuple[int | str, ...]
    kind: Literal["float", "integer"] = "float"


def expected_outputs(manifest: Manifest) -> dict[str, ExpectedTensor]:
    """By the name that the task's module reads them under."""
    outputs, count = manifest.outputs, len(manifest.labels)
    if outputs.boxes is not None:
        shapes: dict[str, tuple[int | str, ...]] = {
            "yolov8": ("batch", 4 + count, "anchors"),
            "yolov6": ("batch", "anchors", 5 + count),
        }
        return {"boxes": ExpectedTensor(outputs.boxes.name, shapes[outputs.boxes.layout])}
    if outputs.instances is not None:
        sides = (manifest.input.height, manifest.input.width)
        return {
            "boxes": ExpectedTensor(outputs.instances.boxes, ("objects", 4)),
            "labels": ExpectedTensor(outputs.instances.labels, ("objects",), "integer"),
            "scores": ExpectedTensor(outputs.instances.scores, ("objects",)),
            "masks": ExpectedTensor(outputs.instances.masks, ("objects", 1, *sides)),
        }
    expected = {"logits": ExpectedTensor(outputs.logits or "logits", ("batch", count))}
    if outputs.activations is not None:
        expected["activations"] = ExpectedTensor(
            outputs.activations, ("batch", count, "height", "width")
        )
    return expected


def check_batch_axis(size: Any, manifest: Manifest, field: str) -> None:
    """`size`: the model's first axis, a number where it is fixed. Raises ManifestInvalid."""
    if isinstance(size, int) and not (size == 1 and manifest.input.maximum_batch == 1):
        raise ManifestInvalid(
            f"{field}: the model has a fixed batch size of {size}; export it with a dynamic "
            "first axis, as requests are served in batches, or state input.maximumBatch: 1 for a "
            "model of one image at a time"
        )
