"""A Keras model: forward passes as one graph, and Grad-CAM by GradientTape at any layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dropsight.domain.errors import ExplanationUnavailable, ManifestInvalid
from dropsight.domain.manifests import Manifest
from dropsight_inference.runtimes import (
    Batch,
    LayerGradients,
    LocalGradients,
    Outputs,
    Score,
    Shares,
    as_outputs,
    input_shape,
)
from dropsight_inference.runtimes.local_gradients import last_that_reaches
from dropsight_inference.runtimes.tensorflow_common import (
    as_arrays,
    named_errors,
    names_by_field,
    tensorflow_device,
)

TO_PROBABILITIES = ("softmax", "sigmoid")


class KerasRuntime:
    def __init__(self, model: Any, package: ModuleType, manifest: Manifest, where: str) -> None:
        """`package` is what the model is of: keras, or tf_keras.

        Raises ManifestInvalid: the input is another one, or probabilities pass for logits.
        """
        self.device = tensorflow_device()
        self._model = model
        self._package = package
        self._manifest = manifest
        self._head = last_layer(model, package)
        activation = getattr(getattr(self._head, "activation", None), "__name__", None)
        self._ends_in_probabilities = (
            manifest.task == "classification" and activation in TO_PROBABILITIES
        )
        if self._ends_in_probabilities and manifest.outputs.values == "logits":
            raise ManifestInvalid(
                f"{where}: outputs.values: found 'logits', but layer {self._head.name!r} of the "
                f"model ends in {activation}; legal is 'probabilities'"
            )
        shape = input_shape(manifest)
        _check_input(model, manifest.input.layout, shape, where)
        # One trace for every batch size.
        self._graph = tf.function(
            lambda batch: self._outputs(model(batch, training=False)),
            input_signature=[tf.TensorSpec((None, *shape), tf.float32)],
        )

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        with named_errors(batch):
            found = as_arrays(self._graph(tf.constant(batch)))
            return as_outputs(found, self._manifest)

    def gradients(self, batch: Batch, labels: Sequence[int], layer: str | None) -> LayerGradients:
        """See `Differentiable`. `layer` is a name as in `model.summary()`; a layer of a model
        within the model is `outer/inner`."""
        wanted = self._wanted(layer)
        with named_errors(batch[:1]), tf.GradientTape(persistent=True) as tape:
            kept: dict[str, Any] = {}

            def keep(name: str, output: Any) -> None:
                tape.watch(output)
                kept.pop(name, None)  # the last call counts
                kept[name] = output

            with _called(wanted, keep), self._before_probabilities():
                found = self._outputs(self._model(tf.constant(batch[:1]), training=False))["logits"]
            scores = [self._score(found[0, label]) for label in labels]
        if not kept:
            raise ExplanationUnavailable(
                f"parameters of grad-cam: `layer`: {layer!r} gives no maps (batch, height, width, "
                "channels) of more than one position; legal is another layer, or method 'lime'"
            )
        name, maps = list(kept.items())[-1]
        with named_errors(batch[:1]):
            weights = [tf.reduce_mean(tape.gradient(score, maps), (0, 1, 2)) for score in scores]
        return LayerGradients(
            layer=name,
            activations=_channels_first(maps),
            weights=np.asarray(tf.stack(weights), np.float32),
        )

    def local_gradients(
        self, batch: Batch, score: Score, box: Shares, layer: str | None
    ) -> LocalGradients:
        """See `Differentiable`. Layers are named as for `gradients`."""
        wanted = self._wanted(layer)
        kept: dict[str, Any] = {}
        with named_errors(batch[:1]):
            with tf.GradientTape() as tape:

                def keep(name: str, output: Any) -> None:
                    if len(output) == 1:
                        tape.watch(output)
                        kept.pop(name, None)  # the last call counts
                        kept[name] = output

                with _called(wanted, keep):
                    value = score(
                        self._outputs(self._model(tf.constant(batch[:1]), training=False))
                    )
            layers = list(kept)[::-1]
            found = dict(
                zip(layers, tape.gradient(value, [kept[one] for one in layers]), strict=True)
            )
            name = last_that_reaches(
                ((one, _channels_first(g)) for one, g in found.items() if g is not None), box
            )
            return LocalGradients(name, _channels_first(kept[name]), _channels_first(found[name]))

    def close(self) -> None:
        del self._graph, self._model, self._head

    def _wanted(self, layer: str | None) -> dict[str, Any]:
        """All layers by name, or the one. Raises ExplanationUnavailable."""
        layers = dict(_layers(self._model, self._package))
        if layer is None:
            return layers
        if layer not in layers:
            raise ExplanationUnavailable(
                f"parameters of grad-cam: `layer`: found {layer!r}, legal are {', '.join(layers)}"
            )
        return {layer: layers[layer]}

    def _outputs(self, found: Any) -> dict[str, Any]:
        """By field: a model gives a tensor, or a mapping by names."""
        names = names_by_field(self._manifest)
        if isinstance(found, Mapping):
            return {field: found[name] for field, name in names.items()}
        return {next(iter(names)): found}

    def _score(self, value: Any) -> Any:
        """The paper's y: before softmax or sigmoid, where the model has it."""
        if self._manifest.outputs.values == "logits" or self._ends_in_probabilities:
            return value
        return tf.math.log(tf.maximum(value, np.finfo(np.float32).tiny))

    @contextmanager
    def _before_probabilities(self) -> Iterator[None]:
        """The last layer without its activation. Near 0 and 1 probabilities have no gradient left.

        The graph of `forward` was traced before and does not change.
        """
        if not self._ends_in_probabilities:
            yield
            return
        activation = self._head.activation
        self._head.activation = self._package.activations.linear
        try:
            yield
        finally:
            self._head.activation = activation


