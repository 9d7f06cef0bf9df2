"""deploy/bases.sh and deploy/images.sh, with a `docker` that writes down what it was asked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
BASE = "python:3.11-slim-bookworm"
DIGEST = f"sha256:{'a1' * 32}"
BUILT = f"sha256:{'b2' * 32}"
DOCKER = f"""#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$DOCKER_LOG"
if [ "$2" = imagetools ]; then echo {DIGEST}; exit; fi
while [ $# -gt 0 ]; do
    if [ "$1" = --metadata-file ]; then
        echo '{{"buildx.build.ref": "x", "containerimage.digest": "{BUILT}"}}' > "$2"
    fi
    shift
done
"""


class Checkout:
    """A copy of deploy/, whose lock file may be changed, and the fake docker."""

    def __init__(self, folder: Path, lock: str) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        self.lock = folder / "deploy/bases.lock"
        self.lock.write_text(lock)
        (folder / "bin").mkdir()
        docker = folder / "bin/docker"
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        self.log = folder / "docker.log"
        self.log.touch()

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "deploy" / script, *arguments],
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "DOCKER_LOG": str(self.log),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


def test_a_build_on_a_base_without_a_digest_is_refused_before_docker_is_asked(
    tmp_path: Path,
) -> None:
    checkout = Checkout(tmp_path, f"# comment\n{BASE} unresolved\n")

    done = checkout.run("images.sh", "cpu", REPOSITORY="r/p/dropsight", TAG="1a2b3c", PUSH="true")

    assert done.returncode == 1
    assert f"{BASE}: found 'unresolved'" in done.stderr
    assert "deploy/bases.sh update" in done.stderr
    assert checkout.asked() == []


@pytest.mark.parametrize("digest", ["latest", "sha256:12", f"sha256:{'A' * 64}", ""])
def test_what_is_no_digest_is_refused(tmp_path: Path, digest: str) -> None:
    checkout = Checkout(tmp_path, f"{BASE} {digest}\n")
    assert checkout.run("bases.sh", "reference", BASE).returncode == 1


def test_the_registry_is_asked_once_and_its_digest_is_what_builds_use(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, f"# comment\n{BASE} unresolved\n")

    updated = checkout.run("bases.sh", "update")
    reference = checkout.run("bases.sh", "reference", BASE)

    assert updated.stdout == f"{BASE}: unresolved -> {DIGEST}\n"
    assert checkout.lock.read_text() == f"# comment\n{BASE} {DIGEST}\n"
    assert reference.stdout == f"{BASE}@{DIGEST}\n"
    checkout.run("bases.sh", "update", "--missing")
    assert len(checkout.asked()) == 1


def test_images_are_pushed_and_told_to_terraform_by_digest(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, f"{BASE} {DIGEST}\n")

    done = checkout.run(
        "images.sh",
        "cpu",
        "gpu-torch",
        REPOSITORY="r/p/dropsight",
        TAG="1a2b3c",
        PUSH="true",
        BUNDLES="cxr-pneumonia blood-cells",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "images.auto.tfvars.json").read_text()) == {
        "images": {
            "cpu": f"r/p/dropsight/inference-cpu@{BUILT}",
            "gpu-torch": f"r/p/dropsight/inference-gpu-torch@{BUILT}",
        }
    }
    on_cpu, on_gpu = checkout.asked()
    for asked in (on_cpu, on_gpu):
        assert f"PYTHON_IMAGE={BASE}@{DIGEST}" in asked
        assert "BUNDLES=cxr-pneumonia blood-cells" in asked
        assert "push=true" in asked
    assert "REQUIREMENTS=container " in on_cpu
    assert "DEVICE=any" in on_cpu
    assert "REQUIREMENTS=container-gpu-torch " in on_gpu
    assert "DEVICE=cuda" in on_gpu


def test_without_push_nothing_leaves_the_machine(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, f"{BASE} {DIGEST}\n")

    checkout.run("images.sh", "cpu", REPOSITORY="r/p/dropsight", TAG="1a2b3c")

    (asked,) = checkout.asked()
    assert "type=cacheonly" in asked
    assert "push=true" not in asked
    assert "cache-to" not in asked
    assert not (tmp_path / "images.auto.tfvars.json").exists()


def test_a_kind_of_image_that_there_is_not_is_refused_before_anything_is_built(
    tmp_path: Path,
) -> None:
    checkout = Checkout(tmp_path, f"{BASE} {DIGEST}\n")
    done = checkout.run("images.sh", "cpu", "tpu", REPOSITORY="r/p/dropsight", TAG="1a2b3c")
    assert done.returncode == 1
    assert "found 'tpu'" in done.stderr
    assert checkout.asked() == []


def test_every_kind_of_image_has_its_requirements() -> None:
    for kind in ("", "-torch", "-tensorflow", "-gpu", "-gpu-torch", "-gpu-tensorflow", "-mlflow"):
        assert (ROOT / f"requirements/container{kind}.txt").is_file()


@pytest.mark.parametrize("kind", ["", "-torch", "-tensorflow"])
def test_an_image_for_a_gpu_has_one_onnxruntime_and_it_is_for_cuda_12(kind: str) -> None:
    """Cloud Run's L4 has a driver of CUDA 12.2: docs/surprises.md."""
    lines = (ROOT / f"requirements/container-gpu{kind}.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    assert "onnxruntime-gpu" in pinned
    assert "onnxruntime" not in pinned
    cuda = {name for name in pinned if name.startswith("nvidia-")}
    assert "nvidia-cudnn-cu12" in cuda
    assert {name for name in cuda if not name.endswith("-cu12")} == set()


def test_what_the_dockerfile_copies_is_what_the_build_may_see() -> None:
    folder = ROOT / "inference_container"
    lines = (folder / "Dockerfile.dockerignore").read_text().splitlines()
    seen = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[2] == "*", "everything else stays outside"
    steps = DockerfileParser(path=str(folder / "Dockerfile")).structure
    copies = [one["value"].split() for one in steps if one["instruction"] == "COPY"]
    sources = [source for words in copies if "--from=" not in words[0] for source in words[:-1]]
    assert {source.partition("/")[0] for source in sources} == seen


def required(project: str, extra: str | None) -> set[str]:
    """Names of the packages that a distribution of ours needs, with one of its extras."""
    stated = tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"]
    lines = stated["dependencies"] + stated.get("optional-dependencies", {}).get(extra, [])
    names = {re.split(r"[\[<>=! ;]", line)[0].lower().replace("_", "-") for line in lines}
    return names - {"dropsight"}


@pytest.mark.parametrize("hardware", ["", "-gpu"])
@pytest.mark.parametrize("extra", [None, "torch", "tensorflow"])
def test_requirements_name_all_that_the_distributions_need(
    hardware: str, extra: str | None
) -> None:
    """The image installs them without looking for more (`--no-deps`)."""
    name = f"container{hardware}{f'-{extra}' if extra else ''}"
    lines = (ROOT / f"requirements/{name}.txt").read_text().splitlines()
    pinned = {line.split("==")[0].split("[")[0] for line in lines if "==" in line}
    needed = required("shared", "gcp") | required("inference_container", extra)
    if hardware:
        needed = needed - {"onnxruntime"} | {"onnxruntime-gpu"}
    assert needed - pinned == set()
