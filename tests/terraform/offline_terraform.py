"""Terraform without a registry or a cloud: `validate` and `test` against the stub provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
CONFIGURATION = REPOSITORY / "terraform"
STUB = Path(__file__).parent / "stub" / "provider.py"
BESIDE = (
    "firebase.json",
    "firestore",
    "functions",
    "models/*/model.yaml",
    "requirements/functions.txt",
)
"""What the configuration reads of the repository, beside the modules of functions."""
STAND_INS = ("shared/dropsight/__init__.py", "shared/dropsight/cli/page/static/index.html")
"""For the archives of the functions and for the page two files do: Terraform works through all."""


def environment_folder() -> Path | None:
    """Where `make test` has put the stub's packages and the schemas."""
    for folder in (Path(f"{sys.prefix}-terraform"), REPOSITORY / ".venv-terraform"):
        if (folder / "schemas" / "google.schema").is_file():
            return folder
    return None


@dataclass(frozen=True)
class Outcome:
    """What one run of Terraform said."""

    passed: bool
    text: str
    """Messages of all errors, on one line: Terraform breaks them at the width of a terminal."""
    plans: dict[str, Any]
    """By the name of the `run`: `resource_changes` and more, as `terraform show -json` has them."""


@dataclass(frozen=True)
class Terraform:
    program: str
    providers: str
    """Value of TF_REATTACH_PROVIDERS."""

    def validate(self, folder: Path) -> Outcome:
        answer = json.loads(self._run(folder, "validate", "-json").stdout)
        return Outcome(answer["valid"], _sentences(answer["diagnostics"]), {})

    def test(self, folder: Path, file: str = "") -> Outcome:
        """Run tests/*.tftest.hcl, or one of them."""
        chosen = [f"-filter=tests/{file}"] if file else []
        done = self._run(folder, "test", "-json", "-verbose", *chosen)
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        plans = {one["@testrun"]: one["test_plan"] for one in messages if "test_plan" in one}
        problems = [one["diagnostic"] for one in messages if one["type"] == "diagnostic"]
        return Outcome(done.returncode == 0, _sentences(problems) + done.stderr, plans)

    def unformatted(self, folder: Path) -> str:
        return self._run(folder, "fmt", "-check", "-recursive").stdout

    def _run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "TF_REATTACH_PROVIDERS": self.providers,
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
        }
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def offline_terraform(folder: Path, program: str) -> Iterator[Terraform]:
    """Starts the stub provider; it ends with its standard input."""
    command = [folder / "bin" / "python", STUB, folder / "schemas", CONFIGURATION]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        assert provider.stdin is not None
        assert provider.stdout is not None
        try:
            yield Terraform(program, provider.stdout.readline().strip())
        finally:
            provider.stdin.close()


def copy_configuration(target: Path) -> Path:
    """terraform/ and what it reads, to be changed by a test."""
    shutil.copytree(
        CONFIGURATION, target / "terraform", ignore=shutil.ignore_patterns(".terraform", ".build")
    )
    for pattern in BESIDE:
        for source in REPOSITORY.glob(pattern):
            copy = target / source.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
    for name in STAND_INS:
        stand_in = target / name
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text("# one of many\n")
    return target / "terraform"


def _sentences(diagnostics: list[dict[str, Any]]) -> str:
    said = [f"{one['summary']}: {one.get('detail', '')}" for one in diagnostics]
    return " ".join(" ".join(said).split())
