"""A headless Chromium, driven by Playwright, that collects what the page complains of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

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
