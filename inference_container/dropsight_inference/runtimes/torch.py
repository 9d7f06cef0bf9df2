"""PyTorch models, on CUDA where there is a device, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt
import torch

from dropsight.domain.errors import (
    ExplanationUnavailable,
    InferenceFailed,
    ManifestInvalid,
    Overloaded,
    PermanentError,
)
from dropsight.domain.manifests import Manifest
from dropsight_inference.output_layout import expected_outputs
from dropsight_inference.runtimes import (
    Batch,
    LayerGradients,
    LocalGradients,
    Outputs,
    Score,
    Shares,
    Source,
    as_outputs,
    try_on_black,
)
from dropsight_inference.runtimes.local_gradients import last_that_reaches
from dropsight_inference.runtimes.torch_files import open_network

Hook = Callable[[str, torch.Tensor], torch.Tensor | None]
"""Gets a layer's name and output; what it returns takes the output's place."""


class ForwardRuntime:
    """A network whose input and outputs agree with the manifest, and whose layers are closed."""

    def __init__(self, network: torch.nn.Module, manifest: Manifest) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = network.to(self.device)
        for weight in self._network.parameters():
            weight.requires_grad_(False)
        self._manifest = manifest

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        with torch.inference_mode(), _named_errors(batch):
            found = self._outputs(batch)
            return as_outputs(
                {
                    field: _array(tensor)
                    if isinstance(tensor, torch.Tensor)
                    else [_array(one) for one in tensor]
                    for field, tensor in found.items()
                },
                self._manifest,
            )

    def close(self) -> None:
        del self._network

    def _outputs(self, batch: Batch) -> Mapping[str, torch.Tensor | Sequence[torch.Tensor]]:
        """By the fields of `expected_outputs`.

        A network gives a tensor (the first of them), a mapping by names, a sequence in their order,
        or a mapping for each image, as torchvision's networks for detection do.
        """
        names = {field: one.name for field, one in expected_outputs(self._manifest).items()}
        found = self._network(torch.from_numpy(batch).to(self.device))
        if isinstance(found, torch.Tensor):
            return {next(iter(names)): found}
        if isinstance(found, Mapping):
            return _by_name(found, names)
        if isinstance(found, list | tuple) and found:
            if all(isinstance(one, Mapping) for one in found):
                images = [_by_name(one, names) for one in found]
                return {field: [image[field] for image in images] for field in names}
            return dict(zip(names, found, strict=False))
        raise InferenceFailed(
            f"outputs: the network gives a {type(found).__name__}; legal are a tensor of "
            f"{next(iter(names))}, or a mapping with one"
        )


class TorchRuntime(ForwardRuntime):
    """With gradients of every layer."""

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
                (logits,) = self._outputs(batch[:1])["logits"]
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

    def local_gradients(
        self, batch: Batch, score: Score, box: Shares, layer: str | None
    ) -> LocalGradients:
        """See `Differentiable`. `layer` is a name as in `named_modules()`."""
        with _named_errors(batch[:1]):
            names = [name for name, _ in self._network.named_modules() if name]
            kept: dict[str, torch.Tensor] = {}

            def keep(name: str, output: torch.Tensor) -> torch.Tensor | None:
                whole = len(output) == 1 and output.shape[2] * output.shape[3] > 1
                if not whole or not output.is_floating_point():
                    return None  # not of the picture: a region of it, or a mean over it
                # From the first of them on everything is differentiated: the weights are not.
                kept.pop(name, None)
                kept[name] = output if output.requires_grad else output.requires_grad_()
                return output.clone()  # the network may write in place

            with self._hooked(keep, names if layer is None else [layer]):
                value = score(self._outputs(batch[:1]))
            layers = list(kept)[::-1]
            found: dict[str, torch.Tensor | None] = {}
            if layers and value.requires_grad:
                maps = [kept[name] for name in layers]
                found = dict(
                    zip(layers, torch.autograd.grad(value, maps, allow_unused=True), strict=True)
                )
            name = last_that_reaches(
                ((n, _array(g[0])) for n, g in found.items() if g is not None), box
            )
            gradient = found[name]
            assert gradient is not None  # noqa: S101 (it was offered)
            return LocalGradients(name, _array(kept[name].detach()[0]), _array(gradient[0]))

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


def load(source: Source, threads: int) -> ForwardRuntime:
    """Open the artifact and try it on black inputs. Raises ManifestInvalid.

    `threads` holds for the whole process, as torch has it.
    """
    if threads:
        torch.set_num_threads(threads)
    network = open_network(source)
    scripted = isinstance(network, torch.jit.ScriptModule)
    runtime = (ForwardRuntime if scripted else TorchRuntime)(network, source.manifest)
    try:
        try_on_black(runtime, source)
    except InferenceFailed as error:
        raise ManifestInvalid(f"{source.where}: input, outputs: {error}") from error
    return runtime


def _by_name(
    found: Mapping[str, torch.Tensor], names: Mapping[str, str]
) -> dict[str, torch.Tensor]:
    missing = [name for name in names.values() if name not in found]
    if missing:
        raise InferenceFailed(
            f"outputs: found {missing[0]!r}, but the network's are {', '.join(found)}"
        )
    return {field: found[name] for field, name in names.items()}


def _array(tensor: torch.Tensor) -> npt.NDArray[Any]:
    """Numbers in float32; labels stay integers."""
    exact = tensor.float() if tensor.is_floating_point() else tensor
    found: npt.NDArray[Any] = exact.cpu().numpy()
    return found


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
