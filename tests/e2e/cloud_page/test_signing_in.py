"""Who gets into the page in the cloud, and what they see there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dropsight.domain.progress import mark_deleting
from dropsight.domain.results import Finding, ModelReference, Result, Source
from dropsight.domain.wire import replace
from tests.e2e.cloud_page.conftest import PASSWORD, Site
from tests.e2e.page.browsing import tab
from tests.e2e.page.conftest import screenshot

pytestmark = pytest.mark.e2e

AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE_S = 60.0
IDENTITY = "abcdefghijklmnopqrstuvwxy"


def stored(site: Site, project: str, name: str, at: float, first: str) -> Result:
    """A result that is explained, without pictures. Its id begins with `first`, as no other."""
    result = Result(
        result_id=f"{first}{IDENTITY}",
        project=project,
        status="explained",
        timestamps={"queued": at, "explained": at + 1},
        source=Source(bucket="landing", object=f"{project}/{name}", generation=1),
        model=ModelReference(
            name="cxr", version="1", digest="sha256:0", runtime="onnx", task="classification"
        ),
        findings=[Finding(label="pneumonia", probability=0.93, threshold=0.5, positive=True)],
    )
    assert site.results.create(result)
    return result


def names(page: Page) -> list[str]:
    return page.locator(".row .name").all_inner_texts()


def wrong_for_axe(page: Page, part: str = "html") -> list[str]:
    import axe_core_python

    page.add_script_tag(path=Path(str(axe_core_python.__file__)).parent / "axe.min.js")
    found = page.evaluate("([part, rules]) => axe.run(part, rules)", [part, AXE_RULES])
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


def test_a_wrong_password_is_told(troubled: Page, site: Site):
    email = site.user("Barbara", "signing-in")
    troubled.goto(site.hosting.url)
    troubled.get_by_label("E-mail").fill(email)
    troubled.get_by_label("Password", exact=True).fill("wrong")
    troubled.keyboard.press("Enter")

    expect(troubled.get_by_role("alert")).to_have_text("E-mail or password is wrong.")


def test_a_password_opens_the_page_and_signing_out_closes_it(
    page: Page, site: Site, pictures: Path
):
    email = site.user("Ada", "signing-in")
    page.goto(site.hosting.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    screenshot(page, "cloud-sign-in", pictures)
    site.open(page, email)

    expect(page.get_by_text("No results yet.")).to_be_visible()
    expect(page.get_by_role("banner").get_by_text("Live")).to_be_visible()
    page.get_by_role("button", name="Account of Ada").click()
    expect(page.get_by_text("Project: signing-in")).to_be_visible()
    screenshot(page, "cloud-account", pictures)
    with page.expect_navigation():  # nothing that was looked at stays in memory
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_is_signed_in_stays_so_when_the_page_is_loaded_again(page: Page, site: Site):
    site.open(page, site.user("Grace", "signing-in"))

    page.reload()

    expect(page.get_by_role("button", name="Account of Grace")).to_be_visible()


def test_a_user_without_a_project_gets_in_once_one_is_granted(
    page: Page, site: Site, pictures: Path
):
    email = site.user("Niels")
    page.goto(site.hosting.url)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No project yet")).to_be_visible()
    expect(page.get_by_text(email)).to_be_visible()
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Still no project.")).to_be_visible()
    screenshot(page, "cloud-no-project", pictures)

    site.auth.grant(site.auth.uid(email), ["late"])
    page.get_by_role("button", name="Check again").click()

    expect(page.get_by_role("navigation", name="Worklist")).to_be_visible()


def test_a_user_sees_the_results_of_their_projects_alone(page: Page, site: Site):
    stored(site, "hearts", "one.dcm", 1000.0, "a")
    other = stored(site, "lungs", "two.dcm", 2000.0, "b")
    stored(site, "bones", "three.dcm", 3000.0, "c")

    site.open(page, site.user("Mary", "hearts", "bones"))

    expect(page.locator(".row")).to_have_count(2)
    assert names(page) == ["three.dcm", "one.dcm"]
    page.goto(f"{site.hosting.url}#/r/{other.result_id}")
    expect(page.get_by_role("alert")).to_contain_text("There is no such result")


def test_the_list_follows_what_is_new_what_changes_and_what_is_deleted(page: Page, site: Site):
    first = stored(site, "followed", "old.dcm", 1000.0, "d")
    site.open(page, site.user("Rosalind", "followed"))
    row = page.locator(".row", has_text="old.dcm")
    expect(row).to_contain_text("pneumonia 93")

    second = stored(site, "followed", "new.dcm", 2000.0, "e")
    expect(page.locator(".row")).to_have_count(2)
    site.results.update(first.result_id, lambda one: replace(one, findings=[]))
    expect(row).to_contain_text("Nothing found")
    site.results.update(second.result_id, lambda one: mark_deleting(one, 3000.0))

    expect(page.locator(".row")).to_have_count(1)
    page.goto(f"{site.hosting.url}#/r/{second.result_id}")
    expect(page.get_by_role("alert")).to_contain_text("There is no such result")


def test_what_came_while_the_network_was_away_is_there_when_it_is_back(troubled: Page, site: Site):
    site.open(troubled, site.user("Guglielmo", "waves"))
    connection = troubled.get_by_role("banner").get_by_role("status").first
    expect(connection).to_have_text("Live")

    troubled.context.set_offline(True)
    expect(connection).to_have_text("Not connected, trying again")
    stored(site, "waves", "meanwhile.dcm", 1000.0, "w")
    troubled.context.set_offline(False)

    expect(troubled.locator(".row")).to_contain_text("meanwhile.dcm")
    expect(connection).to_have_text("Live")


def test_the_list_goes_back_as_far_as_there_are_results(page: Page, site: Site):
    """Pages have 200 results: these are three. The listener tells of what was written in the last
    half minute as well, so the pages are counted, not the rows in between."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(450):
        stored(site, "many", f"{number}.dcm", 1000.0 + number, f"m{letters[number % 26]}{number}")
    pages: list[str] = []
    page.on("request", lambda one: pages.append(one.url) if ":runQuery" in one.url else None)
    site.open(page, site.user("Emmy", "many"))
    expect(page.locator(".row").first).to_contain_text("449.dcm")
    assert len(pages) == 1  # no more than is looked at

    end = time.monotonic() + PATIENCE_S
    while len(pages) < 3 or page.locator(".row").last.get_attribute("title") != "many/0.dcm":
        assert time.monotonic() < end, f"{len(pages)} pages were read, and not all rows are there"
        page.locator(".rows").evaluate("element => element.scrollTo(0, element.scrollHeight)")
        page.wait_for_timeout(100)

    expect(page.get_by_role("button", name="All")).to_contain_text("450")
    assert len(pages) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_wrong_where_users_sign_in(
    chromium: str, site: Site, scheme: str, language: str, pictures: Path
):
    with tab(chromium, width=390, height=844, scheme=scheme) as (page, complaints):
        page.goto(site.hosting.url)
        page.get_by_role("combobox").select_option(language)
        expect(page.locator("input[type=password]")).to_be_visible()
        screenshot(page, f"cloud-phone-{language}-{scheme}", pictures)
        assert wrong_for_axe(page) == []
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_room_for_the_account(chromium: str, site: Site, scheme: str, pictures: Path):
    stored(site, f"pocket-{scheme}", "one.dcm", 1000.0, f"p-{scheme}")
    email = site.user(f"Alexander-{scheme}", f"pocket-{scheme}")
    with tab(chromium, width=390, height=844, scheme=scheme) as (page, complaints):
        site.open(page, email)
        expect(page.locator(".row")).to_have_count(1)
        page.get_by_role("button", name="Account of").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        screenshot(page, f"cloud-phone-account-{scheme}", pictures)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert wrong_for_axe(page, ".account-card") == []
        assert complaints == []


def test_a_configuration_that_cannot_be_used_says_what_is_wrong(
    chromium: str, site: Site, pictures: Path
):
    right = site.hosting.config
    site.hosting.config = '{"source": "moon"}'
    try:
        with tab(chromium) as (page, _):
            page.goto(site.hosting.url)
            expect(page.get_by_role("alert")).to_contain_text(
                'config.json, source: found "moon", expected "laptop" or "firestore"'
            )
            screenshot(page, "cloud-misconfigured", pictures)
    finally:
        site.hosting.config = right
