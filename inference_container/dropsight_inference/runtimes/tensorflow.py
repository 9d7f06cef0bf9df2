"""TensorFlow models: `.keras`, `.h5` and SavedModel folders. On a GPU where TensorFlow sees one."""

from __future__ import annotations

import logging
from pathlib import Path

import tensorflow as tf

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.manifests import KERAS_FILES, Manifest
from dropsight_inference.runtimes import (
    Batch,
    Outputs,
    Source,
    as_outputs,
    input_shape,
    try_on_black,
)
from dropsight_inference.runtimes.keras import KerasRuntime
from dropsight_inference.runtimes.keras_files import open_keras
from dropsight_inference.runtimes.tensorflow_common import (
    as_arrays,
    named_errors,
    names_by_field,
    tensorflow_device,
)

log = logging.getLogger(__name__)


class SavedModelRuntime:
    """The signature `serving_default` of a SavedModel. A graph has no layers to explain."""

    def __init__(self, path: Path, manifest: Manifest, where: str) -> None:
        self.device = tensorflow_device()
        self._model = tf.saved_model.load(str(path))  # keeps the variables of the signature alive
        signatures = self._model.signatures
        if "serving_default" not in signatures:
            raise ManifestInvalid(
                f"{where}: artifact.path: found signatures {sorted(signatures)}; legal is a "
                "SavedModel with 'serving_default', as model.export() writes it"
            )
        self._manifest = manifest
        self._signature = signatures["serving_default"]
        _, inputs = self._signature.structured_input_signature
        if len(inputs) != 1:
            raise ManifestInvalid(
                f"{where}: artifact: found inputs {sorted(inputs)}; legal is exactly one"
            )
        self._input = next(iter(inputs))
        given = sorted(self._signature.structured_outputs)
        self._names = names_by_field(manifest)
        if len(given) == 1 and len(self._names) == 1:
            # A name is asked for where there is a choice.
            self._names = dict.fromkeys(self._names, given[0])
        for field, name in self._names.items():
            if name not in given:
                raise ManifestInvalid(
                    f"{where}: outputs.{field}: found {name!r}, but the model's outputs are "
                    f"{', '.join(given)}"
                )

    def forward(self, batch: Batch) -> Outputs:
        """`batch` is not kept. Raises InferenceFailed, Overloaded where memory ran out."""
        with named_errors(batch):
            found = self._signature(**{self._input: tf.constant(batch)})
            named = {field: found[name] for field, name in self._names.items()}
            return as_outputs(as_arrays(named), self._manifest)

    def close(self) -> None:
        del self._signature, self._model


def load(source: Source, threads: int) -> KerasRuntime | SavedModelRuntime:
    """Open the artifact and try it on black inputs. Raises ManifestInvalid.

    `threads` holds for the whole process, as TensorFlow has it.
    """
    _set_threads(threads)
    runtime = _open(source)
    try:
        try_on_black(runtime, source)
    except InferenceFailed as error:
        shape = input_shape(source.manifest)
        raise ManifestInvalid(
            f"{source.where}: input: found {source.manifest.input.layout} with a shape of "
            f"{shape}: {error}"
        ) from error
    return runtime


def _set_threads(threads: int) -> None:
    """TensorFlow takes a number until it first runs; all models of a process have the same one."""
    if threads in (0, tf.config.threading.get_intra_op_parallelism_threads()):
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError as error:
        log.warning("DROPSIGHT_THREADS=%d has no effect on TensorFlow: %s", threads, error)


def _open(source: Source) -> KerasRuntime | SavedModelRuntime:
    path = source.path
    field = f"{source.where}: artifact.path: {source.manifest.artifact.path!r}"
    if not path.is_dir() and path.suffix not in KERAS_FILES:
        raise ManifestInvalid(
            f"{field}; legal are a .keras file, a .h5 file and the folder of a SavedModel"
        )
    if not path.is_dir():
        model, package = open_keras(path, field)
        return KerasRuntime(model, package, source.manifest, source.where)
    try:
        return SavedModelRuntime(path, source.manifest, source.where)
    except ManifestInvalid:
        raise
    except Exception as error:
        raise ManifestInvalid(
            f"{field} is no SavedModel that TensorFlow {tf.__version__} opens "
            f"({type(error).__name__}: {error})"
        ) from error
