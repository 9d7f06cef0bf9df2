"""PyTorch models, on CUDA where there is a device, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from dropsight.domain.errors import (
    ExplanationUnavailable,
    InferenceFailed,
    ManifestInvalid,
    Overloaded,
    PermanentError,
)
from dropsight.domain.manifests import Manifest
from dropsight_inference.runtimes import Batch, LayerGradients, Outputs, Source, as_logits
from dropsight_inference.runtimes.torch_files import open_network

Hook = Callable[[str, torch.Tensor], torch.Tensor | None]
"""Gets a layer's name and output; what it returns takes the output's place."""


class TorchRuntime:
    """A network whose input and logits agree with the manifest."""

    def __init__(self, network: torch.nn.Module, manifest: Manifest) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = network.to(self.device).requires_grad_(False)
        self._manifest = manifest

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        with torch.inference_mode(), _named_errors(batch):
            found = self._outputs(batch)
            activations = found.get("activations")
            return Outputs(
                as_logits(found["logits"].float().cpu().numpy(), self._manifest),
                None if activations is None else activations.float().cpu().numpy(),
            )

    def gradients(self, batch: Batch, labels: Sequence[int], layer: str | None) -> LayerGradients:
        """See `Differentiable`. `layer` is a name as in `named_modules()`."""
        with _named_errors(batch[:1]):
            name = self._last_layer(batch[:1]) if layer is None else layer
            kept: list[torch.Tensor] = []

            def keep(_: str, output: torch.Tensor) -> torch.Tensor:
                # A new leaf: nothing before it is differentiated. The network goes on with a copy,
                # as it may write in place, which a leaf forbids.
                kept.append(output.detach().requires_grad_())
                return kept[-1].clone()

            with self._hooked(keep, [name]):
                logits = self._outputs(batch[:1])["logits"][0]
            if not kept:
                raise ExplanationUnavailable(
                    f"parameters of grad-cam: `layer`: {name!r} was not used in this pass, or its "
                    "output is no tensor of 4 axes (batch, channels, height, width)"
                )
            weights = [
                torch.autograd.grad(logits[label], kept[-1], retain_graph=True)[0].mean(dim=(2, 3))
                for label in labels
            ]
            return LayerGradients(
                layer=name,
                activations=kept[-1].detach()[0].float().cpu().numpy(),
                weights=torch.cat(weights).float().cpu().numpy(),
            )

    def close(self) -> None:
        del self._network

    def _outputs(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        """`logits`, and `activations` where the network gives them out and model.yaml names them.

        A network gives a tensor (the logits), a mapping by names, or a sequence of both.
        """
        outputs = self._manifest.outputs
        found = self._network(torch.from_numpy(batch).to(self.device))
        if isinstance(found, torch.Tensor):
            return {"logits": found}
        if isinstance(found, Mapping):
            wanted = {"logits": outputs.logits, "activations": outputs.activations}
            missing = [name for name in wanted.values() if name is not None and name not in found]
            if missing:
                raise InferenceFailed(
                    f"outputs: found {missing[0]!r}, but the network's are {', '.join(found)}"
                )
            return {field: found[name] for field, name in wanted.items() if name is not None}
        if isinstance(found, list | tuple) and found:
            return dict(zip(("logits", "activations"), found, strict=False))
        raise InferenceFailed(
            f"outputs: the network gives a {type(found).__name__}; legal are a tensor of logits, "
            "or a mapping with one"
        )

    def _last_layer(self, batch: Batch) -> str:
        """The last layer in a pass whose output has 4 axes and is larger than 1 x 1."""
        seen: list[str] = []

        def note(name: str, output: torch.Tensor) -> None:
            if output.shape[2] * output.shape[3] > 1:
                seen.append(name)

        names = [name for name, _ in self._network.named_modules() if name]
        with torch.inference_mode(), self._hooked(note, names):
            self._outputs(batch)
        if not seen:
            raise ExplanationUnavailable(
                "method: found 'grad-cam', but no layer of this model gives maps (batch, channels, "
                "height, width); legal is 'lime'"
            )
        return seen[-1]

    @contextmanager
    def _hooked(self, hook: Hook, names: Sequence[str]) -> Iterator[None]:
        """`hook` on these layers, for outputs of 4 axes."""
        layers = dict(self._network.named_modules())
        unknown = [name for name in names if name not in layers]
        if unknown:
            legal = ", ".join(name for name in layers if name)
            raise ExplanationUnavailable(
                f"parameters of grad-cam: `layer`: found {unknown[0]!r}, legal are {legal}"
            )
        handles = [layers[name].register_forward_hook(_for_maps(hook, name)) for name in names]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def load(source: Source, threads: int) -> TorchRuntime:
    """Open the artifact and try it on two black inputs. Raises ManifestInvalid.

    `threads` holds for the whole process, as torch has it.
    """
    if threads:
        torch.set_num_threads(threads)
    runtime = TorchRuntime(open_network(source), source.manifest)
    spec = source.manifest.input
    sides = (spec.height, spec.width)
    shape = (spec.channels, *sides) if spec.layout == "NCHW" else (*sides, spec.channels)
    try:
        found = runtime.forward(np.zeros((2, *shape), np.float32)).logits.shape
    except InferenceFailed as error:
        raise ManifestInvalid(f"{source.where}: input, outputs: {error}") from error
    expected = (2, len(source.manifest.labels))
    if found != expected:
        raise ManifestInvalid(
            f"{source.where}: labels: for two inputs the model gives logits of shape {found}, "
            f"with {len(source.manifest.labels)} labels it must be {expected}"
        )
    return runtime


def _for_maps(hook: Hook, name: str) -> Callable[..., torch.Tensor | None]:
    def called(_module: torch.nn.Module, _inputs: Any, output: Any) -> torch.Tensor | None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            return hook(name, output)
        return None

    return called


@contextmanager
def _named_errors(batch: Batch) -> Iterator[None]:
    """What a network raises, as InferenceFailed or Overloaded."""
    try:
        yield
    except PermanentError:
        raise
    except Exception as error:
        if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
            raise Overloaded(
                f"the device has no memory for a batch of {len(batch)}; deliver again later, "
                "or lower DROPSIGHT_BATCH_SIZE"
            ) from error
        raise InferenceFailed(
            f"torch on input of shape {batch.shape}: {type(error).__name__}: {error}"
        ) from error
