"""A laptop with a classifier and a detector, looked at in Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import find_chromium, tab
from tests.e2e.page.phantoms import cine, ct_slice, film, steel
from tests.requirements_check import require
from tests.toy_objects import (
    bright_pixel_network,
    head_network,
    instance_network,
    write_objects_bundle,
)

DETECTOR = "toy-detector"
SEGMENTER = "toy-segmenter"
SLICES = "toy-nodules"
CINE = "toy-cine"
SIDE = 64
CANDIDATES = 60


@pytest.fixture(scope="session")
def chromium() -> str:
    executable = find_chromium()
    require(executable, "no Chromium on this machine: the page is not looked at")
    assert executable is not None
    return executable


@pytest.fixture(scope="session")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """The four samples, and a picture for each other task, all ended."""
    made = Laptop(tmp_path_factory.mktemp("page"))
    write_objects_bundle(made.models / DETECTOR, head_network(crowd(), SIDE), SIDE, "detection")
    write_objects_bundle(made.models / SLICES, head_network(nodules(), SIDE), SIDE, "detection")
    write_objects_bundle(made.models / SEGMENTER, patches_network(), SIDE, "segmentation")
    write_objects_bundle(
        made.models / CINE, bright_pixel_network(SIDE, sides=16), SIDE, "detection"
    )
    files = {
        **{f"cxr/{sample.name}": sample.data for sample in samples()},
        "cxr/film-1.dcm": film("MONOCHROME1"),
        f"{DETECTOR}/cells.png": picture(),
        f"{SLICES}/thorax.dcm": ct_slice(),
        f"{SEGMENTER}/steel.png": steel(),
        f"{CINE}/cine.tiff": cine(),
    }
    for name in files:
        (made.bucket / name).parent.mkdir(parents=True, exist_ok=True)
    made.up()
    for name, data in files.items():
        (made.bucket / name).write_bytes(data)
    made.wait_for(lambda: made.ended(len(files)), f"{len(files)} results")
    yield made
    made.close()


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A wide window; the page must not complain."""
    with tab(chromium) as (opened, complaints):
        yield opened
    assert complaints == []


def nodules() -> np.ndarray:
    """YOLOv8 table: two boxes in the lungs of `ct_slice`, one surer than the other."""
    table = np.zeros((6, 2), np.float32)
    table[:4, 0] = [40.6, 26.9, 5.5, 5.5]
    table[:4, 1] = [20.0, 36.0, 4.0, 4.0]
    table[4:, 0] = [0.91, 0.03]
    table[4:, 1] = [0.05, 0.62]
    return table


def patches_network() -> bytes:
    """Mask R-CNN's answer: two patches of the label `red` and one of `white`."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    masks = np.stack(
        [
            np.hypot((x - 18) / 9, (y - 20) / 5) < 1,
            np.hypot((x - 44) / 6, (y - 40) / 10) < 1,
            np.hypot((x - 20) / 5, (y - 50) / 4) < 1,
        ]
    ).astype(np.float32)[:, None]
    boxes = np.array([[9, 15, 27, 25], [38, 30, 50, 50], [15, 46, 25, 54]], np.float32)
    scores = np.array([0.97, 0.81, 0.66], np.float32)
    return instance_network(boxes, np.array([1, 2, 1], np.int64), scores, masks, batch=False)


def crowd() -> np.ndarray:
    """YOLOv8 table (4 + labels, anchors): seeded overlapping boxes of two labels."""
    random = np.random.default_rng(11)
    table = np.zeros((6, CANDIDATES), np.float32)
    table[:2] = random.uniform(8, SIDE - 8, (2, CANDIDATES))
    table[2:4] = random.uniform(6, 18, (2, CANDIDATES))
    table[4 + random.integers(0, 2, CANDIDATES), np.arange(CANDIDATES)] = random.uniform(
        0.02, 0.98, CANDIDATES
    )
    return table


def picture() -> bytes:
    """A grey PNG of 256 x 256."""
    random = np.random.default_rng(5)
    pixels = random.integers(60, 200, (256, 256), dtype=np.uint8)
    return bytes(cv2.imencode(".png", cv2.GaussianBlur(pixels, (0, 0), 3))[1])


SCREENSHOTS = "DROPSIGHT_SCREENSHOTS"
"""Variable: a folder in which the tests leave pictures of the page."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get(SCREENSHOTS, tmp_path))


def screenshot(page: Page, name: str, folder: Path) -> bytes:
    """A picture of what is seen, kept for people in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=folder / f"{name}.png")
