"""`dropsight backfill` on a laptop's root."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dropsight.cli.main import main
from dropsight.cli.store import Store, open_store
from dropsight.domain.events import TOPIC_FINALIZED, push_subscription
from dropsight.settings import Settings
from tests.e2e.tiny_bundle import NAME, write_bundle

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two files of one model and one of none, which nobody has announced."""
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    monkeypatch.setenv("DROPSIGHT_MODELS", str(tmp_path / "models"))
    write_bundle(tmp_path / "models", NAME)
    made = open_store(Settings(root=tmp_path))
    for name in (f"{NAME}/a.png", f"{NAME}/b.png", "elsewhere/c.png"):
        made.objects.write("landing", name, b"upload")
    return made


def announced(store: Store) -> list[str]:
    deliveries = store.queue.pull(push_subscription(TOPIC_FINALIZED), limit=10)
    return [json.loads(one.data)["name"] for one in deliveries]


def test_files_without_a_result_are_announced(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backfill", "--rate", "1000"]) == 0
    assert capsys.readouterr().out == "2 published, 0 have a result, 1 are in no route\n"
    assert announced(store) == [f"{NAME}/a.png", f"{NAME}/b.png"]


def test_a_dry_run_only_counts(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backfill", "--dry-run", "--json", "--after", f"{NAME}/a.png"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"published": 1, "hasResult": 0, "noRoute": 1, "last": "elsewhere/c.png"}
    store.subscribe()
    assert announced(store) == []


def test_a_rate_that_is_no_rate_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backfill", "--rate", "0"]) == 2
    assert "--rate: found 0, legal is more than 0" in capsys.readouterr().err


def test_a_run_that_ends_early_says_where_to_go_on(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = store.queue.publish

    def interrupted(topic: str, data: bytes, attributes: dict[str, str]) -> str:
        if b"b.png" in data:
            raise KeyboardInterrupt
        return published(topic, data, attributes)

    monkeypatch.setattr(type(store.queue), "publish", lambda _, *given: interrupted(*given))
    assert main(["backfill", "--rate", "1000"]) == 130
    assert f"go on with --after '{NAME}/a.png'" in capsys.readouterr().err
