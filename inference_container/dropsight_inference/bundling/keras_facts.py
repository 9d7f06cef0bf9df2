"""What a Keras file says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundling.facts import Facts
from dropsight_inference.runtimes import import_runtime


def read_keras(path: Path, size: tuple[int, int] | None) -> Facts:
    """Raises ManifestInvalid for a file that no bundle can be made of."""
    try:
        import_runtime("tensorflow")
    except ImportError as error:
        raise ManifestInvalid(
            f"{path}: needs packages that are missing here ({error}); pip install "
            "'dropsight-inference[tensorflow]'"
        ) from error
    from dropsight_inference.runtimes.keras import TO_PROBABILITIES, last_layer  # noqa: PLC0415
    from dropsight_inference.runtimes.keras_files import open_keras  # noqa: PLC0415

    model, package = open_keras(path, str(path))
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ManifestInvalid(
            f"{path}: found inputs {[tuple(one.shape) for one in model.inputs]} and outputs "
            f"{[tuple(one.shape) for one in model.outputs]}; legal here are one image and "
            "(batch, labels). Write model.yaml by hand for another task"
        )
    height, width, channels = tuple(model.inputs[0].shape)[1:]
    notes = []
    if height is None or width is None:
        width, height = size or (224, 224)
        notes.append("the file leaves the size of the input open: state that of the training")
    activation = getattr(getattr(last_layer(model, package), "activation", None), "__name__", None)
    outputs = {"values": "probabilities"} if activation in TO_PROBABILITIES else {}
    scale = 1.0
    if any(type(layer).__name__ == "Rescaling" for layer in _every_layer(model)):
        scale = 255.0
        notes.append("scale is 255.0, as the model has a layer Rescaling of its own")
    else:
        notes.append(
            "scale is 1.0 for images divided by 255 in training; 255.0 for images that were not"
        )
    return Facts(
        runtime="tensorflow",
        task="classification",
        outputs=outputs,
        channels=channels,
        layout="NHWC",
        width=width,
        height=height,
        count=model.outputs[0].shape[1],
        input={"scale": scale},
        notes=notes,
    )


def _every_layer(model: Any) -> list[Any]:
    return [
        inner
        for layer in model.layers
        for inner in (_every_layer(layer) if hasattr(layer, "layers") else [layer])
    ]
