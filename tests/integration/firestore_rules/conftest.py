"""Firestore's emulator with our rules, two results of different projects, and who asks for them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.firestore_rules.visitors import OK, Visitor, unsigned_token

PROJECT = "rules"
Visits = Callable[..., Visitor]
CHEST, STEEL = "results/chest", "results/steel"
LABELS = {"labels": ["pneumonia", "effusion"]}


@pytest.fixture
def owner(firestore_emulator: str) -> Visitor:
    """The server's side, which stored what is there."""
    made = Visitor(firestore_emulator, PROJECT, "owner")
    for path, fields in (
        (CHEST, {"project": "chest", "status": "explained", "arrivedAt": 1.0, "model": LABELS}),
        (STEEL, {"project": "steel", "status": "explained", "arrivedAt": 2.0}),
        ("results/gone", {"project": "chest", "status": "deleted"}),
        ("results/going", {"project": "chest", "status": "deleting"}),
        ("results/unowned", {"status": "explained", "arrivedAt": 3.0}),
        (f"{CHEST}/feedback/first", {"verdict": "agree"}),
        (f"{STEEL}/feedback/first", {"verdict": "agree"}),
        ("models/cxr", {"name": "cxr"}),
        ("deadLetters/one", {"reason": "none"}),
    ):
        assert made.put(path, fields) == OK
    return made


@pytest.fixture
def visits(firestore_emulator: str, owner: Visitor) -> Visits:
    """`visits(projects=["chest"], name="Ada")`: a signed-in user with these claims."""

    def visitor(uid: str = "ada", **claims: Any) -> Visitor:
        return Visitor(firestore_emulator, PROJECT, unsigned_token(PROJECT, uid, claims))

    return visitor


@pytest.fixture
def stranger(firestore_emulator: str, owner: Visitor) -> Visitor:
    return Visitor(firestore_emulator, PROJECT, None)


@pytest.fixture
def chest(visits: Visits) -> Visitor:
    return visits(projects=["chest"], name="Ada")


@pytest.fixture
def feedback_id() -> str:
    """One that nobody has used."""
    return secrets.token_hex(8)
