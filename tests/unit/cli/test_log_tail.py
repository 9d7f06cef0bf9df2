"""What the parts complain of is shown, once; the rest stays in their logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dropsight.cli.log_tail import LogTail

pytestmark = pytest.mark.unit


def say(log: Path, severity: str, message: str, **more: str) -> None:
    with log.open("a") as file:
        file.write(json.dumps({"severity": severity, "message": message, **more}) + "\n")


def test_only_new_complaints_are_shown_and_each_once(tmp_path: Path):
    log = tmp_path / "ingest.log"
    say(log, "ERROR", "of yesterday")
    tail = LogTail(tmp_path)
    say(log, "INFO", "queued")
    say(log, "WARNING", "dead letter")

    assert tail.complaints() == ["ingest: dead letter"]
    assert tail.complaints() == []


def test_an_exception_is_told_by_its_last_line(tmp_path: Path):
    tail = LogTail(tmp_path)
    trace = "Traceback (most recent call last):\n  File x\nNameError: name 'a' is not defined"
    say(tmp_path / "ingest.log", "ERROR", "Exception on /", exception=trace)

    assert tail.complaints() == ["ingest: Exception on /: NameError: name 'a' is not defined"]


def test_a_line_that_is_still_being_written_waits_for_its_end(tmp_path: Path):
    log = tmp_path / "page.log"
    tail = LogTail(tmp_path)
    log.write_text('{"severity": "ERROR", "mess')
    assert tail.complaints() == []
    with log.open("a") as file:
        file.write('age": "whole"}\n')

    assert tail.complaints() == ["page: whole"]


def test_a_log_that_was_moved_aside_is_read_from_its_new_beginning(tmp_path: Path):
    log = tmp_path / "page.log"
    say(log, "ERROR", "a long complaint of the old log")
    tail = LogTail(tmp_path)
    log.unlink()
    say(log, "ERROR", "new")

    assert tail.complaints() == ["page: new"]
