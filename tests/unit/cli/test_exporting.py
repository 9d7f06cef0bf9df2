"""`dropsight results ID --csv`, `--coco`, `--json`, and where they go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dropsight.cli.main import main
from dropsight.cli.store import open_store
from dropsight.domain.results import (
    CandidateSet,
    Finding,
    FrameCandidates,
    ModelReference,
    Result,
    Source,
)
from dropsight.domain.wire import replace
from dropsight.imaging.png import decode_png, encode_png
from dropsight.pipeline.artifacts import write_artifact
from dropsight.settings import Settings

pytestmark = pytest.mark.unit


def _object(score: float, left: float) -> Finding:
    return Finding(
        label="spot",
        probability=score,
        score=score,
        threshold=0.5,
        positive=score >= 0.5,
        box=[left, 0.0, 2.0, 2.0],
    )


@pytest.fixture(autouse=True)
def _stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    source = Source(bucket="landing", object="spots/a.tif", generation=1)
    counts = [FrameCandidates(frame=0, found=5, kept=2)]
    results = open_store(Settings(root=tmp_path)).results
    results.create(
        Result(
            result_id="spots",
            status="explained",
            source=source,
            findings=[_object(0.75, 1.0), _object(0.25, 8.0)],
            candidates=CandidateSet(minimum_score=0.1, maximum=2, iou=0.5, frames=counts),
        )
    )
    classifier = ModelReference(
        name="c", version="1", digest="d", runtime="onnx", task="classification"
    )
    results.create(Result(result_id="class", status="explained", source=source, model=classifier))


def test_csv_goes_to_stdout_at_the_thresholds_that_were_asked_for(capsys):
    assert main(["results", "spots", "--csv"]) == 0
    assert capsys.readouterr().out.split("\r\n")[1:] == [
        "spots/a.tif,0,spot,0.75,1.0,0.0,2.0,2.0,,0",
        "",
    ]
    assert main(["results", "spots", "--csv", "--confidence", "0.2", "--iou", "0.9"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(("form", "key"), [("--coco", "annotations"), ("--json", "findings")])
def test_json_and_coco_go_to_a_file(tmp_path: Path, form: str, key: str, capsys):
    assert main(["results", "spots", form, "--out", str(tmp_path / "out.json")]) == 0

    assert capsys.readouterr().out == ""
    assert len(json.loads((tmp_path / "out.json").read_text("utf-8"))[key]) >= 1


def test_a_classifiers_csv_has_its_labels(capsys):
    assert main(["results", "class", "--csv"]) == 0
    assert capsys.readouterr().out == "file,frame,label,probability,threshold,positive\r\n"


def test_json_is_of_the_shown_objects_where_they_are_chosen(capsys):
    assert main(["results", "spots", "--json", "--confidence", "0.2", "--labels", "spot"]) == 0

    plain = json.loads(capsys.readouterr().out)
    assert plain["counts"] == {"spot": 2}
    assert [(one["object"], one["score"]) for one in plain["objects"]] == [(0, 0.75), (1, 0.25)]


def test_nothing_found_is_a_result_in_every_form(tmp_path: Path, capsys):
    nothing = Result(
        result_id="none",
        status="explained",
        source=Source(bucket="landing", object="spots/b.tif", generation=1),
        model=ModelReference(
            name="m", version="1", digest="d", runtime="onnx", task="detection", labels=["spot"]
        ),
        candidates=CandidateSet(minimum_score=0.1, maximum=2, iou=0.5),
    )
    open_store(Settings(root=tmp_path)).results.create(nothing)

    assert main(["results", "none"]) == 0
    assert "found        nothing\n" in capsys.readouterr().out
    assert main(["results", "none", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["results", "none", "--coco"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["categories"]] == ["spot"]


@pytest.mark.parametrize(("mode", "inside"), [("1", 90), ("3", 0)])
def test_an_overlay_is_drawn_from_what_is_stored(tmp_path: Path, mode: str, inside: int, capsys):
    store = open_store(Settings(root=tmp_path))
    grey = encode_png(np.full((40, 60), 90, np.uint8))
    display = write_artifact(store.objects, "results", "spots", "display-0", grey)
    store.results.update("spots", lambda r: replace(r, artifacts=[display]))
    out = tmp_path / "picture.png"

    assert main(["results", "spots", "--overlay", mode, "--out", str(out)]) == 0

    picture = decode_png(out.read_bytes())
    assert picture.shape == (40, 60, 3)
    assert picture[30, 50].tolist() == [inside] * 3
    assert capsys.readouterr().out == ""


def test_a_result_with_objects_is_told_by_its_counts(capsys):
    assert main(["results", "spots"]) == 0
    told = capsys.readouterr().out
    assert "found        1 × spot\n" in told
    assert "object       0    spot 0.750  2 × 2 at (1, 0)\n" in told
    assert "1 more candidates down to a score of 0.1, 3 weaker ones not kept" in told


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--csv"], 2, "missing the ID of the result"),
        (["spots", "--iou", "0.5"], 2, "--iou: go with --csv, --coco, --json or --overlay"),
        (["--json", "--labels", "spot"], 2, "of one result only"),
        (["spots", "--out", "x"], 2, "--out: goes with"),
        (["spots", "--overlay", "0"], 2, "--overlay: missing --out FILE"),
        (["class", "--coco"], 1, "holds no objects"),
        (["class", "--overlay", "1", "--out", "x.png"], 1, "holds no objects"),
        (["spots", "--csv", "--labels", "cell"], 1, "labels: found 'cell', legal are spot"),
        (["spots", "--csv", "--frame", "1"], 1, "frame: found 1, legal are 0 to 0"),
        (["spots", "--overlay", "0", "--out", "x.png"], 1, "artifact display-0: not stored"),
        (["spots", "--csv", "--out", "/no/such/folder/x.csv"], 1, "No such file or directory"),
    ],
)
def test_what_makes_no_export_is_one_sentence(
    arguments: list[str], code: int, sentence: str, capsys
):
    assert main(["results", *arguments]) == code
    assert sentence in capsys.readouterr().err


def test_a_threshold_outside_of_0_to_1_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["results", "spots", "--csv", "--confidence", "30"])
    assert ended.value.code == 2
    assert "found 30, legal are 0 to 1" in capsys.readouterr().err
