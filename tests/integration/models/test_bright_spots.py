"""The bundle bright-spots on frames it was not trained on, from a file to findings."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dropsight.imaging.png import encode_png
from tests.requirements_check import require

pytestmark = pytest.mark.integration

require(importlib.util.find_spec("scipy"), "scipy, for simulated frames", whole_module=True)

from training.bright_spots.camera import Camera  # noqa: E402
from training.bright_spots.matching import Score, match, score  # noqa: E402
from training.bright_spots.served import Detections, Served, serving  # noqa: E402
from training.bright_spots.simulate import Conditions, Simulated, at_snr  # noqa: E402
from training.bright_spots.spots import Spot, add_spot, with_snr  # noqa: E402

BUNDLE = Path(__file__).parents[3] / "models" / "bright-spots"
POINTS = Conditions(disc=0.0, defocus=0.0)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(BUNDLE) as served:
        yield served


def found(served: Served, pixels: np.ndarray) -> Detections:
    return served.detect([pixels])[0].at(served.manifest.label("spot").threshold)


def counted(served: Served, frames: list[Simulated]) -> Score:
    total = Score()
    for made in frames:
        truth = np.array([(spot.x, spot.y) for spot in made.spots])
        reach = np.array([max(1.5, spot.width) for spot in made.spots])
        total += score(found(served, made.pixels).centres, truth, reach)
    return total


def at(snr: float, frames: int = 6) -> list[Simulated]:
    return [at_snr(256, snr, 25, POINTS, np.random.default_rng([99, k])) for k in range(frames)]


def test_spots_of_a_fair_snr_are_found_and_little_else(served: Served):
    counts = counted(served, at(4.0))
    assert counts.recall > 0.95
    assert counts.precision > 0.9


def test_recall_falls_with_the_snr(served: Served):
    recalls = [counted(served, at(snr, 3)).recall for snr in (0.5, 1.25, 4.0)]
    assert recalls[0] < recalls[1] < recalls[2]


def test_boxes_have_the_size_of_the_particle(served: Served):
    """Five widths: 6 px at sigma 1.2, 12 px at sigma 2.4."""
    sides = []
    for sigma in (1.2, 2.4):
        made = at_snr(
            256, 10.0, 20, replace(POINTS, sigma=(sigma, sigma)), np.random.default_rng(7)
        )
        sides.append(float(np.median(found(served, made.pixels).boxes[:, 2])))
    assert sides[0] == pytest.approx(6.0, rel=0.15)
    assert sides[1] == pytest.approx(12.0, rel=0.15)


def test_a_dim_frame_with_a_hot_pixel_is_read_like_a_bright_one(served: Served):
    """The same light, once over 1 % of the 16-bit range beside a pixel at full scale, and once over
    most of it: what is found is the same, to a part of a pixel."""
    camera = Camera(gain=1.0, read_noise=2.0, induced=0.0, electrons_per_adu=1.0, bias=100.0)
    light = np.full((256, 256), 30.0)
    spots = []
    for k, (x, y) in enumerate([(60.3, 70.8), (128.0, 128.5), (200.6, 40.2), (90.1, 200.9)]):
        spots.append(with_snr(Spot(x, y, 1.5), 3.0 + 3 * k, light, camera))
        add_spot(light, spots[-1])
    dim = camera.expose(light, np.random.default_rng(3))
    assert int(dim.max()) - int(dim.min()) < 655
    hot = dim.copy()
    hot[250, 5] = 65535
    bright = ((dim - dim.min()) * 90).astype(np.uint16)
    of_hot, of_bright = found(served, hot), found(served, bright)
    truth = np.array([(spot.x, spot.y) for spot in spots])
    for one in (of_hot, of_bright):
        assert len(match(one.centres, truth, np.full(4, 1.0))) == 4
        assert len(one.boxes) <= 5
    pairs = match(of_hot.centres, of_bright.centres, np.full(len(of_bright.boxes), 0.2))
    assert len(pairs) >= 4


def test_hot_pixels_alone_are_no_spots(served: Served):
    camera = Camera()
    pixels = camera.expose(np.full((256, 256), 5.0), np.random.default_rng(4))
    random = np.random.default_rng(5)
    pixels[random.integers(0, 256, 30), random.integers(0, 256, 30)] = 65535
    assert len(found(served, pixels).boxes) <= 2


def test_a_spot_on_every_seam_is_found_once(served: Served):
    """A frame of 600 x 500 in tiles of 256 that share 48: seams at x = 232 and 404, y = 232 and
    354 (the last tile is moved back, so it shares more)."""
    camera = Camera(gain=1.0, read_noise=3.0, induced=0.0, electrons_per_adu=1.0, bias=100.0)
    light = np.full((500, 600), 20.0)
    places = [(x, y) for x in (232.0, 404.0) for y in np.arange(12.0, 500.0, 20.0)]
    places += [(x, y) for y in (232.0, 350.0) for x in np.arange(12.3, 600.0, 19.7)]
    chosen: list[tuple[float, float]] = []
    for place in places:
        if all(np.hypot(place[0] - x, place[1] - y) > 14 for x, y in chosen):
            chosen.append(place)
    for x, y in chosen:
        add_spot(light, with_snr(Spot(x, y, 1.6), 8.0, light, camera))
    centres = found(served, camera.expose(light, np.random.default_rng(6))).centres
    truth = np.array(chosen)
    gaps = np.hypot(*(centres[:, None] - truth[None]).transpose(2, 0, 1))
    assert len(chosen) > 80
    assert ((gaps < 2.0).sum(0) == 1).all()


def test_each_page_has_its_findings(served: Served):
    pages = [made.pixels for made in at(8.0, 3)]
    together = served.detect(pages)
    alone = [served.detect([page])[0] for page in pages]
    assert len(together) == 3
    for one, other in zip(together, alone, strict=True):
        assert np.allclose(one.boxes, other.boxes, atol=0.01)


def test_eight_bit_png_and_a_small_frame_are_read_too(served: Served):
    made = at_snr(128, 8.0, 8, replace(POINTS, hot_pixels=0.0), np.random.default_rng(8))
    low, high = int(made.pixels.min()), int(made.pixels.max())
    grey = ((made.pixels - low) / (high - low) * 255).astype(np.uint8)
    findings = served.findings(served.prepared(encode_png(grey)).frame)
    centres = served.read(findings).at(served.manifest.label("spot").threshold).centres
    truth = np.array([(spot.x, spot.y) for spot in made.spots])
    assert len(match(centres, truth, np.full(len(truth), 1.5))) >= 0.8 * len(truth)


def test_objects_of_the_hubble_deep_field_are_found(served: Served):
    """872 x 1000 px, public domain (NASA, ESA): galaxies and stars that anybody can see."""
    require(importlib.util.find_spec("skimage"), "scikit-image, for its picture of the sky")
    from skimage.data import hubble_deep_field

    picture = hubble_deep_field()
    frame = served.prepared(encode_png(picture)).frame
    assert frame.pixels.shape == (1, 872, 1000, 1)
    sky = served.read(served.findings(frame)).at(served.manifest.label("spot").threshold)
    grey = frame.pixels[0, :, :, 0].astype(np.float64)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.5)
    peaks = (smooth == cv2.dilate(smooth, np.ones((15, 15)))) & (smooth > 90)
    y, x = np.nonzero(peaks)
    bright = np.stack([x, y], 1) + 0.5
    near = np.hypot(*(sky.centres[:, None] - bright[None]).transpose(2, 0, 1)).min(0) < 4.0
    assert len(bright) > 100
    assert near.mean() > 0.85  # the rest are galaxies larger than any spot
    # What is called found is brighter than its surroundings: 5 x 5 px about it against the frame.
    patches = cv2.blur(grey, (5, 5))
    inside = patches[sky.centres[:, 1].astype(int), sky.centres[:, 0].astype(int)]
    assert np.median(inside) > 2 * np.median(grey)
    assert (sky.boxes[:, 2] < 40).all()


def test_the_card_and_its_pictures_are_there():
    card = (BUNDLE / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in ("examples.png", "curves.png", "snr.png", "spacing.png", "hubble.jpg"):
        assert name in card
        assert (BUNDLE / name).is_file()
