"""From an artifact to a torch module: an exported program, or a state dict and its architecture."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import torch

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.runtimes import Source
from dropsight_inference.runtimes.named import load_named

TIMM = "timm:"


def open_network(source: Source) -> torch.nn.Module:
    """In evaluation mode, on the CPU. Raises ManifestInvalid."""
    if source.manifest.artifact.architecture is None:
        return _exported(source)
    network = _built(source, source.manifest.artifact.architecture)
    _fill(network, source)
    return network.eval()


def _exported(source: Source) -> torch.nn.Module:
    """Unflattened, so that the layers have the names that they had in the Python code."""
    try:
        program = torch.export.load(source.path)
    except Exception as error:
        raise ManifestInvalid(
            f"{source.where}: artifact.path: {source.manifest.artifact.path!r} is no exported "
            f"program that torch {torch.__version__} can open ({type(error).__name__}: {error}). "
            "Save one by torch.export.save; for a state dict, name its network in "
            "artifact.architecture"
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


def _timm(field: str) -> Callable[..., Any]:
    try:
        import timm  # noqa: PLC0415 (only where a bundle names one of its networks)
    except ImportError as error:
        raise ManifestInvalid(f"{field}: timm is not installed here; pip install timm") from error
    build: Callable[..., Any] = timm.create_model
    return build


def _fill(network: torch.nn.Module, source: Source) -> None:
    field = f"{source.where}: artifact.path: {source.manifest.artifact.path!r}"
    try:
        # Mapped, so that the weights are in memory once; files of before torch 1.6 are no archives.
        mapped = zipfile.is_zipfile(source.path)
        stored = torch.load(source.path, map_location="cpu", weights_only=True, mmap=mapped)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ManifestInvalid(
            f"{field} is no state dict that torch {torch.__version__} opens with "
            f"weights_only=True ({error}). Save model.state_dict(), not the model"
        ) from error
    # Checkpoints keep it beside the optimiser's state; DataParallel prefixes every name.
    if isinstance(stored, Mapping) and isinstance(stored.get("state_dict"), Mapping):
        stored = stored["state_dict"]
    if not isinstance(stored, Mapping):
        raise ManifestInvalid(f"{field} holds a {type(stored).__name__}, legal is a state dict")
    weights = dict(stored)
    torch.nn.modules.utils.consume_prefix_in_state_dict_if_present(weights, "module.")
    try:
        network.load_state_dict(weights)
    except (RuntimeError, AttributeError) as error:
        raise ManifestInvalid(
            f"{field} does not fit artifact.architecture "
            f"{source.manifest.artifact.architecture!r}: {error}"
        ) from error
