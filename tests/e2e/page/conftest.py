"""A laptop with a classifier and a detector, looked at in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import find_chromium, tab
from tests.requirements_check import require
from tests.toy_objects import head_network, write_objects_bundle

DETECTOR = "toy-detector"
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
    """The four samples and one picture full of overlapping objects, all ended."""
    made = Laptop(tmp_path_factory.mktemp("page"))
    write_objects_bundle(made.models / DETECTOR, head_network(crowd(), SIDE), SIDE, "detection")
    (made.bucket / DETECTOR).mkdir(parents=True)
    made.up()
    for sample in samples():
        (made.bucket / "cxr" / sample.name).write_bytes(sample.data)
    (made.bucket / DETECTOR / "cells.png").write_bytes(picture())
    made.wait_for(lambda: made.ended(5), "five results")
    yield made
    made.close()


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A wide window; the page must not complain."""
    with tab(chromium) as (opened, complaints):
        yield opened
    assert complaints == []


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


def id_of(laptop: Laptop, name: str) -> str:
    """The result of the newest upload called so."""
    return next(r.result_id for r in laptop.results if r.source.object.endswith(name))


SCREENSHOTS = "DROPSIGHT_SCREENSHOTS"
"""Variable: a folder in which the tests leave pictures of the page."""


def screenshot(page: Page, name: str, folder: Path) -> bytes:
    """A picture of what is seen, kept for people in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=folder / f"{name}.png")
