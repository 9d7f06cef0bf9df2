"""A small residual network with squeeze and excitation, in Keras.

For an input of (N, 128, 128, 3), float32, the grey film in each of the three channels:

    standardise  each image to mean 0, deviation 1   (N, 128, 128,   3)
    stem         conv 3x3 / 2                        (N,  64,  64,  24)
    blocks       48 / 2                              (N,  32,  32,  48)
                 96 / 2, 96                          (N,  16,  16,  96)
                 160 / 2, 160, 160                   (N,   8,   8, 160)
    head         global average pool, linear         (N,   3)

He et al. 2016 (arXiv:1512.03385), Hu et al. 2018 (arXiv:1709.01507). Only layers that Keras itself
has are in the model that is served, so `keras.saving.load_model` opens it without any code of ours.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.cxr_keras_lime.mixing import MixStyle
from training.cxr_keras_lime.settings import Recipe
from training.films.data import KINDS


def build(recipe: Recipe, training: bool) -> keras.Model:
    """The network; with `training` it mixes styles and drops out, which has no weights.

    Both kinds have the same weights in the same order.
    """
    image = keras.Input((recipe.size, recipe.size, 3), name="image")
    # Exposure and contrast stop to matter. In float32: a mean of 49,152 values needs it.
    x = layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, epsilon=1e-4, dtype="float32", name="standardise"
    )(image)
    x = _conv(x, 24, 3, 2)
    for index, width in enumerate(recipe.widths):
        is_new = index == 0 or width != recipe.widths[index - 1]
        drop = recipe.drop * index / max(1, len(recipe.widths) - 1) if training else 0.0
        x = _block(x, width, 2 if is_new else 1, drop)
        if index == 0 and training:
            x = MixStyle(recipe.seed)(x)
    x = layers.Activation("linear", name="maps")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32")(x)
    if training:
        x = layers.Dropout(0.2, seed=recipe.seed + 1)(x)
    # Logits, not probabilities: calibration divides them by its temperature.
    logits = layers.Dense(len(KINDS), dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="cxr_keras_lime")


def _conv(x: Any, width: int, kernel: int, stride: int, activate: bool = True) -> Any:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.Activation("silu")(x) if activate else x


def _block(x: Any, width: int, stride: int, drop: float) -> Any:
    """Two 3x3 convolutions, squeeze and excitation, a shortcut around them."""
    branch = _conv(_conv(x, width, 3, stride), width, 3, 1, activate=False)
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(branch)
    squeezed = layers.Conv2D(width // 8, 1, activation="silu")(squeezed)
    branch = layers.Multiply()([branch, layers.Conv2D(width, 1, activation="sigmoid")(squeezed)])
    if drop and stride == 1:
        branch = layers.Dropout(drop, noise_shape=(None, 1, 1, 1))(branch)
    if stride != 1 or x.shape[-1] != width:
        x = _conv(x, width, 1, stride, activate=False)
    return layers.Activation("silu")(layers.Add()([x, branch]))
