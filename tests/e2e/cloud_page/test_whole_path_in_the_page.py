"""One upload through the page in the cloud: dropped, explained, looked at, judged, exported."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import urllib3
from playwright.sync_api import Page, Route, expect

from dropsight.adapters.gcp.documents import FirestoreResultStore
from dropsight.adapters.gcp.session import FIRESTORE, Session
from dropsight.cli.samples.catalogue import samples
from tests.e2e.cloud_page.conftest import PASSWORD, PROJECT, Site, page_config
from tests.e2e.cloud_page.hosting import Hosting
from tests.e2e.cloud_page.whole_cloud import cloud_environment, running_cloud
from tests.e2e.page.conftest import DETECTOR, SIDE, crowd, picture, screenshot
from tests.e2e.tiny_bundle import NAME, write_bundle
from tests.emulators.auth_emulator import AuthEmulator
from tests.emulators.iam_server import ACCOUNT, running_iam_server
from tests.emulators.object_server import ObjectServer
from tests.toy_objects import head_network, write_objects_bundle

pytestmark = pytest.mark.e2e

MEBIBYTE = 1024 * 1024
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Cloud:
    site: Site
    api: str

    def ask(self, method: str, path: str, email: str, **body: Any) -> Any:
        """The API's answer to this user, as its own client gets it."""
        token = self.site.auth.token(email, PASSWORD)
        return urllib3.request(
            method,
            self.api + path,
            headers={"authorization": f"Bearer {token}"},
            retries=False,
            **body,
        )


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
    auth_emulator: AuthEmulator,
    firestore_emulator: str,
    pubsub_emulator: str,
    object_server: ObjectServer,
) -> Iterator[Cloud]:
    """A classifier behind cxr/ for the project `chest`, a detector for `cells`."""
    folder = tmp_path_factory.mktemp("cloud")
    models = folder / "models"
    write_bundle(models)
    write_objects_bundle(models / DETECTOR, head_network(crowd(), SIDE), SIDE, "detection")
    hosting = Hosting()
    places = [f"http://{auth_emulator.host}", f"http://{firestore_emulator}"]
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    with running_iam_server() as iam, hosting.serving(places):
        object_server.xml.signers[ACCOUNT] = iam.key.private.public_key()
        object_server.xml.cors.origins.add(hosting.url)
        environment = cloud_environment(
            project=PROJECT,
            models=models,
            routes={"cxr": NAME},
            projects={"cxr": "chest", NAME: "chest", DETECTOR: "cells"},
            page=hosting.url,
            hosts={
                "STORAGE_EMULATOR_HOST": object_server.address,
                "PUBSUB_EMULATOR_HOST": pubsub_emulator,
                "FIRESTORE_EMULATOR_HOST": firestore_emulator,
                "FIREBASE_AUTH_EMULATOR_HOST": auth_emulator.host,
                "IAM_CREDENTIALS_EMULATOR_HOST": iam.address,
            },
        )
        publish = [sys.executable, "-m", "dropsight.cli.main", "models", "publish"]
        subprocess.run(publish, env={**os.environ, **environment}, check=True)
        with running_cloud(environment, object_server, pubsub_emulator, folder) as api:
            places += [api, object_server.address]
            hosting.config = page_config(auth_emulator, firestore_emulator, api)
            store = FirestoreResultStore(session, PROJECT)
            yield Cloud(Site(hosting, auth_emulator, store), api)


def choose_file(page: Page, name: str, data: bytes, kind: str = "image/png") -> None:
    page.get_by_test_id("files").set_input_files({"name": name, "mimeType": kind, "buffer": data})


