"""A user's own class: served unchanged, in workers of its own, with its log where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dropsight.adapters.artifacts.digests import folder_digest
from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.module_bundle import write_module_bundle

pytestmark = pytest.mark.unit

Serve = Callable[..., Engine]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(source, **artifact)`: an engine with the bundle `toy`."""
    engines: list[Engine] = []

    def make(source: str, **artifact: Any) -> Engine:
        folder = write_module_bundle(tmp_path / "toy", source, artifact=artifact)
        engines.append(Engine({"toy": load_model(folder, 1)}, 8, 5.0, Metrics()))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def test_what_the_class_returns_becomes_findings_in_source_pixels(serve: Serve) -> None:
    engine = serve("""
        import numpy as np

        class Mine:
            def __init__(self):
                self.start = b"PNG"

            def inference_by_path(self, path):
                with open(path, "rb") as file:
                    assert file.read().startswith(self.start)
                return [
                    [(1, 2, 3.5, 4), {"cat": 0.25, "dog": 0.75}],
                    [np.array([5, 6, 7, 8]), {"cat": np.float32(0.5)}],
                ]
        """)

    first, second, third, fourth = engine.predict_pictures("toy", [b"PNG1", b"PNG2"]).findings

    assert (first.label, first.box, first.probability) == ("dog", [1, 2, 3.5, 4], 0.75)
    assert first.probabilities == {"cat": 0.25, "dog": 0.75}
    assert (first.threshold, first.positive) == (0.8, False)
    assert (second.label, second.box, second.positive) == ("cat", [5, 6, 7, 8], True)
    assert [one.frame for one in (first, second, third, fourth)] == [0, 0, 1, 1]


def test_each_worker_knows_its_index_and_works_beside_the_others(serve: Serve) -> None:
    # Each call waits until the other one is there too: one worker alone would wait for ever.
    engine = serve(
        """
        import os, pathlib, time

        class Mine:
            def __init__(self, worker_index):
                self.index = worker_index
                self.flags = pathlib.Path(__file__).parent

            def inference_by_path(self, path):
                (self.flags / f"here{self.index}").touch()
                while len(list(self.flags.glob("here?"))) < 2:
                    time.sleep(0.01)
                same = os.environ["DROPSIGHT_WORKER_INDEX"] == str(self.index)
                workers = int(os.environ["DROPSIGHT_WORKERS"])
                return [[(self.index, int(same), workers, 1), {"cat": 1}]]
        """,
        workers=2,
    )
    with ThreadPoolExecutor(2) as callers:
        answers = callers.map(lambda _: engine.predict_pictures("toy", [b""]), range(2))
        boxes = [answer.findings[0].box or [] for answer in answers]

    assert sorted(boxes) == [[0, 1, 2, 1], [1, 1, 2, 1]]


FAILING = """
    import os, sys, time

    class Mine:
        def __init__(self):
            self.calls = 0

        def inference_by_path(self, path):
            self.calls += 1
            print("call", self.calls)
            print("a warning", file=sys.stderr)
            with open(path) as file:
                order = file.read()
            if order == "raise":
                raise ValueError("no cat in sight")
            if order == "crash":
                os.kill(os.getpid(), 9)
            if order == "hang":
                time.sleep(600)
            return [[(self.calls, 0, 1, 1), {"cat": 1.0}]]
    """


def test_a_failing_call_hands_over_its_traceback_and_what_it_printed(serve: Serve) -> None:
    engine = serve(FAILING)
    engine.predict_pictures("toy", [b"fine"])

    with pytest.raises(InferenceFailed) as raised:
        engine.predict_pictures("toy", [b"raise"])

    message = str(raised.value)
    assert "module 'mine:Mine', worker 0: raised ValueError: no cat in sight" in message
    lines = message.splitlines()
    assert lines[1:3] == ["call 2", "a warning"]
    assert 'mine.py", line' in message
    assert "module_worker.py" not in message
    # The instance lives on.
    assert engine.predict_pictures("toy", [b"fine"]).findings[0].box == [3, 0, 1, 1]


def test_a_crash_ends_the_worker_alone_and_the_next_call_has_a_new_one(serve: Serve) -> None:
    engine = serve(FAILING)

    with pytest.raises(InferenceFailed, match=r"ended by signal 9 .*\ncall 1"):
        engine.predict_pictures("toy", [b"crash"])

    assert engine.predict_pictures("toy", [b"fine"]).findings[0].box == [1, 0, 1, 1]


def test_a_call_that_hangs_is_ended(serve: Serve) -> None:
    engine = serve(FAILING, timeoutS=0.5)

    with pytest.raises(InferenceFailed, match=r"no answer within 0\.5 s \(artifact\.timeoutS\)"):
        engine.predict_pictures("toy", [b"hang"])


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("[[(1, 2, 3), {'cat': 1}]]", "legal is a list of [(x, y, w, h), {label: probability}]"),
        ("None", "legal is a list of"),
        ("[[(1, 2, 3, 4), {'cow': 1}]]", "object 0: found label 'cow', legal are cat, dog"),
        ("[[(1, 2, 3, 4), {'cat': 1.5}]]", "found probability 1.5 of 'cat', legal are 0 to 1"),
        ("[[(1, 2, 3, 4), {}]]", "found no label"),
        ("[[(1, 2, -3, 4), {'cat': 1}]]", "found box (1.0, 2.0, -3.0, 4.0)"),
        ("[[(1, 2, float('nan'), 4), {'cat': 1}]]", "raised ValueError"),
    ],
)
def test_an_answer_of_another_form_is_refused(serve: Serve, returned: str, expected: str) -> None:
    engine = serve(f"""
        class Mine:
            def inference_by_path(self, path):
                return {returned}
        """)

    with pytest.raises(InferenceFailed) as raised:
        engine.predict_pictures("toy", [b""])

    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("source", "artifact", "changes", "expected"),
    [
        ("class Other: pass", {}, {}, "has no attribute 'Mine'"),
        ("import no_such_thing", {}, {}, "No module named 'no_such_thing'"),
        ("class Mine: pass", {}, {}, "has no attribute 'inference_by_path'"),
        ("", {"callable": "mine"}, {}, "artifact.callable: found 'mine'; legal is module:Class"),
        ("", {}, {"task": "classification"}, "a module has both task: module and runtime: module"),
        ("", {}, {"explanations": [{"method": "lime"}]}, "explanations: found ['lime']; a module"),
    ],
)
def test_a_module_that_cannot_be_served_is_refused_when_it_is_loaded(
    tmp_path: Path, source: str, artifact: Any, changes: Any, expected: str
) -> None:
    folder = write_module_bundle(tmp_path / "toy", source, artifact=artifact, **changes)

    with pytest.raises(ManifestInvalid) as raised:
        load_model(folder, 1)

    assert expected in str(raised.value)


def test_a_folder_is_known_by_the_digest_of_its_listing(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    (folder / "parts").mkdir(parents=True)
    (folder / "b.py").write_bytes(b"abc")
    (folder / "parts" / "a.py").write_bytes(b"")
    before = folder_digest(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "b.pyc").write_bytes(b"compiled")

    # printf '%s  b.py\n%s  parts/a.py\n' ba7816bf… e3b0c442… | sha256sum
    assert folder_digest(folder) == before
    assert before == "f80d544ca4e79118143e417a77f96c3fdbc88817bea037435078808cd7eb42bd"
