"""Whether the fields of a model.yaml agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropsight.domain.errors import ManifestInvalid

if TYPE_CHECKING:
    from dropsight.domain.manifests import Manifest


def check_consistency(manifest: Manifest, where: str) -> None:
    """What types cannot say. Raises ManifestInvalid."""
    _check_outputs(manifest, where)
    _check_input(manifest, where)
    ids = [label.id for label in manifest.labels]
    if len(set(ids)) != len(ids):
        raise ManifestInvalid(f"{where}: labels: ids must differ, found {ids}")
    methods = [spec.method for spec in manifest.explanations]
    if len(set(methods)) != len(methods):
        raise ManifestInvalid(f"{where}: explanations: methods must differ, found {methods}")
    if (manifest.task == "module") != (manifest.runtime == "module"):
        raise ManifestInvalid(
            f"{where}: runtime: found {manifest.runtime!r} with task {manifest.task!r}; a module "
            "has both task: module and runtime: module"
        )
    if manifest.task == "module" and methods:
        raise ManifestInvalid(
            f"{where}: explanations: found {methods}; a module has none, its boxes are the "
            "explanation"
        )
    if "grad-cam" in methods and manifest.runtime == "onnx" and not manifest.outputs.activations:
        raise ManifestInvalid(
            f"{where}: outputs.activations: missing, but explanations ask for grad-cam; an ONNX "
            "bundle must export its class activation maps as an output and name it here"
        )


def _check_outputs(manifest: Manifest, where: str) -> None:
    """Each task reads its own outputs, and naming those of another task is a mistake."""
    task, outputs = manifest.task, manifest.outputs
    named = {
        "logits": outputs.logits,
        "activations": outputs.activations,
        "boxes": outputs.boxes,
        "instances": outputs.instances,
    }
    legal = {
        "classification": ("logits", "activations"),
        "detection": ("boxes", "instances"),
        "segmentation": ("instances", "boxes"),
    }.get(task, tuple(named))
    for field, value in named.items():
        if value is not None and field not in legal:
            raise ManifestInvalid(
                f"{where}: outputs.{field}: found, but task {task} reads outputs.{legal[0]}"
            )
    if task != "classification" and outputs.values != "logits":
        raise ManifestInvalid(
            f"{where}: outputs.values: found {outputs.values!r}, but task {task} has no logits to "
            "make of them; leave the field out"
        )
    if task in ("detection", "segmentation"):
        _check_objects(manifest, where)
    if task in ("detection", "segmentation") and manifest.explanations:
        raise ManifestInvalid(
            f"{where}: explanations: found, but task {task} has none: its overlay of boxes and "
            "masks is made for every upload"
        )


def _check_objects(manifest: Manifest, where: str) -> None:
    """Exactly one of the two ways in which a network gives boxes."""
    boxes, task = manifest.outputs.boxes, manifest.task
    if (boxes is None) == (manifest.outputs.instances is None):
        raise ManifestInvalid(
            f"{where}: outputs: task {task} needs either `boxes` (a YOLO head: name and layout) or "
            "`instances` (torchvision: names of boxes, labels, scores and masks, {} where they are "
            f"called so); found {'neither' if boxes is None else 'both'}"
        )
    if boxes is not None and (boxes.prototypes is None) == (task == "segmentation"):
        raise ManifestInvalid(
            f"{where}: outputs.boxes.prototypes: found {boxes.prototypes!r}; task segmentation "
            "needs the name of the tensor of mask prototypes, task detection has none"
        )


def _check_input(manifest: Manifest, where: str) -> None:
    spec = manifest.input
    for name, values in (("mean", spec.mean), ("std", spec.std)):
        if len(values) not in (1, spec.channels):
            raise ManifestInvalid(
                f"{where}: input.{name}: found {len(values)} values, legal are 1 or "
                f"{spec.channels} (input.channels)"
            )
    if any(value == 0 for value in spec.std):
        raise ManifestInvalid(f"{where}: input.std: found 0, every value must differ from 0")
    if spec.channel_order == "bgr" and spec.channels == 1:
        raise ManifestInvalid(f"{where}: input.channelOrder: found 'bgr', but channels is 1")
    if spec.window is not None and spec.contrast != "percentile":
        raise ManifestInvalid(
            f"{where}: input.contrast: found {spec.contrast!r} beside input.window, which says "
            "already what black and white are; leave one of them out"
        )
    if spec.padding and spec.resize != "letterbox":
        raise ManifestInvalid(
            f"{where}: input.padding: found {spec.padding} with resize: {spec.resize}; only "
            "resize: letterbox has something to fill around the image"
        )
    if spec.interpolation != "area" and spec.resize == "tile":
        raise ManifestInvalid(
            f"{where}: input.interpolation: found {spec.interpolation!r} with resize: tile, which "
            "resizes nothing; leave it out"
        )
    if spec.resize != "tile":
        if spec.overlap is not None:
            raise ManifestInvalid(
                f"{where}: input.overlap: found {spec.overlap} with resize: {spec.resize}; only "
                "resize: tile has tiles that overlap"
            )
        return
    if manifest.task != "detection":
        raise ManifestInvalid(
            f"{where}: input.resize: found 'tile' with task {manifest.task}; only boxes of task "
            "detection are joined across tiles, legal here are stretch, letterbox and crop"
        )
    if spec.tile_overlap >= min(spec.width, spec.height):
        raise ManifestInvalid(
            f"{where}: input.overlap: found {spec.overlap}, legal is less than a tile's shorter "
            f"side, {min(spec.width, spec.height)}"
        )
