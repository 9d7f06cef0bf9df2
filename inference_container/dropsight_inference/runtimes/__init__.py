"""What runs a network. One module for each value of `runtime` in model.yaml, imported on demand.

A runtime module has one function, `load(source, threads) -> Runtime`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest

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
class Source:
    """A checked artifact: `content` has the SHA-256 that model.yaml states."""

    manifest: Manifest
    content: bytes
    where: str
    """The path of model.yaml, for error messages."""


@dataclass(frozen=True)
class _Module:
    name: str
    install: str
    """What to install where the module's own imports are missing."""


RUNTIMES = {
    "onnx": _Module("dropsight_inference.runtimes.onnx", "dropsight-inference"),
}


def load_runtime(source: Source, threads: int) -> Runtime:
    """Load with the module that `runtime` names; `threads` 0 is one for each core.

    Raises ManifestInvalid: no such runtime here, its packages are missing, or the artifact does
    not do what model.yaml says.
    """
    name = source.manifest.runtime
    if name not in RUNTIMES:
        raise ManifestInvalid(
            f"{source.where}: runtime: found {name!r}; this container runs "
            f"{', '.join(sorted(RUNTIMES))}. Export the model to one of these"
        )
    try:
        module = importlib.import_module(RUNTIMES[name].name)
    except ImportError as error:
        raise ManifestInvalid(
            f"{source.where}: runtime: {name!r} needs packages that are missing here ({error}); "
            f"pip install {RUNTIMES[name].install}"
        ) from error
    runtime: Runtime = module.load(source, threads)
    return runtime
