"""What a browser loads before the page is there, in the client as it is committed."""

from __future__ import annotations

import gzip
import re

import pytest

from dropsight.cli.page.app import STATIC

pytestmark = pytest.mark.unit

BUDGET = 300_000
"""Bytes of script, compressed."""
FIREBASE = "firestore.googleapis.com"
STATIC_IMPORT = re.compile(r'(?:import|from)\s*"\./([\w.-]+\.js)"')


def first_load() -> dict[str, bytes]:
    """Name and content of each script that index.html names, and of all that those import."""
    waiting = re.findall(r'"\./assets/([\w.-]+\.js)"', (STATIC / "index.html").read_text())
    loaded: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        if name not in loaded:
            loaded[name] = (STATIC / "assets" / name).read_bytes()
            waiting += STATIC_IMPORT.findall(loaded[name].decode())
    return loaded


def test_the_first_load_is_small():
    loaded = first_load()

    assert len(loaded) > 1
    assert sum(len(gzip.compress(one, 9)) for one in loaded.values()) < BUDGET


def test_a_laptop_loads_nothing_of_firebase():
    everything = {path.name: path.read_text() for path in (STATIC / "assets").glob("*.js")}
    of_firebase = {name for name, script in everything.items() if FIREBASE in script}

    assert of_firebase, "the page in the cloud has lost its source"
    assert of_firebase.isdisjoint(first_load())
    for sdk in ("@firebase/app", "@firebase/auth", "@firebase/firestore"):
        holders = {name for name, script in everything.items() if f"{sdk}`" in script}
        assert holders, f"no script holds {sdk}: this test does not know the build any more"
        assert holders.isdisjoint(first_load())
