"""ONNX models by onnxruntime, on CUDA where the installed onnxruntime has it, else on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from dropsight.domain.errors import InferenceFailed, ManifestInvalid, Overloaded
from dropsight.domain.manifests import Manifest
from dropsight_inference.runtimes import Batch, Outputs, Source, as_logits

# What onnxruntime raises; they have no common base but Exception.
ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)

CUDA = (
    "CUDAExecutionProvider",
    # The default tries every convolution algorithm anew for each batch size that comes by.
    {"cudnn_conv_algo_search": "HEURISTIC"},
)


class OnnxRuntime:
    """One onnxruntime session whose inputs and outputs agree with the manifest."""

    def __init__(self, session: onnxruntime.InferenceSession, manifest: Manifest) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        outputs = manifest.outputs
        self._manifest = manifest
        self._outputs = [outputs.logits]
        if outputs.activations:
            self._outputs.append(outputs.activations)
        on_cuda = session.get_providers()[0] == "CUDAExecutionProvider"
        self.device = "cuda" if on_cuda else "cpu"

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        try:
            found = self._session.run(self._outputs, {self._input: batch})
        except ORT_ERRORS as error:
            if "allocate" in str(error):
                raise Overloaded(
                    f"the device has no memory for a batch of {len(batch)}; deliver again later, "
                    "or lower DROPSIGHT_BATCH_SIZE"
                ) from error
            raise InferenceFailed(
                f"onnxruntime on input of shape {batch.shape}: {error}"
            ) from error
        return Outputs(as_logits(found[0], self._manifest), found[1] if len(found) > 1 else None)

    def close(self) -> None:
        del self._session


def load(source: Source, threads: int) -> OnnxRuntime:
    """Open the artifact and check it against model.yaml. Raises ManifestInvalid."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    providers: list[Any] = ["CPUExecutionProvider"]
    if CUDA[0] in onnxruntime.get_available_providers():
        providers.insert(0, CUDA)
    try:
        session = onnxruntime.InferenceSession(source.content, options, providers=providers)
    except ORT_ERRORS as error:
        raise ManifestInvalid(
            f"{source.where}: artifact.path: {source.manifest.artifact.path!r} is no model that "
            f"onnxruntime {onnxruntime.__version__} can open: {error}"
        ) from error
    _check_input(session.get_inputs(), source.manifest, source.where)
    _check_outputs(session.get_outputs(), source.manifest, source.where)
    return OnnxRuntime(session, source.manifest)


def _check_input(inputs: Sequence[Any], manifest: Manifest, where: str) -> None:
    if len(inputs) != 1:
        names = ", ".join(repr(one.name) for one in inputs)
        raise ManifestInvalid(f"{where}: artifact: found inputs {names}; legal is exactly one")
    spec = manifest.input
    sides = (spec.height, spec.width)
    expected = (spec.channels, *sides) if spec.layout == "NCHW" else (*sides, spec.channels)
    _check_tensor(inputs[0], ("batch", *expected), f"{where}: input ({spec.layout})")


def _check_outputs(outputs: Sequence[Any], manifest: Manifest, where: str) -> None:
    by_name = {one.name: one for one in outputs}
    count = len(manifest.labels)
    wanted: list[tuple[str, str | None, tuple[int | str, ...]]] = [
        ("logits", manifest.outputs.logits, ("batch", count)),
        ("activations", manifest.outputs.activations, ("batch", count, "height", "width")),
    ]
    for field, name, expected in wanted:
        if name is None:
            continue
        if name not in by_name:
            raise ManifestInvalid(
                f"{where}: outputs.{field}: found {name!r}, but the model's outputs are "
                f"{', '.join(repr(known) for known in by_name)}"
            )
        _check_tensor(by_name[name], expected, f"{where}: outputs.{field}")


def _check_tensor(tensor: Any, expected: tuple[int | str, ...], field: str) -> None:
    """`expected` holds numbers, and names for sizes that are free; the first one must be free.

    A size that the model leaves open (None, or a name) fits every number.
    """
    if tensor.type != "tensor(float)":
        raise ManifestInvalid(f"{field}: the model has {tensor.type}, legal is tensor(float)")
    found = list(tensor.shape)
    agree = len(found) == len(expected) and all(
        not isinstance(have, int) or isinstance(want, str) or have == want
        for have, want in zip(found, expected, strict=True)
    )
    if not agree:
        raise ManifestInvalid(
            f"{field}: the model has shape {found}, model.yaml says {list(expected)}"
        )
    if isinstance(found[0], int):
        raise ManifestInvalid(
            f"{field}: the model has a fixed batch size of {found[0]}; export it with a dynamic "
            "first axis, as requests are served in batches"
        )
