"""Whether the installed gcloud understands commands, without running one of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.requirements_check import require


def not_understood(commands: Sequence[str], folder: Path) -> dict[str, str]:
    """What gcloud's own linter says against each, by command; empty where nothing is wrong."""
    require(shutil.which("gcloud"), "gcloud")
    listed = folder / "commands.json"
    listed.write_text(json.dumps([{"command_string": one} for one in commands]))
    done = subprocess.run(
        [str(shutil.which("gcloud")), "meta", "lint-gcloud-commands", f"--commands-file={listed}"],
        env={**os.environ, "CLOUDSDK_CONFIG": str(folder), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    judged = json.loads(done.stdout)
    assert len(judged) == len(set(commands))
    return {one["command_string"]: one["error_message"] for one in judged if not one["success"]}
