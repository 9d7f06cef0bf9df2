"""ONNX models by onnxruntime, on CUDA where the installed onnxruntime has it, else on the CPU."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from dropsight.domain.errors import InferenceFailed, ManifestInvalid, Overloaded
from dropsight.domain.manifests import Manifest
from dropsight_inference.box_layouts import check_box_shapes
from dropsight_inference.output_layout import (
    ExpectedTensor,
    check_batch_axis,
    expected_outputs,
)
from dropsight_inference.runtimes import Batch, Outputs, Source, as_outputs, try_on_black
from dropsight_inference.runtimes.ultralytics_metadata import check_metadata

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

TYPES = {
    "float": ("tensor(float)", "tensor(float16)"),
    "integer": ("tensor(int64)", "tensor(int32)"),
}
"""onnxruntime's names for what an output may hold."""


class OnnxRuntime:
    """One onnxruntime session whose inputs and outputs agree with the manifest."""

    def __init__(self, session: onnxruntime.InferenceSession, manifest: Manifest) -> None:
        self._session = session
        self._manifest = manifest
        taken = session.get_inputs()[0]
        self._input = taken.name
        self._half = taken.type == "tensor(float16)"
        self._one_image = len(taken.shape) == 3
        """The network's input has no batch axis."""
        fixed = not self._one_image and isinstance(taken.shape[0], int)
        self._rows: int | None = taken.shape[0] if fixed else None
        """A batch size that the graph does not leave open."""
        self._outputs = expected_outputs(manifest)
        on_cuda = session.get_providers()[0] == "CUDAExecutionProvider"
        self.device = "cuda" if on_cuda else "cpu"

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        names = [output.name for output in self._outputs.values()]
        missing = max(0, (self._rows or 0) - len(batch))
        given: npt.NDArray[Any] = batch[0] if self._one_image else batch
        if missing:
            given = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.float32)])
        if self._half:
            given = given.astype(np.float16)
        try:
            found = self._session.run(names, {self._input: given})
        except ORT_ERRORS as error:
            if "allocate" in str(error):
                raise Overloaded(
                    f"the device has no memory for a batch of {len(batch)}; deliver again later, "
                    "or lower DROPSIGHT_BATCH_SIZE"
                ) from error
            raise InferenceFailed(
                f"onnxruntime on input of shape {batch.shape}: {error}"
            ) from error
        if missing:
            found = [rows[: len(batch)] for rows in found]
        return as_outputs(dict(zip(self._outputs, found, strict=True)), self._manifest)

    def close(self) -> None:
        del self._session


def load(source: Source, threads: int) -> OnnxRuntime:
    """Open the artifact and check it against model.yaml. Raises ManifestInvalid."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    providers: list[Any] = ["CPUExecutionProvider"]
    if CUDA[0] in onnxruntime.get_available_providers():
        # CUDA and cuDNN are in packages of their own, where no loader looks. Without this call
        # onnxruntime says a warning and takes the CPU.
        onnxruntime.preload_dlls()
        providers.insert(0, CUDA)
    try:
        with _alone(source) as path:
            session = onnxruntime.InferenceSession(path, options, providers=providers)
    except ORT_ERRORS as error:
        raise ManifestInvalid(
            f"{source.where}: artifact.path: {source.manifest.artifact.path!r} is no model that "
            f"onnxruntime {onnxruntime.__version__} can open: {error}. Where the weights are in a "
            "file of their own (external data), artifact.path is a folder that holds both"
        ) from error
    check_metadata(session.get_modelmeta().custom_metadata_map, source.manifest, source.where)
    _check_input(session.get_inputs(), source.manifest, source.where)
    _check_outputs(session.get_outputs(), source.manifest, source.where)
    runtime = OnnxRuntime(session, source.manifest)
    try:
        # Exporters leave sizes open that are not: the layout of a head shows in a pass alone.
        try_on_black(runtime, source)
    except InferenceFailed as error:
        raise ManifestInvalid(f"{source.where}: input, outputs: {error}") from error
    return runtime


@contextmanager
def _alone(source: Source) -> Iterator[Path]:
    """The ONNX file, with nothing beside it that was not checked.

    A file may name others for its weights, and onnxruntime looks for them in its folder. Of a
    folder all files were checked; a single file is opened by a link from a folder of its own.
    By path, since a session that is made of bytes keeps them for as long as it lives.
    """
    if source.path.is_dir():
        found = sorted(source.path.glob("*.onnx"))
        if len(found) != 1:
            names = ", ".join(repr(path.name) for path in found) or "none"
            raise ManifestInvalid(
                f"{source.where}: artifact.path: {source.manifest.artifact.path!r} must hold one "
                f".onnx file, found {names}"
            )
        yield found[0]
        return
    with tempfile.TemporaryDirectory(prefix="dropsight-") as folder:
        link = Path(folder) / source.path.name
        link.symlink_to(source.path.resolve())
        yield link


def _check_input(inputs: Sequence[Any], manifest: Manifest, where: str) -> None:
    if len(inputs) != 1:
        names = ", ".join(repr(one.name) for one in inputs)
        raise ManifestInvalid(f"{where}: artifact: found inputs {names}; legal is exactly one")
    spec = manifest.input
    sides = (spec.height, spec.width)
    expected = (spec.channels, *sides) if spec.layout == "NCHW" else (*sides, spec.channels)
    field = f"{where}: input ({spec.layout})"
    if spec.maximum_batch == 1 and len(inputs[0].shape) == 3:
        _check_tensor(inputs[0], ExpectedTensor(inputs[0].name, expected), field)
        return
    _check_tensor(inputs[0], ExpectedTensor(inputs[0].name, ("batch", *expected)), field)
    check_batch_axis(inputs[0].shape[0], manifest, field)


def _check_outputs(outputs: Sequence[Any], manifest: Manifest, where: str) -> None:
    by_name = {one.name: one for one in outputs}
    for key, output in expected_outputs(manifest).items():
        field = f"{where}: outputs.{key}"
        if output.name not in by_name:
            raise ManifestInvalid(
                f"{field}: found {output.name!r}, but the model's outputs are "
                f"{', '.join(repr(known) for known in by_name)}"
            )
        tensor = by_name[output.name]
        _check_tensor(tensor, output, field)
        if output.shape[0] == "batch":
            check_batch_axis(tensor.shape[0], manifest, field)
        elif manifest.input.maximum_batch != 1:
            raise ManifestInvalid(
                f"{where}: input.maximumBatch: found {manifest.input.maximum_batch}, legal is 1: "
                f"an ONNX model answers task {manifest.task} for one image at a time"
            )
    boxes = manifest.outputs.boxes
    if boxes is not None:
        prototypes = boxes.prototypes and by_name[boxes.prototypes].shape
        shape = by_name[boxes.name].shape
        check_box_shapes(shape, prototypes or None, manifest, f"{where}: outputs.boxes")


def _check_tensor(tensor: Any, expected: ExpectedTensor, field: str) -> None:
    """A size that the model leaves open (None, or a name) fits every number."""
    legal = TYPES[expected.kind]
    if tensor.type not in legal:
        raise ManifestInvalid(
            f"{field}: the model has {tensor.type}, legal is {' or '.join(legal)}"
        )
    found = list(tensor.shape)
    agree = len(found) == len(expected.shape) and all(
        not isinstance(have, int) or isinstance(want, str) or have == want
        for have, want in zip(found, expected.shape, strict=True)
    )
    if not agree:
        raise ManifestInvalid(
            f"{field}: the model has shape {found}, model.yaml says {list(expected.shape)}"
        )
