"""From a checkpoint, as training code leaves it, to the weights of one network."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.runtimes import Source

HOLDERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
"""Where checkpoints keep the weights, beside the optimiser's state and the epoch."""
COMPILED = "_orig_mod."
"""torch.compile puts it before the names of what it wraps."""
NAMED = 5
"""Names that an error lists at most."""


def fill(network: torch.nn.Module, source: Source) -> None:
    """Load the artifact's weights into `network`, all of them. Raises ManifestInvalid."""
    field = f"{source.where}: artifact.path: {source.manifest.artifact.path!r}"
    stored = read_weights(source.path, field)
    wanted = network.state_dict()
    stored = {name.replace(COMPILED, ""): value for name, value in stored.items()}
    prefix = _prefix(stored, list(wanted), field)
    weights = {
        name.removeprefix(prefix): value
        for name, value in stored.items()
        if name.startswith(prefix)
    }
    unlike = [
        f"{name} {tuple(weights[name].shape)}, the network has {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in weights and weights[name].shape != value.shape
    ]
    missing = [name for name in wanted if name not in weights]
    unknown = [name for name in weights if name not in wanted]
    faults = [
        f"{what}: {_some(names)}"
        for what, names in (
            ("not in the file", missing),
            ("not in the network", unknown),
            ("of another shape in the file", unlike),
        )
        if names
    ]
    if faults:
        raise ManifestInvalid(
            f"{field} does not fit artifact.architecture "
            f"{source.manifest.artifact.architecture!r} with these artifact.arguments: "
            f"{'; '.join(faults)}"
        )
    network.load_state_dict(weights)


def read_weights(path: Path, field: str) -> Mapping[str, torch.Tensor]:
    """By name, wherever the checkpoint keeps them. Raises ManifestInvalid."""
    try:
        # Mapped, so that the weights are in memory once; files of before torch 1.6 are no archives.
        mapped = zipfile.is_zipfile(path)
        stored = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ManifestInvalid(
            f"{field} is no state dict that torch {torch.__version__} opens with "
            f"weights_only=True. {advice(path)}"
        ) from error
    return _weights(stored, field)


def advice(path: Path) -> str:
    """What to do with a file that holds more than weights, by the classes that it names.

    No code of the file is run.
    """
    try:
        classes = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError):
        return "It is no file of torch.save: save one by torch.save(model.state_dict(), 'model.pt')"
    if any(name.startswith(("ultralytics.", "models.yolo")) for name in classes):
        return (
            "It is a whole YOLO model: export it to ONNX where it was trained (yolo export "
            "model=best.pt format=onnx), with runtime: onnx"
        )
    return (
        f"It names Python code ({_some(sorted(classes))}), which is never run here. Where the code "
        "is at hand, and the file is yours: stored = torch.load('model.pt', weights_only=False), "
        "then for a whole model torch.save(stored.state_dict(), 'weights.pt'), for a checkpoint "
        "torch.save(stored['state_dict'], 'weights.pt')"
    )


def _weights(stored: Any, field: str) -> Mapping[str, torch.Tensor]:
    if isinstance(stored, Mapping):
        if stored and all(isinstance(value, torch.Tensor) for value in stored.values()):
            return stored
        for holder in HOLDERS:
            inner = stored.get(holder)
            if isinstance(inner, Mapping) and inner:
                return {
                    name: value for name, value in inner.items() if isinstance(value, torch.Tensor)
                }
        raise ManifestInvalid(
            f"{field} has the entries {_some(list(map(str, stored)))}; the weights are looked for "
            f"under {', '.join(HOLDERS)}. Save them alone: torch.save(model.state_dict(), ...)"
        )
    raise ManifestInvalid(f"{field} holds a {type(stored).__name__}, legal is a state dict")


def _prefix(stored: Mapping[str, Any], wanted: Sequence[str], field: str) -> str:
    """What stands before the network's own names: `module.` of DataParallel, `model.` of Lightning.

    The one before every wanted name. Empty where none is, so that the error names what is missing.
    """
    if not wanted or all(name in stored for name in wanted):
        return ""
    ending = f".{wanted[0]}"
    found = [name[: len(name) - len(wanted[0])] for name in stored if name.endswith(ending)]
    whole = [prefix for prefix in found if all(prefix + name in stored for name in wanted)]
    if len(whole) > 1:
        raise ManifestInvalid(
            f"{field} holds the network more than once, under {', '.join(whole)}; save the one "
            "that is meant alone"
        )
    if whole:
        return whole[0]
    # Another number of labels or another depth: the prefix that fits most names explains itself.
    common = [p for p in found if sum(p + name in stored for name in wanted) > len(wanted) // 2]
    return common[0] if len(common) == 1 else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
