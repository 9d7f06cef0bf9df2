"""Dead letters in Firestore have the field by which its TTL policy deletes them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from dropsight.adapters.gcp.documents import (
    DEAD_LETTERS,
    EXPIRES_AT,
    KEPT,
    FirestoreDeadLetterStore,
)
from dropsight.adapters.gcp.session import FIRESTORE, Session
from tests.contract.records import letter

pytestmark = pytest.mark.contract

DATABASE = Path(__file__).parents[2] / "terraform" / "database.tf"


def test_a_letter_expires_180_days_after_it_failed(
    firestore_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = f"p-{uuid.uuid4().hex[:12]}"
    store = FirestoreDeadLetterStore(
        Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator}), project
    )
    store.put(letter(failed_at=86_400.0))

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    client = firestore.Client(project=project, credentials=AnonymousCredentials())
    stored = client.document(f"{DEAD_LETTERS}/m1").get().to_dict()

    assert stored is not None
    assert stored[EXPIRES_AT] == datetime(1970, 1, 2, tzinfo=UTC) + KEPT
    assert stored[EXPIRES_AT] == datetime(1970, 7, 1, tzinfo=UTC)
    assert store.get("m1") == letter(failed_at=86_400.0)


def test_the_policy_is_on_that_field_of_that_collection() -> None:
    policy = DATABASE.read_text().partition('"dead_letter_expiry"')[2].partition("\n}")[0]
    assert f'collection = "{DEAD_LETTERS}"' in policy
    assert f'field      = "{EXPIRES_AT}"' in policy
    assert "ttl_config {}" in policy
