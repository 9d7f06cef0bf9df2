"""How much the page does for each movement of a threshold, and with thousands of rows: counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dropsight.domain.suppression import shown
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import comes_to_hold, id_of
from tests.e2e.page.crowds import add_crowd, add_rows, store_of

pytestmark = pytest.mark.e2e

CANDIDATES = 5000
ROWS = 2500
STEPS = 20

LISTEN = """() => {
  window.done = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries())
      if (one.name.startsWith("dropsight.")) window.done.push([one.name.slice(10), one.detail]);
  }).observe({ type: "mark" });
}"""
# One event for each frame of the screen, as a hand that drags gives them.
DRAG = """async ([name, from, to, steps]) => {
  const slider = [...document.querySelectorAll(".range")]
    .find(one => one.textContent.startsWith(name)).querySelector("input");
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  for (let step = 1; step <= steps; step += 1) {
    set.call(slider, String(from + (to - from) * step / steps));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
  await new Promise(resolve => setTimeout(resolve, 300));
}"""


@pytest.fixture
def crowd(looked_at: Laptop) -> str:
    """Id of a result with 5,000 candidates."""
    like = store_of(looked_at).get(id_of(looked_at, "cells.png"))
    assert like is not None
    return add_crowd(looked_at, like, CANDIDATES)


def work(page: Page, slider: str, start: float, end: float) -> list[tuple[str, Any]]:
    """What was done while the slider went from `start` to `end` in `STEPS` steps."""
    page.evaluate("() => { window.done.length = 0; }")
    page.evaluate(DRAG, [slider, start, end, STEPS])
    return [(name, detail) for name, detail in page.evaluate("() => window.done")]


def open_crowd(page: Page, laptop: Laptop, crowd: str) -> None:
    page.goto(f"{laptop.url}#/r/{crowd}")
    expect(page.locator(".chart.scores svg").first).to_be_visible()
    page.evaluate(LISTEN)


def test_each_movement_of_a_slider_is_one_suppression_and_at_most_one_painting(
    page: Page, looked_at: Laptop, crowd: str
):
    open_crowd(page, looked_at, crowd)

    confidence = work(page, "Confidence", 0.3, 0.7)
    overlap = work(page, "Overlap (IoU)", 0.2, 0.6)

    for done in (confidence, overlap):
        counts = Counter(name for name, _ in done)
        assert counts["suppress"] == STEPS
        assert 1 <= counts["paint"] <= STEPS + 1
        # The list of results, the details, the chart and the feedback are left alone.
        assert counts["render"] == 0
    # How many groups were suppressed again: none for the confidence, both labels for the overlap.
    assert {detail for name, detail in confidence if name == "suppress"} == {0}
    assert {detail for name, detail in overlap if name == "suppress"} == {2}


def test_what_is_painted_last_is_what_the_server_would_show(
    page: Page, looked_at: Laptop, crowd: str
):
    open_crowd(page, looked_at, crowd)
    work(page, "Overlap (IoU)", 0.45, 0.2)

    done = work(page, "Confidence", 0.9, 0.25)

    result = store_of(looked_at).get(crowd)
    assert result is not None
    expected = len(shown(result.findings, 0.25, 0.2))
    painted = [detail for name, detail in done if name == "paint"]
    assert painted[-1] == expected
    assert painted == sorted(painted)  # the threshold fell, so more and more are shown
    expect(page.locator(".count")).to_have_text(str(expected))


def test_a_pointer_over_the_picture_paints_nothing(page: Page, looked_at: Laptop, crowd: str):
    open_crowd(page, looked_at, crowd)
    canvas = page.locator(".stage canvas").last
    canvas.hover(position={"x": 350, "y": 200})
    expect(page.locator(".readout")).to_be_visible()
    page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 200))")
    page.evaluate("() => { window.done.length = 0; }")

    for x in range(300, 420, 10):
        canvas.hover(position={"x": x, "y": 220})

    assert page.evaluate("() => window.done") == []


def test_all_rows_are_there_and_few_of_them_are_drawn(page: Page, looked_at: Laptop):
    like = store_of(looked_at).get(id_of(looked_at, "phantom-photo.png"))
    assert like is not None
    before = len(looked_at.results)
    add_rows(looked_at, like, ROWS)

    page.goto(looked_at.url)
    page.get_by_role("button", name=f"All {before + ROWS}").wait_for()
    assert page.locator(".row").count() < 40

    page.get_by_role("searchbox").fill("row-00000")  # on the third page of the list
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    comes_to_hold(lambda: page.locator(".row").count() > 5)
