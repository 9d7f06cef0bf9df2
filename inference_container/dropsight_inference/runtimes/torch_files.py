"""From an artifact to a torch module: an exported program, TorchScript, or a state dict and its
architecture."""

from __future__ import annotations

import inspect
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.runtimes import Source
from dropsight_inference.runtimes.named import load_named
from dropsight_inference.runtimes.torch_weights import advice, fill

TIMM = "timm:"
TORCHVISION = "torchvision.models"


def open_network(source: Source) -> torch.nn.Module:
    """In evaluation mode, on the CPU. Raises ManifestInvalid."""
    if source.manifest.artifact.architecture is None:
        return _scripted(source) if _is_torchscript(source.path) else _exported(source)
    network = _built(source, source.manifest.artifact.architecture)
    fill(network, source)
    return network.eval()


def _is_torchscript(path: Path) -> bool:
    """A zip with the code of the model, which the other kinds do not have."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any(name.endswith("/constants.pkl") for name in names) and any(
        "/code/" in name for name in names
    )


def _scripted(source: Source) -> torch.nn.Module:
    """Its code is TorchScript, which can compute and nothing else. Its layers take no hooks."""
    try:
        network: torch.nn.Module = torch.jit.load(str(source.path), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        raise ManifestInvalid(
            f"{source.where}: artifact.path: {source.manifest.artifact.path!r} is no TorchScript "
            f"that torch {torch.__version__} can open ({error})"
        ) from error
    if any(one.method == "grad-cam" for one in source.manifest.explanations):
        raise ManifestInvalid(
            f"{source.where}: explanations: found grad-cam, but the artifact is TorchScript, whose "
            "layers cannot be looked at; legal is lime, or a state dict with its architecture"
        )
    return network.eval()


def _exported(source: Source) -> torch.nn.Module:
    """Unflattened, so that the layers have the names that they had in the Python code."""
    try:
        program = torch.export.load(source.path)
    except Exception as error:
        raise ManifestInvalid(
            f"{source.where}: artifact.path: {source.manifest.artifact.path!r} is no exported "
            f"program that torch {torch.__version__} can open. Save one by torch.export.save; for "
            f"a state dict, name its network in artifact.architecture. {advice(source.path)}"
        ) from error
    inputs = program.graph_signature.user_inputs
    if len(inputs) != 1:
        raise ManifestInvalid(f"{source.where}: artifact: found inputs {inputs}; legal is one")
    placeholder = next(node for node in program.graph.nodes if node.name == inputs[0])
    batch = placeholder.meta["val"].shape[0]
    if isinstance(batch, int) and not (batch == 1 and source.manifest.input.maximum_batch == 1):
        raise ManifestInvalid(
            f"{source.where}: artifact: the program has a fixed batch size of {batch}; export it "
            "with dynamic_shapes=({0: torch.export.Dim.DYNAMIC},) and an example of two inputs, "
            "as requests are served in batches"
        )
    network: torch.nn.Module = torch.export.unflatten(program)
    return network


def _built(source: Source, reference: str) -> torch.nn.Module:
    field = f"{source.where}: artifact.architecture"
    arguments = dict(source.manifest.artifact.arguments)
    build: Callable[..., Any]
    if reference.startswith(TIMM):
        build = _timm(field)
        spec = source.manifest.input
        known = {"num_classes": len(source.manifest.labels), "in_chans": spec.channels}
        arguments = {"model_name": reference.removeprefix(TIMM)} | known | arguments
    else:
        build = load_named(reference, source.folder, field)
        if reference.startswith(TORCHVISION):
            arguments = _torchvision_arguments(build, source) | arguments
    try:
        network = build(**arguments)
    except Exception as error:
        raise ManifestInvalid(
            f"{field}: {reference!r} with artifact.arguments {arguments} raised "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(network, torch.nn.Module):
        raise ManifestInvalid(
            f"{field}: {reference!r} gave a {type(network).__name__}, legal is a torch.nn.Module"
        )
    return network


def _torchvision_arguments(build: Callable[..., Any], source: Source) -> dict[str, Any]:
    """No weights of a hub, and as many labels as model.yaml has, for networks of objects with the
    background before them."""
    manifest = source.manifest
    before = manifest.outputs.instances.first_label if manifest.outputs.instances else 0
    known: dict[str, Any] = {"weights": None, "weights_backbone": None}
    taken = inspect.signature(build).parameters
    fitting = {name: value for name, value in known.items() if name in taken}
    return fitting | {"num_classes": len(manifest.labels) + before}


def _timm(field: str) -> Callable[..., Any]:
    try:
        import timm  # noqa: PLC0415 (only where a bundle names one of its networks)
    except ImportError as error:
        raise ManifestInvalid(f"{field}: timm is not installed here; pip install timm") from error
    build: Callable[..., Any] = timm.create_model
    return build
