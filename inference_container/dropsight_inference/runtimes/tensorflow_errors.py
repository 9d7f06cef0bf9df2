"""What the two kinds of TensorFlow model have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dropsight.domain.errors import DropsightError, InferenceFailed, Overloaded
from dropsight_inference.runtimes import Batch


def tensorflow_device() -> str:
    """`cuda` or `cpu`."""
    return "cuda" if tf.config.list_physical_devices("GPU") else "cpu"


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
