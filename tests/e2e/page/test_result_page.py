"""The result page as its users see it, in Chromium, on `dropsight up`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import color_of, comes_to_hold, grey_at, id_of, open_result, tab
from tests.e2e.page.conftest import DETECTOR, picture, screenshot

pytestmark = pytest.mark.e2e

AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


def test_a_dropped_file_appears_and_becomes_explained_without_a_reload(
    page: Page, looked_at: Laptop
):
    page.goto(looked_at.url)
    before = len(looked_at.results)
    expect(page.locator(".row")).to_have_count(before)
    route = page.get_by_label("Goes to")
    route.select_option("cxr")

    page.get_by_test_id("files").set_input_files(
        {"name": "fresh.png", "mimeType": "image/png", "buffer": samples()[1].data}
    )

    row = page.locator(".row", has_text="fresh.png")
    expect(row).to_contain_text("Explained", timeout=90_000)
    expect(page.locator(".row")).to_have_count(before + 1)
    page.get_by_role("link", name="Open result").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("fresh.png")


def test_the_picture_has_the_explanation_over_it_and_can_go_without(
    page: Page, looked_at: Laptop, pictures: Path
):
    open_result(page, looked_at, "phantom-film.dcm")
    method = page.get_by_role("group", name="Explanation")
    expect(method.get_by_role("button", name="Grad-CAM")).to_have_attribute("aria-pressed", "true")
    # A radiograph is grey; only the explanation has colour.
    comes_to_hold(lambda: color_of(page) > 60)
    screenshot(page, "film", pictures)

    method.get_by_role("button", name="Image only").click()
    comes_to_hold(lambda: color_of(page) < 10)  # the corners are rounded
    expect(page.locator(".labels li")).to_have_count(3)


def test_an_operating_point_that_is_moved_changes_what_counts_as_found(
    page: Page, looked_at: Laptop
):
    open_result(page, looked_at, "phantom-film.dcm")
    first = page.locator(".labels li").first
    slider = first.get_by_role("slider")

    slider.fill("1")
    expect(first.locator(".label-verdict")).to_have_text("Not found")
    slider.fill("0")
    expect(first.locator(".label-verdict")).to_have_text("Found")

    page.get_by_role("button", name="Reset thresholds").click()
    expect(page.get_by_role("button", name="Reset thresholds")).to_have_count(0)


@pytest.mark.parametrize(("confidence", "iou"), [("0.3", "0.2"), ("0.02", "0.9"), ("0.6", "0.45")])
def test_thresholds_give_the_objects_that_the_server_gives(
    page: Page, looked_at: Laptop, confidence: str, iou: str
):
    open_result(page, looked_at, "cells.png")

    page.get_by_role("slider", name="Confidence").fill(confidence)
    page.get_by_role("slider", name="Overlap (IoU)").fill(iou)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()

    ours = saved.value.path().read_bytes().decode()
    asked = ["--csv", "--confidence", confidence, "--iou", iou]
    theirs = looked_at.run("results", id_of(looked_at, "cells.png"), *asked)
    assert theirs.returncode == 0, theirs.stderr
    rows = list(csv.reader(io.StringIO(ours)))
    assert rows == list(csv.reader(io.StringIO(theirs.stdout)))
    assert len(rows) > 2
    expect(page.locator(".count")).to_have_text(str(len(rows) - 1))


@pytest.mark.parametrize("name", ["steel.png", "cine.tiff"])
def test_masks_and_frames_are_shown(page: Page, looked_at: Laptop, name: str, pictures: Path):
    open_result(page, looked_at, name)
    if name == "cine.tiff":
        frame = page.get_by_role("slider", name="Frame")
        frame.press("ArrowRight")
        frame.press("ArrowRight")
        expect(frame).to_have_attribute("aria-valuetext", "3 / 8")
    else:
        page.get_by_label("Draw").select_option("Mask on black")
        comes_to_hold(lambda: grey_at(page, (128, 10), (256, 256)) == 0)
        page.get_by_label("Draw").select_option("Box, name and mask")
        comes_to_hold(lambda: grey_at(page, (128, 10), (256, 256)) > 0)
    comes_to_hold(lambda: color_of(page) > 60)
    screenshot(page, name.partition(".")[0], pictures)


def test_a_class_that_is_switched_off_leaves_the_picture_and_the_counts(
    page: Page, looked_at: Laptop, pictures: Path
):
    open_result(page, looked_at, "cells.png")
    page.get_by_role("slider", name="Confidence").fill("0.1")
    both = int(page.locator(".count").inner_text())
    screenshot(page, "detector", pictures)

    page.get_by_role("checkbox", name="red").uncheck()

    assert 0 < int(page.locator(".count").inner_text()) < both
    expect(page.locator(".classes li", has_text="red").locator("b")).to_have_text("0")


def test_a_refused_file_says_why_and_what_to_do(page: Page, looked_at: Laptop, pictures: Path):
    open_result(page, looked_at, "ct-slice.dcm")

    told = page.get_by_role("alert")
    expect(told).to_contain_text("The model does not take this kind of file")
    expect(told).to_contain_text("contract-refused")
    expect(told).to_contain_text("Choose another model")
    screenshot(page, "refused", pictures)


def test_search_and_filters_narrow_the_list(page: Page, looked_at: Laptop):
    page.goto(looked_at.url)
    expect(page.locator(".row")).not_to_have_count(0)

    page.get_by_role("searchbox").fill("ct-sl")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Failed").click()
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Model", exact=True).select_option(DETECTOR)
    expect(page.locator(".row")).to_have_count(1)


def test_the_keyboard_walks_through_the_list(page: Page, looked_at: Laptop):
    page.goto(looked_at.url)
    rows = page.locator(".row .name")
    expect(rows).not_to_have_count(0)
    names = rows.all_inner_texts()

    page.keyboard.press("j")
    page.keyboard.press("j")

    expect(page.get_by_role("heading", level=1)).to_have_text(names[2])


def test_details_tell_timeline_provenance_and_model_card(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "phantom-film.dcm")

    page.get_by_text("Timeline").click()
    expect(page.locator(".chart").get_by_text("ingest.decode")).to_be_visible()
    page.get_by_text("How the pixels were made").click()
    expect(page.locator(".steps li")).not_to_have_count(0)
    page.get_by_role("heading", name="Model", exact=True).click()
    page.get_by_role("button", name="Model card").click()
    expect(page.get_by_role("dialog")).to_contain_text("It knows nothing.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_link_to_a_result_opens_it(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "phantom-photo.png")

    page.get_by_role("button", name="Copy link").click()

    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{looked_at.url}#/r/{id_of(looked_at, 'phantom-photo.png')}"


def test_the_page_speaks_chinese_with_the_words_of_the_bundle(page: Page, looked_at: Laptop):
    page.goto(looked_at.url)

    page.get_by_label("Language").select_option("zh")

    expect(page.get_by_role("button", name="上传文件", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh"


def open_everything(page: Page) -> None:
    """An object picked, a question about a label, a word of one's own: where there are such."""
    for role, name, use in (
        ("listbox", "Objects", "ArrowDown"),
        ("button", "Disagree", "Enter"),
    ):
        one = page.get_by_role(role, name=name)  # type: ignore[arg-type]
        if one.count():
            one.press(use)
    for question in page.locator(".labels .why summary").all()[:1]:
        question.click()


