"""From a file of a whole Keras model to the model, with the Keras that wrote it where it is here.

Keras 3 opens few files of Keras 2: arguments of layers were dropped (`groups` of DepthwiseConv2D,
`rng_type` of RandomFlip), and models within models are stored in another way. `tf_keras` is
Keras 2, still maintained; it lives beside Keras 3 in one process.
"""

from __future__ import annotations

import importlib
import inspect
import json
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import keras
import tensorflow as tf

from dropsight.domain.errors import ManifestInvalid

OLD = ("1.", "2.")
"""Versions of Keras that tf_keras stands for."""


def open_keras(path: Path, field: str) -> tuple[Any, ModuleType]:
    """The model, and the package that it is of: keras, or tf_keras. Raises ManifestInvalid.

    Without the optimiser; layers that hold pickled code are refused. `field` is said in errors.
    """
    version = written_by(path)
    old = version.startswith(OLD)
    package, advice = keras, _ADVICE
    if old:
        try:
            package = importlib.import_module("tf_keras")
        except ImportError:
            advice = (
                f"It was written by Keras {version}, which Keras 3 reads in part only: pip install "
                "'dropsight-inference[keras2]', or save it as a SavedModel with that Keras"
            )
    options = {} if package is not keras else {"custom_objects": _operations()}
    try:
        model = package.saving.load_model(path, compile=False, safe_mode=True, **options)
    except Exception as error:
        first = str(error).strip().split("\n")[0][:300]
        raise ManifestInvalid(
            f"{field} is no model that Keras {package.__version__} on TensorFlow {tf.__version__} "
            f"opens ({type(error).__name__}: {first}). {advice}"
        ) from error
    return model, package


_ADVICE = (
    "Lambda layers and custom classes are not loaded; export such a model as a SavedModel "
    "(model.export) or to ONNX. A file of weights alone needs its architecture: save the whole "
    "model, model.save('model.keras')"
)


def written_by(path: Path) -> str:
    """The version of Keras that wrote a file, empty where the file does not say."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if "metadata.json" not in archive.namelist():
                return ""
            return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    if h5py.is_hdf5(path):
        with h5py.File(path) as file:
            version = file.attrs.get("keras_version", "")
            return version.decode() if isinstance(version, bytes) else str(version)
    return ""


def _operations() -> dict[str, Any]:
    """`x / 255` and the like, as in `preprocess_input`: operations that Keras 3 writes into a .h5
    file by their class, and does not find again by itself."""
    known: dict[str, Any] = {}
    for module in ("core", "image", "math", "nn", "numpy"):
        found = importlib.import_module(f"keras.src.ops.{module}")
        known |= {
            name: one
            for name, one in vars(found).items()
            if inspect.isclass(one)
            and issubclass(one, keras.Operation)
            and one.__module__ == found.__name__
            and not hasattr(keras.layers, name)
        }
    return known