def test_a_file_is_uploaded_explained_and_judged(page: Page, cloud: Cloud, pictures: Path):
    email = cloud.site.user("Florence", "chest")
    cloud.site.open(page, email)
    page.get_by_label("Goes to").select_option("cxr")

    choose_file(page, "phantom.png", samples()[1].data)

    row = page.locator(".row", has_text="phantom.png")
    expect(row).to_contain_text("Explained", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Open result").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("phantom.png")
    method = page.get_by_role("group", name="Explanation")
    expect(method.get_by_role("button", name="Grad-CAM")).to_have_attribute("aria-pressed", "true")
    expect(row.locator("img")).to_be_visible()  # by a signed address
    page.wait_for_function(HAS_COLOUR)
    screenshot(page, "cloud-film", pictures)

    panel = page.get_by_role("region", name="Feedback")
    panel.get_by_role("button", name="Disagree").click()
    panel.get_by_label("About").select_option("Viral")
    panel.get_by_label("Comment (optional)").fill("An old scar.")
    panel.get_by_role("button", name="Send").click()
    said = panel.get_by_role("list", name="What was said").get_by_role("listitem")
    expect(said).to_have_count(1)
    expect(said).to_contain_text("Florence")
    screenshot(page, "cloud-feedback", pictures)

    page.get_by_text("Why Bacterial?").click()
    about = page.locator(".labels li", has_text="Bacterial")
    about.get_by_role("button", name="Explain by Grad-CAM").click()
    expect(about.get_by_role("button", name="Explain by Grad-CAM")).to_have_attribute(
        "aria-pressed", "true", timeout=PATIENCE_MS
    )

    identity = page.url.rpartition("/")[2]
    kept = cloud.ask("GET", f"/v1/results/{identity}/feedback", email).json()["feedback"]
    assert [(one["verdict"], one["comment"], one["label"]) for one in kept] == [
        ("disagree", "An old scar.", "viral")
    ]
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON", exact=True).click()
    ours = json.loads(saved.value.path().read_text())
    theirs = cloud.ask("GET", f"/v1/results/{identity}", email).json()
    assert ours["resultId"] == theirs["resultId"] == identity
    assert [one["probability"] for one in ours["findings"]] == [
        one["probability"] for one in theirs["findings"]
    ]


HAS_COLOUR = """() => {
    const canvas = [...document.querySelectorAll(".stage canvas")].at(-1);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
        const [red, , blue] = data.slice(at, at + 3);
        if (Math.abs(red - blue) > 60) return true;
    }
    return false;
}"""
"""A radiograph is grey; only the explanation over it has colour."""


def test_the_boxes_seen_are_the_boxes_that_the_api_exports(
    page: Page, cloud: Cloud, pictures: Path
):
    email = cloud.site.user("Louis", "cells")
    cloud.site.open(page, email)
    page.get_by_label("Goes to").select_option(DETECTOR)
    choose_file(page, "cells.png", picture())
    row = page.locator(".row", has_text="cells.png")
    expect(row).to_contain_text("Explained", timeout=PATIENCE_MS)
    row.click()

    page.get_by_role("slider", name="Confidence").fill("0.3")
    page.get_by_role("slider", name="Overlap (IoU)").fill("0.2")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()

    identity = page.url.rpartition("/")[2]
    answer = cloud.ask("GET", f"/v1/results/{identity}.csv?confidence=0.3&iou=0.2", email)
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text())))
    assert rows == list(csv.reader(io.StringIO(answer.data.decode())))
    assert len(rows) > 2
    screenshot(page, "cloud-detector", pictures)


def test_an_upload_goes_on_where_a_lost_connection_left_it(troubled: Page, cloud: Cloud):
    """Of 20 MiB in pieces of 8 the answers to the first and the last are lost."""
    cloud.site.open(troubled, cloud.site.user("Wilhelm", "chest"))
    troubled.get_by_label("Goes to").select_option("cxr")
    ranges: list[str] = []

    def unreliable(route: Route) -> None:
        found = route.request.headers.get("content-range", "")
        ranges.append(found)
        if found.startswith(("bytes 0-", f"bytes {16 * MEBIBYTE}-")):
            route.fetch()  # it arrives, but the browser does not learn of it
            route.abort()
        else:
            route.continue_()

    troubled.route(lambda url: "upload_id=" in url, unreliable)
    data = np.random.default_rng(1).bytes(20 * MEBIBYTE)

    choose_file(troubled, "large.bin", data, "application/octet-stream")

    expect(troubled.locator(".uploads li.done")).to_contain_text("large.bin", timeout=PATIENCE_MS)
    total = 20 * MEBIBYTE
    assert [one for one in ranges if one] == [
        f"bytes 0-{8 * MEBIBYTE - 1}/{total}",
        f"bytes */{total}",
        f"bytes {8 * MEBIBYTE}-{16 * MEBIBYTE - 1}/{total}",
        f"bytes {16 * MEBIBYTE}-{total - 1}/{total}",
        f"bytes */{total}",
    ]
    row = troubled.locator(".row", has_text="large.bin")
    expect(row).to_contain_text("This is not a kind of file that can be read", timeout=PATIENCE_MS)


def test_a_refused_upload_says_why(troubled: Page, cloud: Cloud):
    cloud.site.open(troubled, cloud.site.user("Marie", "chest"))
    expect(troubled.get_by_label("Goes to").get_by_role("option")).to_have_text(
        ["cxr/", f"{NAME}/"]
    )

    choose_file(troubled, "gpj\u202eexe", picture())

    refused = troubled.locator(".uploads li.refused")
    expect(refused).to_contain_text("name: found the character U+202E, which is none of a name")
