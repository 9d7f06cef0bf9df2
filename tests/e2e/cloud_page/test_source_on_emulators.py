"""The page's source in the cloud, with the official client in Node (`web/tests/emulated`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dropsight.adapters.gcp.feedback import FirestoreFeedbackStore
from dropsight.adapters.gcp.models import FirestoreModelCatalogue
from dropsight.adapters.gcp.session import FIRESTORE, Session
from dropsight.cli.publishing import described
from dropsight.domain.manifests import load_manifests
from dropsight.domain.results import Finding, ModelReference, Result, Source, Study
from dropsight.settings import Settings
from tests.e2e.cloud_page.conftest import PROJECT, Site
from tests.e2e.tiny_bundle import write_bundle
from tests.requirements_check import require

pytestmark = pytest.mark.e2e

WEB = Path(__file__).parents[3] / "web"
VITEST = WEB / "node_modules/vitest/vitest.mjs"
MINE, OTHERS = "r" * 26, "s" * 26


def result(identity: str, project: str) -> Result:
    return Result(
        result_id=identity,
        project=project,
        status="explained",
        timestamps={"queued": 1000.5},
        source=Source(bucket="landing", object="cxr/a.dcm", generation=1700000000000001),
        model=ModelReference(
            name="cxr",
            version="1",
            digest="sha256:0",
            runtime="onnx",
            task="classification",
            labels=["pneumonia"],
        ),
        study=Study(patient_id="p1"),
        findings=[Finding(label="pneumonia", probability=0.93, threshold=0.5, positive=True)],
    )


def test_the_source_keeps_its_promises(site: Site, firestore_emulator: str, tmp_path: Path):
    node = shutil.which("node")
    require(node and VITEST.is_file(), "node or web/node_modules is missing: `make web` has both")
    assert node is not None
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    models = tmp_path / "models"
    write_bundle(models, "cxr")
    settings = Settings(
        models=models, routes={"cxr": "cxr", "other": "cxr"}, projects={"cxr": "read"}
    )
    catalogue = FirestoreModelCatalogue(session, PROJECT)
    catalogue.publish(described(load_manifests(models), models, settings))
    site.results.create(result(MINE, "read"))
    site.results.create(result(OTHERS, "unread"))

    run = subprocess.run(
        [node, VITEST, "run", "tests/emulated"],
        cwd=WEB,
        env={
            **os.environ,
            "DROPSIGHT_PAGE_CONFIG": site.hosting.config,
            "DROPSIGHT_ACCOUNT": site.user("Agnes", "read"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 passed" in run.stdout, run.stdout
    # What the page wrote, the servers read.
    kept = FirestoreFeedbackStore(session, PROJECT).list(MINE)
    assert [(one.verdict, one.label, one.author.name) for one in kept] == [
        ("agree", None, "Agnes"),
        ("disagree", "pneumonia", "Agnes"),
    ]
