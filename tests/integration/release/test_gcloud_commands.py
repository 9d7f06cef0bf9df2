"""The real gcloud understands every command of a release."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from deploy.canary.gcloud import Gcloud, ReleaseFailed
from tests.integration.release.gcloud_check import not_understood

pytestmark = pytest.mark.integration


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that `Gcloud` can ask, as it asks it."""
    log, recorder = folder / "asked", folder / "bin/gcloud"
    recorder.parent.mkdir()
    recorder.write_text(
        "#!/usr/bin/env python3\n"
        "import json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(log)!r}, 'a'))\n"
        "sys.exit(1)\n"
    )
    recorder.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(recorder.parent), prepend=":")
        gcloud = Gcloud("a-project", "us-central1")
        for ask in (
            lambda: gcloud.service("s"),
            lambda: gcloud.deploy_without_traffic("s", "r/p/d/i@sha256:1", "canary"),
            lambda: gcloud.traffic("s", "--update-tags=stable=s-1"),
            lambda: gcloud.traffic("s", "--to-revisions=s-2=10"),
            lambda: gcloud.traffic("s", "--to-latest", "--clear-tags"),
            lambda: gcloud.traffic("s", "--to-revisions=s-1=100", "--clear-tags"),
            lambda: gcloud.identity_token("https://s"),
            lambda: gcloud.log_entries('a="b"', 5, ("timestamp", "httpRequest.status")),
        ):
            with pytest.raises(ReleaseFailed):
                ask()
    lines = log.read_text().splitlines()
    return [shlex.join(["gcloud", *json.loads(line)]) for line in lines]


def test_gcloud_understands_what_a_release_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = asked(tmp_path, monkeypatch)
    assert len(commands) == 8
    wrong = "gcloud run services update-traffic s --to-nowhere"
    found = not_understood([*commands, wrong], tmp_path)
    assert list(found) == [wrong]
    assert "--to-nowhere" in found[wrong]
