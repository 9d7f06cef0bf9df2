"""`dropsight results` with conditions, and `--delete`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dropsight.cli.main import main
from dropsight.cli.store import Store, open_store
from dropsight.domain.feedback import Author, Feedback, Verdict
from dropsight.domain.results import Finding, ModelReference, Result, Source
from dropsight.settings import Settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """`film` arrived at 00:01:00 on the first day of 1970, `slide` a minute later."""
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    made = open_store(Settings(root=tmp_path))
    for identity, at, model, label, project in (
        ("film", 60.0, "cxr", "viral", "default"),
        ("slide", 120.0, "cells", "cell", "lab"),
    ):
        upload = made.objects.write("landing", f"{model}/a.png", b"upload")
        made.objects.write("results", f"{identity}/display-0-1.png", b"picture")
        made.objects.write("work", f"frames/{identity}.frame", b"pixels")
        made.results.create(
            Result(
                result_id=identity,
                status="explained",
                project=project,
                timestamps={"queued": at},
                source=Source(bucket="landing", object=upload.name, generation=upload.generation),
                model=ModelReference(
                    name=model, version="1", digest="d", runtime="onnx", task="classification"
                ),
                findings=[Finding(label=label, probability=0.9, positive=True)],
            )
        )
    return made


def files(root: Path) -> list[str]:
    return sorted(
        str(path.relative_to(root))
        for folder in ("bucket", ".dropsight/work", ".dropsight/results")
        for path in (root / folder).rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], ["slide", "film"]),
        (["--model", "cxr"], ["film"]),
        (["--project", "lab"], ["slide"]),
        (["--project", "none"], []),
        (["--label", "cell"], ["slide"]),
        (["--status", "failed"], []),
        (["--from", "1970-01-01T00:02:00Z"], ["slide"]),
        (["--to", "1970-01-01T00:02:00Z"], ["film"]),
        (["--limit", "1"], ["slide"]),
    ],
)
def test_the_list_takes_conditions(conditions: list[str], expected: list[str], capsys):
    assert main(["results", *conditions]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == expected


def test_a_deleted_result_leaves_its_upload_and_no_other_file(tmp_path: Path, capsys):
    assert main(["results", "film", "--delete"]) == 0

    assert capsys.readouterr().out == ("film  deleted with 2 files; the upload stays where it is\n")
    assert files(tmp_path) == [
        ".dropsight/results/slide/display-0-1.png",
        ".dropsight/work/frames/slide.frame",
        "bucket/cells/a.png",
        "bucket/cxr/a.png",
    ]
    assert main(["results", "film"]) == 2
    assert "result film: was deleted from" in capsys.readouterr().err
    assert main(["results"]) == 0
    assert "film" not in capsys.readouterr().out


def test_the_upload_goes_with_source(tmp_path: Path, capsys):
    assert main(["results", "film", "--delete", "--source", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "resultId": "film",
        "objects": 2,
        "deadLetters": 0,
        "feedback": 0,
        "source": True,
    }
    assert "bucket/cxr/a.png" not in files(tmp_path)


def test_a_classifiers_labels_are_exported_too(capsys):
    assert main(["results", "film", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "cxr/a.png,0,viral,0.9,,true"
    assert main(["results", "film", "--csv", "--confidence", "0.95"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing", "--delete"], "result nothing: there is none in"),
        (["--delete"], "--delete: goes with the ID of one result"),
        (["film", "--delete", "--csv"], "--delete: goes with the ID of one result"),
        (["film", "--source"], "--source: goes with --delete only"),
        (
            ["film", "--model", "cxr"],
            "--model, --status, --label, --project, --from",
        ),
        (["film", "--label", "cell"], "--project, --from, --to: go with"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(
    arguments: list[str], sentence: str, store: Store, capsys
):
    assert main(["results", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert len(store.results.list()) == 2


def test_a_time_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["results", "--from", "yesterday"])
    assert ended.value.code == 2
    assert "found 'yesterday', legal are dates such as 2026-11-20" in capsys.readouterr().err


def test_what_people_said_is_shown_with_the_result(store: Store, capsys):
    said: tuple[tuple[str, Verdict, str | None, str], ...] = (
        ("Ada", "disagree", "viral", "old\nscar\x1b[2J"),
        ("", "agree", None, ""),
    )
    for name, verdict, label, comment in said:
        store.feedback.add(
            Feedback(
                feedback_id=f"f-{verdict}",
                result_id="film",
                verdict=verdict,
                label=label,
                comment=comment,
                author=Author(uid="u1", name=name),
                created_at=60.0,
            )
        )

    assert main(["results", "film"]) == 0

    *_, first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("feedback     1970-01-01")
    assert first.endswith(" u1 agrees")
    assert second.endswith(" Ada disagrees on viral: old scar[2J")
