"""Pixels become exactly the numbers that model.yaml describes."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.manifests import InputSpec
from dropsight_inference.input_layout import InputLayout

pytestmark = pytest.mark.unit


def test_full_scale_is_intensity_one_at_either_depth() -> None:
    layout = InputLayout(InputSpec(width=3, height=1, channels=1, scale=2.0, mean=[0.5], std=[4.0]))
    row = layout.empty(1)[0]

    layout.write(np.array([0, 51, 255], np.uint8).reshape(1, 3, 1), row)
    # (0 * 2 - 0.5) / 4, (0.2 * 2 - 0.5) / 4, (1 * 2 - 0.5) / 4
    assert row.ravel().tolist() == pytest.approx([-0.125, -0.025, 0.375], rel=1e-7)

    layout.write(np.array([0, 13107, 65535], np.uint16).reshape(1, 3, 1), row)
    assert row.ravel().tolist() == pytest.approx([-0.125, -0.025, 0.375], rel=1e-7)


def test_every_value_is_the_float32_nearest_to_the_exact_one() -> None:
    layout = InputLayout(InputSpec(width=256, height=1, channels=1, mean=[0.48], std=[0.23]))
    row = layout.empty(1)[0]

    layout.write(np.arange(256, dtype=np.uint8).reshape(1, 256, 1), row)

    exact = (np.arange(256) / 255 - 0.48) / 0.23
    assert row.ravel().tolist() == exact.astype(np.float32).tolist()


def test_each_channel_has_its_own_mean_and_layouts_differ_only_in_order() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    rows = {}
    for layout in ("NCHW", "NHWC"):
        spec = InputSpec(width=5, height=4, channels=3, layout=layout, mean=[0.1, 0.2, 0.3])
        rows[layout] = InputLayout(spec).empty(1)[0]
        InputLayout(spec).write(pixels, rows[layout])

    assert rows["NCHW"].shape == (3, 4, 5)
    assert rows["NHWC"].shape == (4, 5, 3)
    np.testing.assert_array_equal(rows["NCHW"].transpose(1, 2, 0), rows["NHWC"])
    assert rows["NHWC"][1, 2, 2] == np.float32(pixels[1, 2, 2] / 255 - 0.3)


def test_a_frame_of_another_size_is_refused() -> None:
    layout = InputLayout(InputSpec(width=5, height=4, channels=1))

    with pytest.raises(InferenceFailed, match=r"found .* \(4, 4, 1\), the model takes \(4, 5, 1\)"):
        layout.check(np.zeros((4, 4, 1), np.uint8))


def test_caffe_preprocessing_is_bgr_less_the_mean_of_each_channel() -> None:
    spec = InputSpec(
        width=1,
        height=1,
        channels=3,
        channel_order="bgr",
        scale=255.0,
        mean=[103.939, 116.779, 123.68],
    )
    layout = InputLayout(spec)
    row = layout.empty(1)[0]

    layout.write(np.array([200, 100, 50], np.uint8).reshape(1, 1, 3), row)  # red, green, blue

    assert row.ravel().tolist() == pytest.approx([50 - 103.939, 100 - 116.779, 200 - 123.68])
