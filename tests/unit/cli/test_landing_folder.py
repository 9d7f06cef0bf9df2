"""When a file in the landing folder counts as whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dropsight.cli.dispatcher.landing import LandingFolder

pytestmark = pytest.mark.unit

HOUR = 3600


def put(path: Path, data: bytes, age_s: float = 0.0) -> int:
    """Write a file with a modification time of `age_s` ago; its generation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    at = time.time_ns() - int(age_s * 1e9)
    os.utime(path, ns=(at, at))
    return at // 1000


def names(folder: LandingFolder) -> list[str]:
    return sorted(arrival.name for arrival in folder.turn())


def test_an_old_file_is_whole_when_it_is_first_seen(tmp_path: Path):
    generation = put(tmp_path / "cxr" / "a.dcm", b"1234", age_s=HOUR)
    (arrival,) = LandingFolder(tmp_path, {}).turn()

    assert (arrival.name, arrival.generation, arrival.size) == ("cxr/a.dcm", generation, 4)


def test_a_new_file_waits_until_it_has_been_quiet(tmp_path: Path):
    put(tmp_path / "a.dcm", b"1")
    folder = LandingFolder(tmp_path, {}, quiet_s=HOUR)

    assert names(folder) == []
    put(tmp_path / "a.dcm", b"12", age_s=2 * HOUR)
    assert names(folder) == ["a.dcm"]


def test_a_file_that_grows_between_two_turns_is_not_whole(tmp_path: Path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("dropsight.cli.dispatcher.landing.time.monotonic", lambda: now[0])
    monkeypatch.setattr(
        "dropsight.cli.dispatcher.landing.time.time", lambda: 0.0
    )  # every file looks brand-new
    put(tmp_path / "a.dcm", b"1")
    folder = LandingFolder(tmp_path, {}, quiet_s=0.3)
    assert names(folder) == []
    now[0] += 0.2
    put(tmp_path / "a.dcm", b"12")
    assert names(folder) == []
    now[0] += 0.2  # 0.4 s after the first sight, 0.2 s after the last change
    assert names(folder) == []
    now[0] += 0.2
    assert names(folder) == ["a.dcm"]


def test_what_is_done_is_not_reported_again_until_it_changes(tmp_path: Path):
    put(tmp_path / "a.dcm", b"1", age_s=HOUR)
    folder = LandingFolder(tmp_path, {})
    for arrival in folder.turn():
        folder.done(arrival)
    assert names(folder) == []

    put(tmp_path / "sub" / "b.dcm", b"1", age_s=HOUR)
    assert names(folder) == ["sub/b.dcm"]


def test_what_was_announced_before_a_restart_is_not_reported(tmp_path: Path):
    old = put(tmp_path / "a.dcm", b"1", age_s=HOUR)
    put(tmp_path / "b.dcm", b"1", age_s=HOUR)

    assert names(LandingFolder(tmp_path, {"a.dcm": old, "b.dcm": 5})) == ["b.dcm"]


def test_hidden_and_half_copied_files_and_links_to_folders_are_left_alone(tmp_path: Path):
    bucket = tmp_path / "bucket"
    put(bucket / ".uploads" / "a.dcm", b"1", age_s=HOUR)
    put(bucket / ".a.dcm", b"1", age_s=HOUR)
    put(bucket / "b.dcm.part", b"1", age_s=HOUR)
    put(tmp_path / "elsewhere" / "c.dcm", b"1", age_s=HOUR)
    (bucket / "link").symlink_to(tmp_path / "elsewhere")

    assert names(LandingFolder(bucket, {})) == []


def test_a_file_that_goes_before_it_is_whole_is_forgotten(tmp_path: Path):
    put(tmp_path / "a.dcm", b"1")
    folder = LandingFolder(tmp_path, {}, quiet_s=HOUR)
    folder.turn()
    (tmp_path / "a.dcm").unlink()

    assert names(folder) == []


def test_a_folder_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch):
    put(tmp_path / "a.dcm", b"1", age_s=HOUR)
    os.utime(tmp_path, (1.0, 1.0))
    folder = LandingFolder(tmp_path, {})
    for arrival in folder.turn():
        folder.done(arrival)
    read: list[str] = []
    monkeypatch.setattr("dropsight.cli.dispatcher.landing.os.scandir", read.append)

    folder.turn()

    assert read == []
