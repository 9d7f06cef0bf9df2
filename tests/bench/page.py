"""The result page in Chromium: frames per second while a slider is dragged, and how long the list
takes to answer.

    .venv/bin/python -m tests.bench.page

A real `dropsight up`, a result with 5,000 candidates, a film of five megapixels with its 16-bit
values, and 5,000 rows in the list. A dragged slider gives one event for each frame of the screen,
so 60 frames a second are the most there is. The list is used with real keys and clicks; the latency
is that of the browser's Event Timing (from the key to the next painting, in steps of 8 ms), and the
98th percentile of it is what is called INP (web.dev/articles/inp).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from dropsight.domain.results import Result
from tests.bench.decode import SYNTAXES, film
from tests.bench.table import print_table
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import find_chromium, id_of, on_screen, tab
from tests.e2e.page.conftest import DETECTOR, SIDE, crowd, picture
from tests.e2e.page.crowds import add_crowd, add_rows, store_of
from tests.toy_objects import head_network, write_objects_bundle

CANDIDATES = 5000
ROWS = 5000
STEPS = 180
FILM = (2000, 2500)
"""(width, height) in pixels."""

DRAG = """async ([name, from, to, steps]) => {
  const slider = [...document.querySelectorAll(".range")]
    .find(one => one.textContent.startsWith(name)).querySelector("input");
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let step = 1; step <= steps; step += 1) {
    const share = Math.abs(((step / steps) * 4) % 2 - 1);
    set.call(slider, String(from + (to - from) * share));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""
LISTEN = """() => {
  const latencies = window.latencies = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries())
      if (one.interactionId) latencies.push([one.interactionId, one.duration]);
  }).observe({ type: "event", durationThreshold: 16 });
}"""


def dragged(page: Page, slider: str, start: float, end: float) -> list[str]:
    """Frames a second, and milliseconds between two of them: median and 95th percentile."""
    page.evaluate(DRAG, [slider, start, end, 20])  # warms up
    times = sorted(page.evaluate(DRAG, [slider, start, end, STEPS]))
    return [
        f"{1000 * len(times) / sum(times):.0f}",
        f"{times[len(times) // 2]:.0f}",
        f"{times[int(len(times) * 0.95)]:.0f}",
    ]


def measure_sliders(page: Page, laptop: Laptop, crowded: str) -> list[list[str]]:
    page.goto(f"{laptop.url}#/r/{crowded}")
    page.locator(".chart svg").first.wait_for()
    page.wait_for_timeout(1000)
    rows = [
        [f"confidence, {CANDIDATES} candidates", *dragged(page, "Confidence", 0.02, 0.9)],
        [f"IoU, {CANDIDATES} candidates", *dragged(page, "Overlap (IoU)", 0.1, 0.9)],
    ]
    page.goto(f"{laptop.url}#/r/{id_of(laptop, 'film.dcm')}")
    page.locator(".stage canvas").wait_for()
    page.wait_for_timeout(1000)
    x, y = on_screen(page, (FILM[0] // 2, FILM[1] // 2), FILM)
    page.locator(".stage canvas").hover(position={"x": x, "y": y})
    page.locator(".readout").wait_for()  # the values have come
    return [*rows, ["window, 2000 x 2500 pixels of 16 bits", *dragged(page, "Width", 500, 4000)]]


def measure_list(page: Page, laptop: Laptop) -> list[list[str]]:
    page.goto(laptop.url)
    page.get_by_role("button", name=f"All {len(laptop.results)}").wait_for()
    page.wait_for_timeout(1000)
    ways = {
        "type in the search": type_words,
        "press a filter": press_filters,
        "walk by keys, a film of 5 megapixels each": walk,
        "click a row, a film of 5 megapixels each": click_rows,
    }
    rows = []
    for name, use in ways.items():
        page.evaluate(LISTEN)
        use(page)
        page.wait_for_timeout(500)
        longest: dict[int, float] = {}
        for interaction, duration in page.evaluate("() => window.latencies"):
            longest[interaction] = max(duration, longest.get(interaction, 0.0))
        times = sorted(longest.values()) or [0.0]
        rows.append(
            [
                name,
                str(len(times)),
                f"{times[len(times) // 2]:.0f}",
                f"{times[min(len(times) - 1, int(len(times) * 0.98))]:.0f}",
            ]
        )
    return rows


def type_words(page: Page) -> None:
    page.get_by_role("searchbox").click()
    for word in ("row-00", "cells"):
        page.keyboard.type(word, delay=90)
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
    page.locator("body").click(position={"x": 600, "y": 20})


def press_filters(page: Page) -> None:
    for name in ("Findings", "Clear", "Failed", "All") * 3:
        page.get_by_role("button", name=name, exact=False).first.click(delay=40)
        page.wait_for_timeout(60)


def walk(page: Page) -> None:
    for _ in range(20):
        page.keyboard.press("j", delay=80)


def click_rows(page: Page) -> None:
    for row in page.locator(".row").all()[:8]:
        row.click(delay=40)


def filled(folder: Path) -> tuple[Laptop, str]:
    """A laptop that runs, and the id of its result with many candidates."""
    laptop = Laptop(folder)
    write_objects_bundle(laptop.models / DETECTOR, head_network(crowd(), SIDE), SIDE, "detection")
    (laptop.bucket / DETECTOR).mkdir(parents=True)
    laptop.up()
    (laptop.bucket / DETECTOR / "cells.png").write_bytes(picture())
    (laptop.bucket / "cxr" / "film.dcm").write_bytes(film(SYNTAXES["uncompressed"]))
    laptop.wait_for(lambda: laptop.ended(2), "two results")
    cells, large = (result(laptop, name) for name in ("cells.png", "film.dcm"))
    crowded = add_crowd(laptop, cells, CANDIDATES)
    add_rows(laptop, large, ROWS - len(laptop.results))
    return laptop, crowded


def result(laptop: Laptop, name: str) -> Result:
    found = store_of(laptop).get(id_of(laptop, name))
    assert found is not None
    return found


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on this machine: the page is not measured")
    with tempfile.TemporaryDirectory() as folder:
        laptop, crowded = filled(Path(folder))
        try:
            with tab(chromium) as (page, _):
                sliders = measure_sliders(page, laptop, crowded)
            with tab(chromium) as (page, _):
                listed = measure_list(page, laptop)
        finally:
            laptop.close()
    print_table(["dragged slider", "frames/s", "median ms", "p95 ms"], sliders)
    print()
    print_table([f"list of {ROWS} rows", "interactions", "median ms", "p98 ms"], listed)


if __name__ == "__main__":
    main()
