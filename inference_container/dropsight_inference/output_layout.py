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
        # `box_layouts.check_box_shapes` knows more of these two.
        expected = {"boxes": ExpectedTensor(outputs.boxes.name, ("batch", "", ""))}
        if outputs.boxes.prototypes is not None:
            expected["prototypes"] = ExpectedTensor(
                outputs.boxes.prototypes, ("batch", "coefficients", "height", "width")
            )
        return expected
    if outputs.instances is not None:
        sides = (manifest.input.height, manifest.input.width)
        expected = {
            "boxes": ExpectedTensor(outputs.instances.boxes, ("objects", 4)),
            "labels": ExpectedTensor(outputs.instances.labels, ("objects",), "integer"),
            "scores": ExpectedTensor(outputs.instances.scores, ("objects",)),
        }
        if manifest.task == "segmentation":
            expected["masks"] = ExpectedTensor(outputs.instances.masks, ("objects", 1, *sides))
        return expected
    expected = {"logits": ExpectedTensor(outputs.logits or "logits", ("batch", count))}
    if outputs.activations is not None:
        expected["activations"] = ExpectedTensor(
            outputs.activations, ("batch", count, "height", "width")
        )
    return expected


def check_batch_axis(size: Any, manifest: Manifest, field: str) -> None:
    """`size`: the model's first axis, a number where it is fixed. Raises ManifestInvalid."""
    if isinstance(size, int) and size != manifest.input.maximum_batch:
        raise ManifestInvalid(
            f"{field}: the model has a fixed batch size of {size}; export it with a dynamic "
            f"first axis, as requests are served in batches, or state input.maximumBatch: {size}"
        )
