"""Window, level and read-out on the values of a file, in Chromium, on `dropsight up`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import (
    canvas_pixels,
    comes_to_hold,
    grey_at,
    on_screen,
    open_result,
    tab,
)
from tests.e2e.page.conftest import screenshot
from tests.e2e.page.phantoms import CT_SIDE, FRAMES, NODULE

pytestmark = pytest.mark.e2e

CT = (CT_SIDE, CT_SIDE)
CORNER = 12
LUNG = (78, 100)
"""A pixel of the slice within the lung on the left: about -820 HU."""


def hover(page: Page, source: tuple[int, int], size: tuple[int, int]) -> None:
    x, y = on_screen(page, source, size)
    page.locator(".stage canvas").last.hover(position={"x": x, "y": y})


def wait_for_values(page: Page, size: tuple[int, int]) -> None:
    """Nothing is read at a pixel before they have come."""
    hover(page, (size[0] // 2, size[1] // 2), size)
    expect(page.locator(".readout")).to_be_visible()


def preset(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Window")


def drawn(page: Page) -> npt.NDArray[np.int64]:
    """The canvas, without the read-out and its round corners."""
    page.mouse.move(0, 0)
    expect(page.locator(".readout")).to_have_count(0)
    comes_to_hold(lambda: canvas_pixels(page).max() > 100)
    pixels: npt.NDArray[np.int64] = canvas_pixels(page).astype(np.int64)
    return pixels[CORNER:-CORNER, CORNER:-CORNER]


def image_only(page: Page) -> None:
    choice = page.get_by_role("button", name="Image only")
    if choice.count():
        choice.click()


@pytest.mark.parametrize(
    ("name", "size"),
    [("phantom-film.dcm", (880, 1024)), ("film-1.dcm", (224, 256)), ("thorax.dcm", CT)],
    ids=["MONOCHROME2", "MONOCHROME1", "CT"],
)
def test_at_the_first_window_the_values_look_as_the_8_bit_picture(
    chromium: str, looked_at: Laptop, name: str, size: tuple[int, int]
):
    with tab(chromium) as (page, _):
        page.context.route("**/pixels-*", lambda route: route.abort("connectionfailed"))
        open_result(page, looked_at, name)
        image_only(page)
        expect(page.get_by_text("Shown with 8 bits")).to_be_visible()
        bytes_only = drawn(page)
    with tab(chromium) as (page, complaints):
        open_result(page, looked_at, name)
        image_only(page)
        wait_for_values(page, size)
        level = page.get_by_role("slider", name="Level")
        before = level.get_attribute("aria-valuetext")
        level.press("ArrowRight")  # from now on the values are drawn, and not the picture
        level.press("ArrowLeft")
        expect(level).to_have_attribute("aria-valuetext", str(before))
        expect(preset(page).locator("option:checked")).to_have_text("My own")
        of_values = drawn(page)
        assert complaints == []

    assert np.ptp(of_values) > 200  # there is something to compare
    # Two roundings to 8 bits, and half a value by which LINEAR and LINEAR_EXACT differ.
    assert np.abs(of_values - bytes_only).max() <= 2


def test_the_read_out_is_in_hounsfield_units(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "thorax.dcm")
    hover(page, NODULE, CT)
    expect(page.locator(".readout")).to_have_text(f"x {NODULE[0]}, y {NODULE[1]}: 64 HU")


def test_a_lung_window_shows_what_the_window_of_the_file_leaves_black(
    page: Page, looked_at: Laptop, pictures: Path
):
    open_result(page, looked_at, "thorax.dcm")
    wait_for_values(page, CT)
    comes_to_hold(lambda: grey_at(page, LUNG, CT) == 0)  # -160 to 240 HU
    screenshot(page, "ct-file-window", pictures)

    preset(page).select_option("Lung")

    # -1350 to 150 HU: -820 is at 0.35 of it, noise aside.
    comes_to_hold(lambda: 70 < grey_at(page, LUNG, CT) < 110)
    expect(page.get_by_role("slider", name="Width")).to_have_attribute("aria-valuetext", "1500 HU")
    expect(page.get_by_role("slider", name="Level")).to_have_attribute("aria-valuetext", "-600 HU")
    screenshot(page, "ct-lung-window", pictures)


def test_the_presets_are_those_of_the_file_then_those_of_ct(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "thorax.dcm")
    wait_for_values(page, CT)
    offered = preset(page).locator("option").all_inner_texts()
    assert offered[:2] == ["As in the file", "Window 2 of the file"]
    assert "Bone" in offered
    assert offered[-1] == "Full range"


def test_a_film_is_offered_no_windows_of_ct(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "film-1.dcm")
    wait_for_values(page, (224, 256))
    offered = preset(page).locator("option").all_inner_texts()
    assert offered == ["As in the file", "Full range"]


def test_invert_exchanges_black_and_white_and_leaves_the_values_alone(
    page: Page, looked_at: Laptop
):
    open_result(page, looked_at, "thorax.dcm")
    wait_for_values(page, CT)
    corner = (2, 2)  # air
    comes_to_hold(lambda: grey_at(page, corner, CT) == 0)
    hover(page, corner, CT)
    before = page.locator(".readout").inner_text()

    page.get_by_role("button", name="Invert").click()

    comes_to_hold(lambda: grey_at(page, corner, CT) == 255)
    hover(page, corner, CT)
    expect(page.locator(".readout")).to_have_text(before)


def test_shift_and_drag_widens_the_window_and_reset_brings_it_back(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "thorax.dcm")
    wait_for_values(page, CT)
    width = page.get_by_role("slider", name="Width")
    canvas = page.locator(".stage canvas").last.bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + 100, canvas["y"] + 100

    page.mouse.move(x, y)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(x + 200, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")

    # 200 pixels to the right make it e times as wide: 1087.
    expect(width).to_have_attribute("aria-valuetext", "1087 HU")
    expect(preset(page).locator("option:checked")).to_have_text("My own")
    page.get_by_role("button", name="Reset view").click()
    expect(width).to_have_attribute("aria-valuetext", "400 HU")


def test_values_of_frames_are_fetched_where_the_slider_rests(page: Page, looked_at: Laptop):
    fetched: list[str] = []

    def note(route: Route) -> None:
        fetched.append(route.request.url.rpartition("/")[2].partition("-")[2].partition("-")[0])
        route.continue_()

    page.context.route("**/pixels-*", note)
    open_result(page, looked_at, "cine.tiff")
    wait_for_values(page, (64, 64))
    slider = page.get_by_role("slider", name="Frame")
    slider.focus()

    for _ in range(FRAMES - 1):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", f"{FRAMES} / {FRAMES}")
    wait_for_values(page, (64, 64))
    comes_to_hold(lambda: str(FRAMES - 1) in fetched)

    assert fetched[0] == "0"
    assert len(fetched) == len(set(fetched)) < FRAMES
    for _ in range(FRAMES - 1):
        page.keyboard.press("ArrowLeft")
    wait_for_values(page, (64, 64))
    assert fetched.count("0") == 1  # it is still there


def test_an_8_bit_photo_is_read_in_its_own_numbers(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "steel.png")
    hover(page, (128, 128), (256, 256))
    expect(page.locator(".readout")).to_contain_text("x 128, y 128: ")
    expect(page.get_by_text("Shown with 8 bits")).to_have_count(0)
    assert preset(page).locator("option").all_inner_texts() == ["As it is"]
