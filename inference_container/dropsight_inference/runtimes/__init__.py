"""What runs a network. One module for each value of `runtime` in model.yaml, imported on demand.

A runtime module has one function, `load(source, threads) -> Runtime`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.manifests import Manifest, RuntimeName
from dropsight_inference.box_layouts import check_box_shapes
from dropsight_inference.output_layout import expected_outputs

Batch = npt.NDArray[np.float32]
"""(N, channels, height, width) or (N, height, width, channels), as `input.layout` says."""


Row = Mapping[str, npt.NDArray[Any]]
"""What one input gave: an array for each output of the task, without the batch axis."""


@dataclass(frozen=True)
class Outputs:
    """What one forward pass gives, row by row in the order of the batch.

    `tensors` has an entry for each output of `output_layout.expected_outputs`, by its field: an
    array whose first axis is the batch, or a list of one array for each input where their number
    of objects differs.
    """

    tensors: Mapping[str, npt.NDArray[Any] | Sequence[npt.NDArray[Any]]]

    @property
    def logits(self) -> npt.NDArray[np.float32]:
        """Classification: float32 (N, labels), before temperature and sigmoid or softmax."""
        return np.asarray(self.tensors["logits"])

    @property
    def activations(self) -> npt.NDArray[np.float32] | None:
        """Classification: float32 (N, labels, h, w), if the model has class activation maps."""
        found = self.tensors.get("activations")
        return None if found is None else np.asarray(found)

    def row(self, index: int) -> Row:
        return {field: rows[index] for field, rows in self.tensors.items()}


class Runtime(Protocol):
    """A network in memory. Only the device thread calls it."""

    @property
    def device(self) -> str:
        """Where it runs: `cpu` or `cuda`."""
        ...

    def forward(self, batch: Batch) -> Outputs:
        """One pass over N >= 1 inputs. Raises InferenceFailed, Overloaded (out of memory)."""
        ...

    def close(self) -> None:
        """Give the memory back. Not used afterwards."""
        ...


@dataclass(frozen=True)
class LayerGradients:
    """What one layer saw in one input, and how much each label's logit depends on it.

    activations  float32 (c, h, w)
    weights      float32 (labels, c), the mean over h and w of d logit / d activations
    """

    layer: str
    activations: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True)
class LocalGradients:
    """What one layer saw in one input, and how much one score depends on each place of it.

    activations  float32 (c, h, w)
    gradients    float32 (c, h, w), d score / d activations
    """

    layer: str
    activations: npt.NDArray[np.float32]
    gradients: npt.NDArray[np.float32]


Score = Callable[[Mapping[str, Any]], Any]
"""Takes one number out of the tensors of a model's answer, by the fields of `expected_outputs`, by
indices and products alone: the tensors are a framework's own."""
Shares = tuple[float, float, float, float]
"""Left, top, right, bottom of a box, in shares of the input's width and height."""


@runtime_checkable
class Differentiable(Protocol):
    """A runtime that has gradients."""

    def gradients(self, batch: Batch, labels: Sequence[int], layer: str | None) -> LayerGradients:
        """Of the first input of `batch`; None is the last layer that still has a picture.

        Raises ExplanationUnavailable (no such layer), InferenceFailed, Overloaded.
        """
        ...

    def local_gradients(
        self, batch: Batch, score: Score, box: Shares, layer: str | None
    ) -> LocalGradients:
        """Of `score` of the first input of `batch`; None is the last layer whose gradient reaches
        over the `box` (`local_gradients.last_that_reaches`).

        Raises ExplanationUnavailable (no such layer, or no layer that the score depends on),
        InferenceFailed, Overloaded.
        """
        ...


@dataclass(frozen=True)
class DetectedObject:
    """`box` is (x, y, width, height) in pixels of the picture, origin top left."""

    box: tuple[float, float, float, float]
    probabilities: dict[str, float]
    """By label."""


@runtime_checkable
class ReadsPictures(Protocol):
    """A runtime that takes a picture as a file, and any number of them at once."""

    def find_objects(self, picture: bytes) -> list[DetectedObject]:
        """`picture` is a PNG. Any thread may call it. Raises InferenceFailed."""
        ...


@dataclass(frozen=True)
class Source:
    """A checked artifact: what is at `path` has the SHA-256 that model.yaml states."""

    manifest: Manifest
    where: str
    """The path of model.yaml, for error messages."""
    folder: Path
    """The bundle's own."""
    path: Path
    """The artifact: a file or a folder, in the bundle or in the cache."""


@dataclass(frozen=True)
class _Module:
    name: str
    install: str
    """What to install where the module's own imports are missing."""
    after: str | None = None
    """A package that must be imported before, where it is installed at all."""


PROBABILITY_SLACK = 1e-3
"""What half precision may add to a sum of one."""

RUNTIMES: dict[RuntimeName, _Module] = {
    "module": _Module("dropsight_inference.runtimes.module", "dropsight-inference"),
    "onnx": _Module("dropsight_inference.runtimes.onnx", "dropsight-inference"),
    # TensorFlow and triton, which torch imports when it first needs it, both carry LLVM. With
    # TensorFlow's loaded first, importing triton crashes the process; the other order is fine.
    "tensorflow": _Module(
        "dropsight_inference.runtimes.tensorflow", "dropsight-inference[tensorflow]", after="triton"
    ),
    "torch": _Module("dropsight_inference.runtimes.torch", "dropsight-inference[torch]"),
}


