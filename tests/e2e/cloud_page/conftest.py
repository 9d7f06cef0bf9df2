"""The page in the cloud: Google's own emulators of Auth and Firestore, our rules, Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dropsight.adapters.gcp.documents import FirestoreResultStore
from dropsight.adapters.gcp.session import FIRESTORE, Session
from tests.e2e.cloud_page.hosting import Hosting
from tests.e2e.page.browsing import find_chromium, tab
from tests.e2e.page.conftest import SCREENSHOTS
from tests.emulators.auth_emulator import AuthEmulator, missing_parts, running_auth_emulator
from tests.requirements_check import require

PROJECT = "demo-page"
PASSWORD = "correct horse"
NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Site:
    """A page, the accounts that may open it, and the results behind it."""

    hosting: Hosting
    auth: AuthEmulator
    results: FirestoreResultStore

    def user(self, name: str, *projects: str) -> str:
        """The e-mail address of a new account that may see these projects."""
        email = f"{name.lower()}@example.org"
        uid = self.auth.add_user(email, PASSWORD, name)
        if projects:
            self.auth.grant(uid, projects)
        return email

    def open(self, page: Page, email: str) -> None:
        """Sign in by hand, as a user does."""
        page.goto(self.hosting.url)
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("navigation", name="Worklist")).to_be_visible()


def page_config(auth: AuthEmulator, firestore: str, api: str, **changes: Any) -> str:
    return json.dumps(
        {
            "source": "firestore",
            "firebase": {
                "apiKey": "of-the-tests",
                "authDomain": f"{PROJECT}.firebaseapp.com",
                "projectId": PROJECT,
                "appId": "1:1:web:1",
            },
            "api": api,
            "signIn": ["password"],
            "emulators": {"firestore": firestore, "auth": f"http://{auth.host}"},
            **changes,
        }
    )


@pytest.fixture(autouse=True, scope="session")
def _patience() -> None:
    """Emulators that have just started, on a machine that does other things, take their time."""
    expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def auth_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuthEmulator]:
    missing = missing_parts()
    require(not missing, f"Firebase's Auth emulator needs {missing}, not found on this machine")
    with running_auth_emulator(tmp_path_factory.mktemp("auth"), PROJECT) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def chromium() -> str:
    executable = find_chromium()
    require(executable, "no Chromium on this machine: the page is not looked at")
    assert executable is not None
    return executable


@pytest.fixture(scope="module")
def site(auth_emulator: AuthEmulator, firestore_emulator: str) -> Iterator[Site]:
    """Has no API: signing in, lists and findings need none."""
    hosting = Hosting()
    hosting.config = page_config(auth_emulator, firestore_emulator, NOBODY)
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    emulators = [f"http://{auth_emulator.host}", f"http://{firestore_emulator}"]
    with hosting.serving(emulators):
        yield Site(hosting, auth_emulator, FirestoreResultStore(session, PROJECT))


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A wide window of somebody who has not been here; the page must keep its policy."""
    with tab(chromium, bypass_csp=False) as (opened, complaints):
        yield opened
    assert complaints == []


@pytest.fixture
def troubled(chromium: str) -> Iterator[Page]:
    """A window in which requests fail as a test says: Chromium complains of no more than those."""
    with tab(chromium, bypass_csp=False) as (opened, complaints):
        yield opened
    assert [one for one in complaints if not one.startswith("Failed to load resource")] == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get(SCREENSHOTS, tmp_path))
