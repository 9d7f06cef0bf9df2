"""What the two kinds of TensorFlow model have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dropsight.domain.errors import DropsightError, InferenceFailed, Overloaded
from dropsight.domain.manifests import Manifest
from dropsight_inference.output_layout import expected_outputs
from dropsight_inference.runtimes import Batch


def tensorflow_device() -> str:
    """`cuda` or `cpu`."""
    return "cuda" if tf.config.list_physical_devices("GPU") else "cpu"


def names_by_field(manifest: Manifest) -> dict[str, str]:
    """The model's names of what is read of it. Grad-CAM is by gradients, so activations are not."""
    expected = expected_outputs(manifest)
    return {field: one.name for field, one in expected.items() if field != "activations"}


def as_arrays(found: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Numbers in float32; labels stay integers."""
    arrays = {field: np.asarray(tensor) for field, tensor in found.items()}
    return {
        field: array if np.issubdtype(array.dtype, np.integer) else array.astype(np.float32)
        for field, array in arrays.items()
    }


@contextmanager
def named_errors(batch: Batch) -> Iterator[None]:
    """What a model raises, as InferenceFailed or Overloaded."""
    try:
        yield
    except DropsightError:
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise Overloaded(
            f"the device has no memory for a batch of {len(batch)}; deliver again later, or lower "
            "DROPSIGHT_BATCH_SIZE"
        ) from error
    except Exception as error:
        raise InferenceFailed(
            f"TensorFlow on input of shape {batch.shape}: {type(error).__name__}: {error}"
        ) from error
