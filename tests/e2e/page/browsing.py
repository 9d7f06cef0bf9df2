"""A headless Chromium, driven by Playwright, that collects what the page complains of."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.laptop import Laptop

# Without these a browser looks for updates, which a closed network refuses many times.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@contextmanager
def tab(
    executable: str,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
    bypass_csp: bool = True,
) -> Iterator[tuple[Page, list[str]]]:
    """A page in a browser of its own, and what it wrote to its console as an error.

    `bypass_csp`: so that axe can be put into the page. What the policy refuses is an error there.
    """
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                has_touch=width < 600,
                locale="en-GB",
                bypass_csp=bypass_csp,
                permissions=["clipboard-read", "clipboard-write"],
            )
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type == "error" else None,
            )
            yield page, complaints
        finally:
            browser.close()


def id_of(laptop: Laptop, name: str) -> str:
    """The result of the newest upload called so."""
    return next(r.result_id for r in laptop.results if r.source.object.endswith(name))


def open_result(page: Page, laptop: Laptop, name: str) -> None:
    page.goto(f"{laptop.url}#/r/{id_of(laptop, name)}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def canvas_pixels(page: Page) -> Any:
    """BGR of the picture as it is on the screen."""
    import cv2

    data = page.locator(".stage canvas").last.screenshot()
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def color_of(page: Page) -> int:
    """The widest spread between red, green and blue on the picture, 0 to 255."""
    return int(np.ptp(canvas_pixels(page).astype(int), axis=2).max())


def on_screen(page: Page, source: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Where the middle of a source pixel lies on the canvas, which shows the whole of the image.

    `size`: width and height of the source.
    """
    box = page.locator(".stage canvas").last.bounding_box()
    assert box is not None
    scale = min(box["width"] / size[0], box["height"] / size[1])
    left = (box["width"] - size[0] * scale) / 2
    top = (box["height"] - size[1] * scale) / 2
    return left + (source[0] + 0.5) * scale, top + (source[1] + 0.5) * scale


def grey_at(page: Page, source: tuple[int, int], size: tuple[int, int]) -> int:
    """What is drawn there, 0 to 255."""
    x, y = on_screen(page, source, size)
    return int(canvas_pixels(page)[int(y), int(x), 0])


def comes_to_hold(condition: Callable[[], bool], patience_s: float = 30.0) -> None:
    """The canvas is drawn some frames after the page says what will be on it."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "the picture did not change in time"