@pytest.mark.parametrize("name", ["phantom-film.dcm", "thorax.dcm", "ct-slice.dcm"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    chromium: str, looked_at: Laptop, name: str, scheme: str, pictures: Path
):
    import axe_core_python

    script = Path(str(axe_core_python.__file__)).parent / "axe.min.js"
    with tab(chromium, scheme=scheme) as (page, _):
        open_result(page, looked_at, name)
        open_everything(page)
        page.wait_for_timeout(300)
        screenshot(page, f"{name.partition('.')[0]}-{scheme}", pictures)
        page.add_script_tag(path=script)
        found = page.evaluate("rules => axe.run(document, rules)", AXE_RULES)

    wrong = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]
    assert wrong == []


def test_a_phone_shows_the_list_then_the_result(chromium: str, looked_at: Laptop, pictures: Path):
    with tab(chromium, width=390, height=844, scheme="dark") as (page, complaints):
        page.goto(looked_at.url)
        row = page.locator(".row", has_text="phantom-film.dcm")
        expect(row).to_be_visible()
        screenshot(page, "phone-list", pictures)
        row.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("phantom-film.dcm")
        expect(page.get_by_role("navigation")).not_to_be_visible()
        page.wait_for_timeout(300)
        screenshot(page, "phone-result", pictures)
        page.get_by_role("slider", name="Level").scroll_into_view_if_needed()
        screenshot(page, "phone-controls", pictures)
        # Nothing is wider than the phone.
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("link", name="Back to the list").click()
        expect(row).to_be_visible()
        assert complaints == []


def test_a_picture_is_never_stale(page: Page, looked_at: Laptop):
    """Names of pictures change with their content, so the same name may be kept for ever."""
    open_result(page, looked_at, "cells.png")
    other = cells_with_another_background()
    (looked_at.bucket / DETECTOR / "cells.png").write_bytes(other)
    count = len(looked_at.results)
    looked_at.wait_for(lambda: len(looked_at.results) > count, "the new generation")
    looked_at.wait_for(
        lambda: all(r.status in ("explained", "failed") for r in looked_at.results), "its end"
    )

    places = [
        artifact.object
        for result in looked_at.results
        for artifact in result.artifacts
        if result.source.object.endswith("cells.png") and artifact.name == "display-0"
    ]

    assert len(set(places)) == 2
    address = f"{looked_at.url}artifacts/results/{places[0]}"
    kept = page.request.get(address).headers["cache-control"]
    assert "immutable" in kept
    assert "no-cache" in page.request.get(looked_at.url).headers["cache-control"]


def cells_with_another_background() -> bytes:
    import cv2

    pixels = cv2.imdecode(np.frombuffer(picture(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return bytes(cv2.imencode(".png", 255 - pixels)[1])
