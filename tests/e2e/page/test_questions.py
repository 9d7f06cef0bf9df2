"""Asking why, saying what one thinks, and uploads that break: the page and its server together."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import Laptop
from tests.e2e.page.browsing import color_of, comes_to_hold, id_of, on_screen, open_result, tab
from tests.e2e.page.conftest import screenshot
from tests.e2e.page.phantoms import CT_SIDE, NODULE

pytestmark = pytest.mark.e2e


def click_at(page: Page, source: tuple[int, int], size: tuple[int, int]) -> None:
    x, y = on_screen(page, source, size)
    page.locator(".stage canvas").last.click(position={"x": x, "y": y})


def test_an_object_that_is_clicked_says_what_it_is_and_is_explained(
    page: Page, looked_at: Laptop, pictures: Path
):
    open_result(page, looked_at, "thorax.dcm")
    expect(page.locator(".count")).to_have_text("2")

    click_at(page, NODULE, (CT_SIDE, CT_SIDE))
    picked = page.get_by_role("region", name="red #0")
    expect(picked).to_contain_text("91 %")
    listed = page.get_by_role("listbox", name="Objects")
    expect(listed.get_by_role("option", selected=True)).to_contain_text("red")
    picked.get_by_role("button", name="Explain by LIME").click()

    expect(picked.get_by_text("LIME is being made")).to_be_visible()
    shown = picked.get_by_role("button", name="Explain by LIME")
    expect(shown).to_have_attribute("aria-pressed", "true", timeout=60_000)
    expect(page.get_by_role("region", name="How far to trust it")).to_contain_text("LIME · red #0")
    screenshot(page, "object-explained", pictures)


def test_objects_are_picked_with_the_keyboard(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "steel.png")
    page.get_by_role("listbox", name="Objects").focus()

    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="red #0")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="white #1")).to_contain_text("81 %")
    # The list of results stays where it is.
    expect(page.get_by_role("heading", level=1)).to_have_text("steel.png")


def test_a_click_beside_every_object_picks_none(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "thorax.dcm")
    click_at(page, NODULE, (CT_SIDE, CT_SIDE))
    expect(page.locator(".picked")).to_be_visible()
    click_at(page, (10, 10), (CT_SIDE, CT_SIDE))
    expect(page.locator(".picked")).to_have_count(0)


def test_a_question_that_is_refused_shows_the_sentence(chromium: str, looked_at: Laptop):
    sentence = "result x: was made by version 1 of toy, and served now is version 2 of it"
    body = json.dumps({"error": {"code": "explanation-unavailable", "message": sentence}})

    def refuse(route: Route) -> None:
        route.fulfill(status=422, content_type="application/json", body=body)

    with tab(chromium) as (page, _):  # a refusal is written to the console by the browser itself
        page.route("**/explanations", refuse)
        open_result(page, looked_at, "steel.png")
        page.get_by_role("listbox", name="Objects").press("ArrowDown")
        page.get_by_role("button", name="Explain by LIME").click()
        expect(page.get_by_role("alert")).to_have_text(sentence)
        expect(page.get_by_role("button", name="Explain by LIME")).to_be_enabled()


def test_any_label_of_a_classifier_is_explained_when_asked(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "film-1.dcm")
    page.get_by_role("button", name="Image only").click()
    comes_to_hold(lambda: color_of(page) < 10)
    page.get_by_text("Why Bacterial?").click()
    about = page.locator(".labels li", has_text="Bacterial")

    about.get_by_role("button", name="Explain by Grad-CAM").click()

    expect(about.get_by_role("button", name="Explain by Grad-CAM")).to_have_attribute(
        "aria-pressed", "true", timeout=60_000
    )
    expect(page.get_by_role("region", name="How far to trust it")).to_contain_text("Bacterial")
    comes_to_hold(lambda: color_of(page) > 60)


def test_feedback_is_kept_with_its_author_for_a_label_or_for_all(
    page: Page, looked_at: Laptop, pictures: Path
):
    open_result(page, looked_at, "phantom-film.dcm")
    panel = page.get_by_role("region", name="Feedback")
    expect(panel).to_contain_text("Nobody has said anything yet.")

    panel.get_by_role("button", name="Disagree").click()
    panel.get_by_label("About").select_option("Viral")
    panel.get_by_label("Comment (optional)").fill("The opacity is an old scar.")
    screenshot(page, "feedback", pictures)
    panel.get_by_role("button", name="Send").click()
    said = panel.get_by_role("list", name="What was said").get_by_role("listitem")
    expect(said).to_have_count(1)
    panel.get_by_role("button", name="Agree", exact=True).click()
    panel.get_by_role("button", name="Send").click()
    expect(said).to_have_count(2)

    page.reload()
    expect(said.first).to_contain_text("Agrees")
    expect(said.last).to_contain_text("Disagrees · Viral")
    expect(said.last).to_contain_text("The opacity is an old scar.")
    expect(said.last).to_contain_text("laptop")
    stored = looked_at.get(f"v1/results/{id_of(looked_at, 'phantom-film.dcm')}/feedback")
    assert [one["verdict"] for one in stored["feedback"]] == ["disagree", "agree"]


def test_labels_are_exported_as_the_server_does(page: Page, looked_at: Laptop):
    open_result(page, looked_at, "phantom-film.dcm")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()
    ours = saved.value.path().read_bytes().decode()
    theirs = looked_at.run("results", id_of(looked_at, "phantom-film.dcm"), "--csv")
    assert theirs.returncode == 0, theirs.stderr
    assert list(csv.reader(io.StringIO(ours))) == list(csv.reader(io.StringIO(theirs.stdout)))


def test_an_upload_whose_connection_breaks_says_so_and_is_tried_again(
    chromium: str, looked_at: Laptop
):
    with tab(chromium) as (page, _):
        page.goto(looked_at.url)
        page.get_by_label("Goes to").select_option("cxr")
        page.route("**/api/upload*", lambda route: route.abort("connectionreset"))
        page.get_by_test_id("files").set_input_files(
            {"name": "broken-off.png", "mimeType": "image/png", "buffer": samples()[1].data}
        )
        panel = page.get_by_role("complementary", name="Uploads")
        expect(panel).to_contain_text("The connection was lost before the file had arrived.")

        page.unroute("**/api/upload*")
        panel.get_by_role("button", name="Try again").click()

        expect(panel.get_by_role("link", name="Open result")).to_be_visible()
        expect(panel).not_to_contain_text("The connection was lost")
    looked_at.wait_for(
        lambda: all(one.status in ("explained", "failed") for one in looked_at.results), "its end"
    )