def as_logits(values: npt.NDArray[np.float32], manifest: Manifest) -> npt.NDArray[np.float32]:
    """What a model gives, (N, labels), as logits: as it is, or from probabilities.

    Multi-class: log(p), whose softmax is p again. Multi-label: log(p / (1 - p)). Zero and one are
    taken for the nearest probability that float32 tells from them, so the logits stay finite.

    Raises InferenceFailed for probabilities outside of 0 to 1.
    """
    if manifest.outputs.values == "logits":
        return values
    if values.size and not (
        values.min() >= -PROBABILITY_SLACK and values.max() <= 1 + PROBABILITY_SLACK
    ):
        raise InferenceFailed(
            f"{manifest.name}: outputs.values: found values from {values.min():g} to "
            f"{values.max():g}, but model.yaml says 'probabilities'; legal is 'logits'"
        )
    exact = np.clip(values.astype(np.float64), np.finfo(np.float32).tiny, 1 - 2.0**-25)
    odds = np.log(exact) - np.log1p(-exact) if manifest.multi_label else np.log(exact)
    logits: npt.NDArray[np.float32] = odds.astype(np.float32)
    return logits


def as_outputs(
    found: Mapping[str, npt.NDArray[Any] | Sequence[npt.NDArray[Any]]], manifest: Manifest
) -> Outputs:
    """What a model gives, by the fields of `expected_outputs`, as a task's module reads it.

    Probabilities become logits, an array of one image's own objects a batch of one image, and
    float16 float32.
    """
    expected = expected_outputs(manifest)
    tensors: dict[str, npt.NDArray[Any] | Sequence[npt.NDArray[Any]]] = {}
    for field, given in found.items():
        tensor = given
        if isinstance(given, np.ndarray) and given.dtype == np.float16:
            tensor = given.astype(np.float32)
        if field == "logits":
            tensors[field] = as_logits(np.asarray(tensor), manifest)
        elif expected[field].shape[0] == "objects" and isinstance(tensor, np.ndarray):
            tensors[field] = [tensor]
        else:
            tensors[field] = tensor
    return Outputs(tensors)


def try_on_black(runtime: Runtime, source: Source) -> None:
    """One pass over two black inputs, or over one where the model takes no more at a time.

    Raises ManifestInvalid where the answer has not the shape that model.yaml says, InferenceFailed
    where there is none.
    """
    manifest, spec = source.manifest, source.manifest.input
    rows = 1 if spec.maximum_batch == 1 else 2
    outputs = runtime.forward(np.zeros((rows, *input_shape(manifest)), np.float32))
    if manifest.task == "classification":
        _check_values(outputs.logits, source)
    if manifest.outputs.boxes is not None:
        shapes = {field: np.shape(tensor) for field, tensor in outputs.tensors.items()}
        check_box_shapes(
            shapes["boxes"], shapes.get("prototypes"), manifest, f"{source.where}: outputs.boxes"
        )
    for field, expected in expected_outputs(manifest).items():
        if field not in outputs.tensors:
            continue
        found = outputs.tensors[field]
        batch = "one input" if rows == 1 else "two inputs"
        if len(found) != rows:
            raise ManifestInvalid(
                f"{source.where}: outputs: for {batch} the model gives {field} of {len(found)}"
            )
        answers = found if expected.shape[0] == "objects" else [found]
        wanted = ("objects" if expected.shape[0] == "objects" else rows, *expected.shape[1:])
        for answer in answers:
            shape = np.shape(answer)
            agrees = len(shape) == len(wanted) and all(
                isinstance(want, str) or have == want
                for have, want in zip(shape, wanted, strict=True)
            )
            if not agrees:
                raise ManifestInvalid(
                    f"{source.where}: labels: for {batch} the model gives {field} of shape "
                    f"{shape}, with {len(manifest.labels)} labels it must be "
                    f"({', '.join(map(str, wanted))})"
                )


def _check_values(values: npt.NDArray[np.float32], source: Source) -> None:
    """Logits do not happen to be a distribution for every input: that is a softmax."""
    if source.manifest.outputs.values == "probabilities" or values.ndim != 2 or len(values[0]) < 2:
        return
    sums_to_one = np.abs(values.sum(axis=1) - 1) < PROBABILITY_SLACK
    if values.min() >= 0 and sums_to_one.all():
        raise ManifestInvalid(
            f"{source.where}: outputs.values: found 'logits', but for black inputs the model gives "
            f"{values[0].tolist()}, which is never negative and sums to one; legal for a model "
            "that ends in softmax is 'probabilities'"
        )


def input_shape(manifest: Manifest) -> tuple[int, int, int]:
    """Of one input, as `input.layout` says."""
    spec = manifest.input
    if spec.layout == "NCHW":
        return spec.channels, spec.height, spec.width
    return spec.height, spec.width, spec.channels


def import_runtime(name: RuntimeName) -> ModuleType:
    """The module for one value of `runtime`. Raises ImportError."""
    wanted = RUNTIMES[name]
    if wanted.after is not None and importlib.util.find_spec(wanted.after) is not None:
        importlib.import_module(wanted.after)
    return importlib.import_module(wanted.name)


def runtime_missing(name: RuntimeName) -> str | None:
    """What to install where a runtime's packages cannot be imported, as a sentence; else None."""
    try:
        import_runtime(name)
    except ImportError as error:
        return (
            f"runtime: {name!r} needs packages that are missing here ({error}); "
            f"pip install '{RUNTIMES[name].install}'"
        )
    return None


def load_runtime(source: Source, threads: int) -> Runtime:
    """Load with the module that `runtime` names; `threads` 0 is one for each core.

    Raises ManifestInvalid: its packages are missing, or the artifact does not do what model.yaml
    says.
    """
    name = source.manifest.runtime
    if missing := runtime_missing(name):
        raise ManifestInvalid(f"{source.where}: {missing}")
    runtime: Runtime = import_runtime(name).load(source, threads)
    return runtime
