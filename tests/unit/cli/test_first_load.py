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


def first_load(*later: str) -> dict[str, bytes]:
    """Name and content of each script that index.html names, and of all that those import.

    `later`: beginnings of the names of scripts that are loaded on demand, to be added.
    """
    waiting = re.findall(r'"\./assets/([\w.-]+\.js)"', (STATIC / "index.html").read_text())
    for beginning in later:
        (found,) = (STATIC / "assets").glob(f"{beginning}-*.js")
        waiting.append(found.name)
    loaded: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        if name not in loaded:
            loaded[name] = (STATIC / "assets" / name).read_bytes()
            waiting += STATIC_IMPORT.findall(loaded[name].decode())
    return loaded


def compressed(loaded: dict[str, bytes]) -> int:
    """Bytes, by gzip."""
    return sum(len(gzip.compress(one, 9)) for one in loaded.values())


def test_the_first_load_is_small():
    loaded = first_load()

    assert len(loaded) > 1
    assert compressed(loaded) < BUDGET


def test_the_sign_in_screen_of_the_cloud_is_small_and_firestore_is_what_follows_it():
    sign_in = first_load("openGate", "Entrance")
    signed_in = first_load("openGate", "Entrance", "openSource")

    assert compressed(sign_in) < BUDGET
    assert not any(FIREBASE in one.decode() for one in sign_in.values())
    # Firestore's client alone is 135 kB. Firebase Hosting compresses by Brotli: 276 kB in all.
    assert compressed(signed_in) < 330_000


def test_a_laptop_loads_nothing_of_firebase():
    everything = {path.name: path.read_text() for path in (STATIC / "assets").glob("*.js")}
    of_firebase = {name for name, script in everything.items() if FIREBASE in script}

    assert of_firebase, "the page in the cloud has lost its source"
    assert of_firebase.isdisjoint(first_load())
    for sdk in ("@firebase/app", "@firebase/auth", "@firebase/firestore"):
        holders = {name for name, script in everything.items() if f"{sdk}`" in script}
        assert holders, f"no script holds {sdk}: this test does not know the build any more"
        assert holders.isdisjoint(first_load())
