"""The other commands beside a `dropsight up`, and the lines of the README as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import Laptop

pytestmark = pytest.mark.e2e

README = Path(__file__).parents[2] / "README.md"
MODEL = "cxr-pneumonia"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A laptop whose (tiny) model is called as the README calls it."""
    folder = tmp_path_factory.mktemp("reader")
    made = Laptop(folder, MODEL)
    made.up()
    yield made
    made.close()


def test_drop_and_wait_tells_the_story_and_fails_if_a_file_failed(reader: Laptop, tmp_path: Path):
    film, _, refused, _ = samples()
    for sample in (film, refused):
        (tmp_path / sample.name).write_bytes(sample.data)

    good = reader.run("drop", "--route", "cxr", "--wait", str(tmp_path / film.name))
    bad = reader.run("drop", "--route", "cxr", "--wait", str(tmp_path / refused.name))

    assert (good.returncode, bad.returncode) == (0, 1)
    assert "explained" in good.stdout
    assert "contract-refused" in bad.stdout


def test_drop_prints_the_ids_that_the_results_will_have(reader: Laptop, tmp_path: Path):
    (tmp_path / "one.png").write_bytes(samples()[1].data)

    said = reader.run("drop", "--route", "cxr", "--json", str(tmp_path / "one.png"))

    identity = json.loads(said.stdout)[0]["resultId"]
    reader.wait_for(lambda: any(r.result_id == identity for r in reader.results), "that id")


def test_a_model_that_is_named_goes_before_the_route(reader: Laptop, tmp_path: Path):
    (tmp_path / "two.png").write_bytes(samples()[1].data)

    said = reader.run("drop", "--model", MODEL, "--wait", "--json", str(tmp_path / "two.png"))

    assert json.loads(said.stdout)[0]["model"]["name"] == MODEL


def test_another_label_is_explained_when_somebody_asks(reader: Laptop, tmp_path: Path):
    (tmp_path / "three.png").write_bytes(samples()[1].data)
    said = reader.run("drop", "--model", MODEL, "--wait", "--json", str(tmp_path / "three.png"))
    (result,) = json.loads(said.stdout)
    explained = {one["label"] for one in result["explanations"]}
    other = next(one["label"] for one in result["findings"] if one["label"] not in explained)
    asking = ("explain", result["resultId"], "--method", "grad-cam", "--wait", "--label")

    answer = reader.run(*asking, other)
    unknown = reader.run(*asking, "measles")

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"grad-cam of {other}: done, {result['resultId']}/overlay-")
    assert unknown.returncode == 1
    assert "label: found 'measles', legal are" in unknown.stderr


def readme_lines() -> list[str]:
    """Each `.venv/bin/dropsight …` line of the README's code blocks, without its comment."""
    blocks = re.findall(r"^```\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/dropsight ")]


def test_the_readme_shows_commands():
    assert ".venv/bin/dropsight up" in readme_lines()
    assert len(readme_lines()) >= 4


def test_every_command_line_of_the_readme_works(
    reader: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.dcm").write_bytes(samples()[0].data)
    for line in readme_lines():
        words = shlex.split(line)[1:]
        if words == ["up"]:
            continue  # that is what runs
        reader.wait_for(lambda: len(reader.results) > 0, "a result")
        identity = reader.results[0].result_id
        said = reader.run(*(identity if word == "ID" else word for word in words))
        assert said.returncode == 0, f"{line}\n{said.stderr}"