def _check_input(model: Any, layout: str, shape: tuple[int, ...], where: str) -> None:
    if len(model.inputs) != 1:
        raise ManifestInvalid(
            f"{where}: artifact: the model has {len(model.inputs)} inputs; legal is exactly one"
        )
    found = tuple(model.inputs[0].shape)[1:]
    if len(found) != len(shape) or any(
        have not in (None, want) for have, want in zip(found, shape, strict=True)
    ):
        raise ManifestInvalid(
            f"{where}: input ({layout}): the model has shape {found}, model.yaml says {shape}"
        )


def _channels_first(maps: Any) -> npt.NDArray[np.float32]:
    """(1, height, width, channels) as float32 (channels, height, width)."""
    return np.asarray(maps[0], np.float32).transpose(2, 0, 1)


def last_layer(model: Any, package: ModuleType) -> Any:
    """Also of a model whose last layer is a model."""
    last = model
    while isinstance(last, package.Model):
        last = last.layers[-1]
    return last


def _layers(model: Any, package: ModuleType, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every layer with its name, those of models within the model too."""
    for layer in model.layers:
        if isinstance(layer, package.layers.InputLayer):
            continue
        yield prefix + layer.name, layer
        if isinstance(layer, package.Model):
            yield from _layers(layer, package, f"{prefix}{layer.name}/")


@contextmanager
def _called(layers: Mapping[str, Any], keep: Callable[[str, Any], None]) -> Iterator[None]:
    """`keep(name, output)` for each call of these layers that gives maps larger than 1 x 1."""
    for name, layer in layers.items():
        layer.call = _observed(name, layer.call, keep)
    try:
        yield
    finally:
        for layer in layers.values():
            del layer.call  # the method of its class shows again


def _observed(
    name: str, call: Callable[..., Any], keep: Callable[[str, Any], None]
) -> Callable[..., Any]:
    def observed(*arguments: Any, **options: Any) -> Any:
        output = call(*arguments, **options)
        if tf.is_tensor(output) and len(output.shape) == 4 and output.shape[1:3] != (1, 1):
            keep(name, output)
        return output

    return observed
