"""The simulator against theory: what an EMCCD adds to light, and what a particle is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.unit

pytest.importorskip("scipy", reason="the simulator of the recipe needs scipy")

from training.bright_spots.camera import Camera  # noqa: E402
from training.bright_spots.matching import Score, match, score  # noqa: E402
from training.bright_spots.simulate import (  # noqa: E402
    Conditions,
    at_snr,
    pairs,
    simulate,
    write_tiff,
)
from training.bright_spots.spots import BOX_WIDTHS, Spot, add_spot, with_snr  # noqa: E402

PIXELS = (400, 500)


def exposed(camera: Camera, electrons: float, seed: int = 1) -> np.ndarray:
    return camera.expose(np.full(PIXELS, electrons), np.random.default_rng(seed)).astype(float)


@pytest.mark.parametrize("electrons", [0.5, 5.0, 60.0])
def test_multiplication_doubles_the_variance_of_the_shot_noise(electrons: float):
    """Of 200,000 pixels: the mean is known to 1 in 1,000 or so, the variance to 1 in 100."""
    camera = Camera(gain=300.0, read_noise=40.0, induced=0.02, electrons_per_adu=10.0, bias=500.0)
    found = exposed(camera, electrons)
    entered = electrons + 0.02
    assert found.mean() + 0.5 == pytest.approx(entered * 30 + 500, rel=0.005)  # floor takes 1/2
    expected = (2 * 300**2 * entered + 40**2) / 10**2 + 1 / 12
    assert found.var() == pytest.approx(expected, rel=0.03)
    assert camera.variance(np.array(electrons)) + 1 / 12 == pytest.approx(expected)


def test_without_multiplication_only_shot_and_read_noise_are_left():
    camera = Camera(gain=1.0, read_noise=3.0, induced=0.0, electrons_per_adu=0.5, bias=100.0)
    found = exposed(camera, 50.0)
    assert found.mean() + 0.5 == pytest.approx(50 / 0.5 + 100, rel=0.002)
    assert found.var() == pytest.approx((50 + 9) / 0.25 + 1 / 12, rel=0.02)


def test_a_dark_frame_is_bias_read_noise_and_a_few_induced_electrons():
    camera = Camera(gain=1000.0, read_noise=10.0, induced=0.01, electrons_per_adu=1.0, bias=200.0)
    found = exposed(camera, 0.0)
    # One electron becomes 1,000 on average, exponentially: exp(-0.1) of them stay above 100.
    assert (found > 300).mean() == pytest.approx(0.01 * np.exp(-0.1), rel=0.1)
    assert np.median(found) == pytest.approx(200, abs=1)


def test_sixteen_bits_clip_at_both_ends():
    bright = Camera(gain=1.0, electrons_per_adu=0.001)
    assert exposed(bright, 1000.0).max() == 65535
    dark = Camera(gain=1.0, read_noise=50.0, bias=0.0, electrons_per_adu=1.0)
    assert exposed(dark, 0.0).min() == 0


def test_the_same_seed_gives_the_same_frame_and_another_one_does_not():
    frames = [
        simulate(64, 80, Conditions(), np.random.default_rng(seed)).pixels for seed in (3, 3, 4)
    ]
    assert frames[0].shape == (64, 80)
    assert np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


@pytest.mark.parametrize("radius", [0.0, 4.0])
def test_a_particle_keeps_its_light_its_place_and_its_width(radius: float):
    light = np.zeros((60, 60))
    spot = Spot(x=30.3, y=28.8, sigma=1.5, radius=radius, electrons=1000.0)
    add_spot(light, spot)
    middles = np.arange(60) + 0.5
    across, down = light.sum(0), light.sum(1)
    assert light.sum() == pytest.approx(1000, rel=1e-4)
    assert (across @ middles / 1000) == pytest.approx(30.3, abs=0.05)
    assert (down @ middles / 1000) == pytest.approx(28.8, abs=0.05)
    variance = across @ (middles - 30.3) ** 2 / 1000
    # A pixel blurs by 1/12 more: sigma² + radius² / 4 + 1/12.
    assert variance == pytest.approx(2.25 + radius**2 / 4 + 1 / 12, rel=0.03)
    assert spot.width == pytest.approx(np.sqrt(2.25 + radius**2 / 4))
    assert spot.box[2] == pytest.approx(BOX_WIDTHS * spot.width)


def test_a_point_between_pixels_lights_both_alike():
    light = np.zeros((9, 9))
    add_spot(light, Spot(x=5.0, y=4.5, sigma=1.0, electrons=100.0))
    assert light[4, 4] == pytest.approx(light[4, 5])  # pixels 4 to 5 and 5 to 6
    assert light.argmax() // 9 == 4


@pytest.mark.parametrize(("snr", "gain"), [(1.0, 300.0), (5.0, 300.0), (5.0, 1.0)])
def test_the_snr_is_that_of_the_brightest_pixel_over_many_exposures(snr: float, gain: float):
    camera = Camera(gain=gain, read_noise=30.0 if gain > 1 else 2.0, induced=0.01)
    around = np.full((21, 21), 8.0)
    spot = with_snr(Spot(10.5, 10.5, 1.4), snr, around, camera)
    light = around.copy()
    add_spot(light, spot)
    random = np.random.default_rng(2)
    middle = np.full(200_000, light[10, 10])
    # In electrons before the gain, so that rounding to ADU plays no part.
    electrons = camera.electrons_per_adu / gain
    seen = camera.expose(middle, random) * electrons
    dark = camera.expose(np.full(200_000, 8.0), random) * electrons
    measured = (seen.mean() - dark.mean()) / seen.std()
    # The gain's own variance is twice the shot noise but for 1 / gain; rounding adds 1/12 ADU².
    rounding = electrons**2 / 12
    assert measured == pytest.approx(
        snr * camera.noise(light)[10, 10] / np.sqrt(camera.noise(light)[10, 10] ** 2 + rounding),
        rel=0.02,
    )


def test_frames_of_one_snr_hold_particles_that_stand_apart():
    made = at_snr(256, 4.0, 20, Conditions(), np.random.default_rng(5))
    places = np.array([(spot.x, spot.y) for spot in made.spots])
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert len(places) == 20
    assert gaps[np.triu_indices(20, 1)].min() >= 25


def test_pairs_have_the_spacing_that_was_asked_for():
    made = pairs(256, 3.0, 8.0, 6, Conditions(), np.random.default_rng(6))
    assert len(made.spots) == 12
    for one, other in zip(made.spots[::2], made.spots[1::2], strict=True):
        assert np.hypot(one.x - other.x, one.y - other.y) == pytest.approx(3.0 * one.sigma)
        assert one.electrons == other.electrons


def test_frames_are_written_as_pages_of_sixteen_bits(tmp_path: Path):
    random = np.random.default_rng(7)
    frames = [simulate(40, 50, Conditions(), random).pixels for _ in range(3)]
    write_tiff(tmp_path / "frames.tiff", frames)
    done, pages = cv2.imreadmulti(str(tmp_path / "frames.tiff"), flags=cv2.IMREAD_UNCHANGED)
    assert done
    assert all(np.array_equal(page, frame) for page, frame in zip(pages, frames, strict=True))
    assert pages[0].dtype == np.uint16


def test_each_detection_counts_for_one_particle():
    truth = np.array([[10.0, 10.0], [12.0, 10.0], [40.0, 40.0]])
    found = np.array([[10.4, 10.0], [10.6, 10.0], [70.0, 70.0]])
    reach = np.array([1.5, 1.5, 1.5])
    # 10.4 is nearest to the first; 10.6 is left for the second, at a distance of 1.4.
    assert match(found, truth, reach) == [(0, 0), (1, 1)]
    assert score(found, truth, reach) == Score(hits=2, misses=1, false=1)
    assert score(found, truth, reach).f1 == pytest.approx(2 / 3)
    assert Score().precision == 1.0
