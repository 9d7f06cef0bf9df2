"""Which object each dropped file becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropsight.cli.errors import NotFound
from dropsight.cli.uploading import plan

pytestmark = pytest.mark.unit


def make(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_file_keeps_its_name_and_a_folder_what_is_below_it(tmp_path: Path):
    make(tmp_path / "one.dcm", tmp_path / "study" / "a" / "1.dcm", tmp_path / "study" / "2.dcm")

    uploads, skipped = plan([tmp_path / "one.dcm", tmp_path / "study"], "cxr", "landing")

    assert [u.name for u in uploads] == ["cxr/one.dcm", "cxr/study/2.dcm", "cxr/study/a/1.dcm"]
    assert skipped == []


def test_without_a_route_a_file_lands_in_the_root(tmp_path: Path):
    make(tmp_path / "one.dcm")

    assert [u.name for u in plan([tmp_path / "one.dcm"], None, "landing")[0]] == ["one.dcm"]


def test_hidden_files_are_skipped_with_the_reason(tmp_path: Path):
    make(tmp_path / "study" / ".DS_Store")

    uploads, skipped = plan([tmp_path / "study"], "cxr", "landing")

    assert uploads == []
    assert "begins with a dot" in skipped[0].reason


def test_two_files_that_would_become_one_object_are_refused(tmp_path: Path):
    make(tmp_path / "a" / "x.dcm", tmp_path / "b" / "x.dcm")

    with pytest.raises(NotFound, match=r"would both become cxr/x\.dcm"):
        plan([tmp_path / "a" / "x.dcm", tmp_path / "b" / "x.dcm"], "cxr", "landing")


def test_a_missing_path_stops_everything_and_is_named(tmp_path: Path):
    make(tmp_path / "here.dcm")

    with pytest.raises(NotFound, match=r"gone\.dcm; nothing was dropped"):
        plan([tmp_path / "here.dcm", tmp_path / "gone.dcm"], "cxr", "landing")
