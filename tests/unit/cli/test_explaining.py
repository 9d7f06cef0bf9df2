"""`dropsight explain`: what is asked for is in the document and in the queue; refusals are one
sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dropsight.cli.main import main
from dropsight.cli.store import Store, open_store
from dropsight.domain.events import TOPIC_EXPLAIN, ExplanationRequested, push_subscription
from dropsight.domain.manifests import load_manifests
from dropsight.domain.results import CandidateSet, Finding, ModelReference, Result, Source
from dropsight.domain.wire import decode, replace
from dropsight.pipeline.artifacts import frame_name
from dropsight.settings import Settings
from tests.toy_objects import head_network, write_objects_bundle

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    network = head_network(np.zeros((6, 1), np.float32), 8)
    write_objects_bundle(tmp_path / "models" / "toy", network, 8, "detection")
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    monkeypatch.setenv("DROPSIGHT_MODELS", str(tmp_path / "models"))
    made = open_store(Settings(root=tmp_path))
    made.subscribe()
    made.objects.write("work", frame_name("abc"), b"frame")
    digest = load_manifests(tmp_path / "models")["toy"].digest
    made.results.create(
        Result(
            result_id="abc",
            status="explained",
            source=Source(bucket="landing", object="toy/a.tif", generation=1),
            model=ModelReference(
                name="toy", version="1", digest=digest, runtime="onnx", task="detection"
            ),
            findings=[Finding(label="red", probability=0.5, score=0.5, box=[1.0, 1.0, 2.0, 2.0])],
            candidates=CandidateSet(minimum_score=0.1, maximum=9, iou=0.5),
        )
    )
    return made


def test_an_object_is_asked_for_in_the_document_and_in_the_queue(store: Store, capsys):
    assert main(["explain", "abc", "--object", "0"]) == 0

    said = capsys.readouterr()
    assert said.out == "lime of red, object 0 of frame 0: pending\n"
    assert "it is made when `dropsight up` starts there" in said.err
    (delivery,) = store.queue.pull(push_subscription(TOPIC_EXPLAIN), 5)
    request = decode(delivery.data, ExplanationRequested)
    assert (request.result_id, request.method, request.object_index) == ("abc", "lime", 0)
    assert main(["results", "abc"]) == 0
    assert "explanation  lime of red, object 0 of frame 0: pending\n" in capsys.readouterr().out


def test_an_entry_that_is_done_is_shown_as_it_is(store: Store, capsys):
    assert main(["explain", "abc", "--object", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objectIndex"] == 0
    store.results.update(
        "abc", lambda r: replace(r, explanations=[replace(r.explanations[0], status="done")])
    )

    assert main(["explain", "abc", "--object", "0"]) == 0
    assert capsys.readouterr() == ("lime of red, object 0 of frame 0: done\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["abc", "--object", "0", "--method", "grad-cam"], 1, "legal is 'lime', which needs"),
        (["abc", "--object", "1"], 1, "object: found 1, legal are 0 to 0 in frame 0"),
        (["abc", "--object", "0", "--frame", "1"], 1, "frame: found 1, legal are 0 to 0"),
        (["abc", "--label", "red"], 1, "object: missing; of task detection one object"),
        (["none", "--object", "0"], 2, "result none: there is none"),
        (["abc", "--object", "0", "--wait"], 1, "so nothing would happen to wait for"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    arguments: list[str], code: int, sentence: str, capsys
):
    assert main(["explain", *arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
