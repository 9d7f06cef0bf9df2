"""checkov's rules, offline; what we do otherwise is explained beside the resource."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform.offline_terraform import CONFIGURATION

pytestmark = pytest.mark.integration

SKIP = re.compile(r"#\s*checkov:skip=(\w+)(.*)")


def test_checkov_finds_nothing_that_is_not_explained(stub_environment: Path):
    done = subprocess.run(
        [
            stub_environment / "bin" / "checkov",
            *("--directory", CONFIGURATION, "--framework", "terraform"),
            *("--skip-download", "--quiet", "--compact", "--output", "json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
    )
    report = json.loads(done.stdout)
    failed = [f"{one['check_id']} {one['resource']}" for one in report["results"]["failed_checks"]]
    assert failed == []
    assert report["summary"]["passed"] > 100
    assert done.returncode == 0


def test_each_exception_has_a_reason():
    exceptions = [
        (file.name, check, reason)
        for file in sorted(CONFIGURATION.glob("*.tf"))
        for check, reason in SKIP.findall(file.read_text())
    ]
    assert len(exceptions) >= 10
    assert [one for one in exceptions if len(one[2].removeprefix(":").split()) < 4] == []
