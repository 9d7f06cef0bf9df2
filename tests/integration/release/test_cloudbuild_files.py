"""cloudbuild.yaml and cloudbuild/*.yaml, against Cloud Build's own description of a build."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf import json_format

from deploy.canary.__main__ import options_from

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
FILES = ("cloudbuild.yaml", *(f"cloudbuild/{one.name}" for one in (ROOT / "cloudbuild").iterdir()))
BUILT_IN = {"PROJECT_ID", "BUILD_ID", "SHORT_SHA"}
"""https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values"""
MOVING = "gcr.io/cloud-builders/docker"
"""Google's own builder has no tags for versions of the docker in it."""


def content(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


def scripts(name: str) -> dict[str, str]:
    return {step["id"]: step["script"] for step in content(name)["steps"]}


def test_there_are_three_builds() -> None:
    assert sorted(FILES) == [
        "cloudbuild.yaml",
        "cloudbuild/images.yaml",
        "cloudbuild/pull-request.yaml",
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_field_is_one_of_cloud_build_and_of_its_type(name: str) -> None:
    build = json_format.ParseDict(content(name), Build.pb()())
    assert len(build.steps) == len(content(name)["steps"])
    assert build.options.automap_substitutions, "scripts read substitutions as variables"


def test_a_field_that_there_is_not_would_be_found() -> None:
    misspelt = {**content("cloudbuild.yaml"), "timeOut": "60s"}
    with pytest.raises(json_format.ParseError, match="timeOut"):
        json_format.ParseDict(misspelt, Build.pb()())


@pytest.mark.parametrize("name", FILES)
def test_what_is_substituted_is_declared_and_what_is_declared_is_used(name: str) -> None:
    build = content(name)
    declared = build.pop("substitutions")
    used = set(re.findall(r"\$\{?(_?[A-Z][A-Z0-9_]*)", yaml.safe_dump(build)))
    own = {one for one in used if one.startswith("_")}
    assert own == set(declared)
    assert all(re.fullmatch(r"_[A-Z0-9_]+", one) for one in declared)
    assert all(isinstance(value, str) for value in declared.values())
    assert used - own <= {*BUILT_IN, "PWD", "PATH"}


@pytest.mark.parametrize("name", FILES)
def test_steps_wait_for_steps_before_them(name: str) -> None:
    before: set[str] = set()
    for step in content(name)["steps"]:
        assert set(step.get("waitFor", ())) <= before | {"-"}
        before.add(step["id"])


@pytest.mark.parametrize("name", FILES)
def test_the_images_of_steps_have_a_version(name: str) -> None:
    for step in content(name)["steps"]:
        if step["name"] != MOVING:
            assert re.search(r":\d+\.\d+\.\d+(-[a-z]+)?$", step["name"]), step["name"]


@pytest.mark.parametrize("name", FILES)
def test_scripts_are_clean_and_what_they_start_is_there(name: str) -> None:
    for step, script in scripts(name).items():
        checked = subprocess.run(
            [shell_check(), "-"], input=script, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, f"{step}: {checked.stdout}"
        for path in re.findall(r"(?<![\w/])(?:deploy/\w+\.sh|\.ci/run)\b", script):
            assert os.access(ROOT / path, os.X_OK), path


def test_the_scripts_of_deploy_are_clean() -> None:
    files = [*sorted((ROOT / "deploy").glob("*.sh")), ROOT / ".ci/run"]
    checked = subprocess.run([shell_check(), *files], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_dockerfile_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    checked = subprocess.run(
        [hadolint, ROOT / "inference_container/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout == ""


def test_a_release_tests_then_builds_then_applies_then_moves_traffic() -> None:
    after = {one["id"]: one.get("waitFor", []) for one in content("cloudbuild.yaml")["steps"]}
    chain, step = ["remember"], "remember"
    while after[step]:
        step = after[step][0]
        chain.append(step)
    order = ["bases", "test", "images", "sboms", "apply", "canary", "publish", "page", "remember"]
    assert chain[::-1] == order


def test_a_pull_request_pushes_nothing_and_applies_nothing() -> None:
    said = scripts("cloudbuild/pull-request.yaml")
    assert "PUSH" not in said["images"]
    assert "deploy/terraform.sh plan" in said["plan"]
    assert not [one for one in said.values() if "terraform.sh apply" in one]


def test_the_canary_is_started_with_options_that_it_has() -> None:
    script = scripts("cloudbuild.yaml")["canary"]
    words = shlex.split(script.replace("\\\n", " "), comments=True)
    options = options_from(words[words.index("deploy.canary") + 1 :])
    assert options.services == "$_SERVICES"
    assert options.images == Path("images.auto.tfvars.json")


@pytest.mark.parametrize("action", ["plan", "apply"])
def test_terraform_gets_the_state_the_project_and_the_images_by_digest(
    tmp_path: Path, action: str
) -> None:
    done, asked = with_fake(tmp_path, "terraform", "terraform.sh", action)
    assert done.returncode == 0, done.stderr
    init, run = asked
    assert init == "init -input=false -backend-config=bucket=p-terraform"
    assert run.startswith(f"{action} ")
    assert "-var-file=../images.auto.tfvars.json" in run
    assert "-var=project=p" in run
    assert ("-auto-approve" in run) == (action == "apply")


def test_terraform_does_nothing_but_plan_and_apply(tmp_path: Path) -> None:
    done, asked = with_fake(tmp_path, "terraform", "terraform.sh", "destroy")
    assert done.returncode == 1
    assert asked == []


def test_each_pushed_image_gets_its_sbom(tmp_path: Path) -> None:
    (tmp_path / "images.auto.tfvars.json").write_text(
        '{"images": {"cpu": "r/p/inference-cpu@sha256:aa", "gpu": "r/p/inference-gpu@sha256:bb"}}\n'
    )
    done, asked = with_fake(tmp_path, "docker", "sboms.sh")
    assert done.returncode == 0, done.stderr
    assert [one.split("registry:")[1] for one in asked] == [
        "r/p/inference-cpu@sha256:aa --output spdx-json",
        "r/p/inference-gpu@sha256:bb --output spdx-json",
    ]
    assert (tmp_path / "sbom-gpu.spdx.json").exists()


def with_fake(
    folder: Path, program: str, script: str, *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run deploy/`script` in a copy of deploy/, with a program that writes down its arguments."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    (folder / "terraform").mkdir()
    (folder / "bin").mkdir()
    fake, log = folder / "bin" / program, folder / "log"
    fake.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\n')
    fake.chmod(0o755)
    log.touch()
    done = subprocess.run(
        [folder / "deploy" / script, *arguments],
        env={
            "PATH": f"{fake.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PROJECT_ID": "p",
            "REGION": "us-central1",
            "PREFIX": "dropsight",
            "STATE_BUCKET": "p-terraform",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done, log.read_text().splitlines()


def shell_check() -> Path:
    return Path(sys.executable).with_name("shellcheck")
