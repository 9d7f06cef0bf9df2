"""Every command of docs/features.md, on a laptop with all the bundles of the repository."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from dropsight.cli.parts import free_ports
from tests.e2e.laptop import Laptop
from tests.requirements_check import require

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "features.md"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
FEATURE = re.compile(
    r"^(?P<rows>S\d\.\d(?:, S\d\.\d)*|One object)\b.*?\n\n```sh\n(?P<commands>.*?)```\n"
    r"(?:\n> (?P<seen>.*?)\n)?",
    re.MULTILINE | re.DOTALL,
)
FAILING = """
class Nowhere:
    def inference_by_path(self, path):
        print("the weights are nowhere")
        raise FileNotFoundError("weights.bin")
"""


@dataclass(frozen=True)
class Feature:
    rows: str
    commands: str
    seen: tuple[str, ...]
    """Pieces of text that the commands print."""


def features() -> list[Feature]:
    found = FEATURE.finditer(PAGE.read_text(encoding="utf-8"))
    return [
        Feature(one["rows"], one["commands"], tuple((one["seen"] or "").split(" · ")))
        for one in found
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the page speaks of."""
    made = tmp_path_factory.mktemp("features")
    require((DATA / "bccd_cells").is_dir(), "bccd_cells and bsdata_pitting; set DROPSIGHT_DATA")
    coco = json.loads((DATA / "bccd_cells" / "annotations_val.json").read_text())
    with zipfile.ZipFile(DATA / "bccd_cells" / "images.zip") as archive:
        name = coco["images"][3]["file_name"]
        (made / "cells.jpg").write_bytes(archive.read(f"images/{name}"))
    with zipfile.ZipFile(DATA / "bsdata_pitting" / "images_masks.zip") as archive:
        name = sorted(one for one in archive.namelist() if one.endswith(".jpg"))[0]
        (made / "steel.jpg").write_bytes(archive.read(name))
    return made


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Laptop]:
    for needed in ("torch", "tensorflow", "mlflow", "tqdm", "matplotlib"):
        require(find_spec(needed), f"{needed} is not installed (requirements/runtimes.txt)")
    made = Laptop(tmp_path_factory.mktemp("laptop"))
    shutil.rmtree(made.models)
    shutil.copytree(REPOSITORY / "models", made.models)
    for module in (REPOSITORY / "examples" / "modules").iterdir():
        if (module / "model.yaml").is_file():
            shutil.copytree(module, made.models / module.name)
    write_failing_module(made.models / "failing-module")
    made.environment["DROPSIGHT_ROUTES"] = "{}"
    made.environment["HOOK"] = str(free_ports(1)[0])
    made.environment["DROPSIGHT_WEBHOOK_URLS"] = f"http://127.0.0.1:{made.environment['HOOK']}/"
    made.up()
    made.run("samples", str(folder))
    yield made
    made.close()


def write_failing_module(bundle: Path) -> None:
    bundle.mkdir()
    (bundle / "nowhere.py").write_text(FAILING)
    sha256 = hashlib.sha256((bundle / "nowhere.py").read_bytes()).hexdigest()
    (bundle / "model.yaml").write_text(
        "name: failing-module\nversion: '1'\ntask: module\nruntime: module\n"
        f"artifact: {{path: nowhere.py, sha256: '{sha256}', callable: 'nowhere:Nowhere'}}\n"
        "input: {width: 64, height: 64, channels: 1}\nlabels: [{id: thing}]\n"
        "licence: Apache-2.0\nintendedUse: tests\n"
    )


def test_the_page_has_a_command_for_every_row():
    rows = {row for one in features() for row in one.rows.split(", ")}

    wanted = {"S0": 6, "S1": 4, "S2": 4, "S3": 6, "S4": 5}
    missing = {f"{s}.{n}" for s, last in wanted.items() for n in range(1, last + 1)} - rows
    assert missing == set()


@pytest.mark.parametrize("feature", features(), ids=lambda one: one.rows.replace(", ", "+"))
def test_the_commands_show_what_the_page_says(laptop: Laptop, folder: Path, feature: Feature):
    environment = {
        **laptop.environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PAGE": laptop.url,
        "REPOSITORY": str(REPOSITORY),
        "DROPSIGHT_DATA": str(DATA),
        "PYTHONPATH": os.pathsep.join(
            [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }

    said = subprocess.run(
        [str(shutil.which("bash")), "-euo", "pipefail", "-c", feature.commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )

    assert said.returncode == 0, said.stdout + said.stderr
    for piece in feature.seen:
        assert piece in said.stdout, said.stdout[-4000:]
