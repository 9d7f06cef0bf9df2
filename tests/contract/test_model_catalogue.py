"""`dropsight models publish` on Google's own Firestore emulator, with the shipped bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from dropsight.cli.main import main
from dropsight.domain.manifests import load_manifests
from dropsight.domain.wire import encode
from tests.contract.conftest import fresh_name

pytestmark = pytest.mark.contract

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def project(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    name = fresh_name("project")
    for variable, value in {
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": name,
        "DROPSIGHT_MODELS": str(MODELS),
        "DROPSIGHT_ROUTES": '{"cxr": "cxr-pneumonia"}',
        "DROPSIGHT_PROJECTS": '{"cxr": "north"}',
    }.items():
        monkeypatch.setenv(variable, value)
    return name


def stored(project: str) -> dict[str, Any]:
    client = firestore.Client(project=project, credentials=AnonymousCredentials())
    return {one.id: one.to_dict() for one in client.collection("models").stream()}


def test_every_bundle_is_there_as_the_container_describes_it(project: str, capsys: Any) -> None:
    assert main(["models", "publish"]) == 0

    manifests, found = load_manifests(MODELS), stored(project)
    assert sorted(found) == sorted(manifests)
    for name, manifest in manifests.items():
        assert found[name]["manifest"] == json.loads(encode(manifest)), name
        assert found[name]["digest"] == manifest.digest
        assert found[name]["card"] == (MODELS / name / "MODEL_CARD.md").read_text("utf-8")
    assert found["cxr-pneumonia"]["routes"] == {"cxr": "north", "cxr-pneumonia": "default"}
    assert len(capsys.readouterr().out.splitlines()) == len(manifests)


def test_what_is_no_longer_served_goes(
    project: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    main(["models", "publish"])
    monkeypatch.setenv("DROPSIGHT_SERVE", "cxr-pneumonia")

    assert main(["models", "publish"]) == 0
    assert main(["models", "publish"]) == 0

    assert list(stored(project)) == ["cxr-pneumonia"]
    assert "bright-spots  removed" in capsys.readouterr().out


def test_on_a_laptop_there_is_nobody_to_tell(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("DROPSIGHT_BACKEND", "embedded")

    assert main(["models", "publish"]) == 2
    assert "legal is gcp" in capsys.readouterr().err
