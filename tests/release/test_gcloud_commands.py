"""The real gcloud understands every command of a release: without an account it refuses to carry
one out, but only after it has read its options."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.canary.gcloud import Gcloud, ReleaseFailed
from tests.requirements_check import require

pytestmark = pytest.mark.integration

NO_ACCOUNT = "You do not currently have an active account selected"

COMMANDS: dict[str, Callable[[Gcloud], object]] = {
    "describe": lambda gcloud: gcloud.service("s"),
    "deploy": lambda gcloud: gcloud.deploy_without_traffic("s", "r/p/d/i@sha256:1", "canary"),
    "tag": lambda gcloud: gcloud.traffic("s", "--update-tags=stable=s-1"),
    "split": lambda gcloud: gcloud.traffic("s", "--to-revisions=s-2=10"),
    "promote": lambda gcloud: gcloud.traffic("s", "--to-latest", "--clear-tags"),
    "roll back": lambda gcloud: gcloud.traffic("s", "--to-revisions=s-1=100", "--clear-tags"),
    "token": lambda gcloud: gcloud.identity_token("https://s"),
    "logs": lambda gcloud: gcloud.log_entries('a="b"', 5, ("timestamp", "httpRequest.status")),
}


@pytest.fixture
def gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gcloud:
    require(shutil.which("gcloud"), "gcloud")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
    monkeypatch.setenv("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false")
    return Gcloud("a-project", "us-central1")


@pytest.mark.parametrize("command", COMMANDS)
def test_gcloud_understands_what_a_release_asks(gcloud: Gcloud, command: str) -> None:
    with pytest.raises(ReleaseFailed, match=NO_ACCOUNT):
        COMMANDS[command](gcloud)


def test_an_option_that_there_is_not_would_be_found(gcloud: Gcloud) -> None:
    with pytest.raises(ReleaseFailed, match="unrecognized arguments: --to-nowhere"):
        gcloud.traffic("s", "--to-nowhere")
