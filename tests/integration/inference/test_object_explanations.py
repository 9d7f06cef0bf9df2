"""One object is explained on request: asked for, pushed to the container, written down once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable, MessageInvalid, ObjectGone
from dropsight.domain.events import ExplanationRequested, PredictionRequested
from dropsight.domain.manifests import load_manifests
from dropsight.domain.results import Explanation, Result
from dropsight.domain.wire import decode
from dropsight.domain.wire import replace as changed
from dropsight.imaging.png import decode_png, encode_png
from dropsight.pipeline import request_explanation
from dropsight.pipeline.artifacts import frame_name
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.settings import Settings
from tests.fakes import MemoryPublisher
from tests.object_networks import SIDE, region_detector
from tests.toy_container import SIDE as SMALL
from tests.toy_container import Container, running
from tests.toy_objects import head_network, write_objects_bundle

pytestmark = pytest.mark.integration

# Of 8 x 8 pixels, 2 to 6 each way, and one in a corner; the picture is 20 x 10.
ANCHORS = np.array([[4, 4, 4, 4, 0.125, 0.75], [1, 1, 2, 2, 0.5, 0.25]], np.float32)


class Asked:
    """A container with a predicted upload of two frames, and what is published to it."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.published = MemoryPublisher()
        self.prediction = container.upload(frames=2)
        assert container.push("predict", self.prediction).status == 204
        self.ask = RequestExplanation(
            objects=container.backend.objects,
            results=container.backend.results,
            publisher=self.published,
            models=load_manifests(container.settings.models),
            work_bucket=container.settings.work_bucket,
        )
        manifest = self.ask.models["toy"]
        model = self.result.model
        assert model is not None
        model = changed(model, digest=manifest.digest)
        container.backend.results.update("r-1", lambda r: changed(r, model=model, explanations=[]))

    @property
    def result(self) -> Result:
        found = self.container.backend.results.get("r-1")
        assert found is not None
        return found

    @property
    def messages(self) -> list[ExplanationRequested]:
        return [decode(one.data, ExplanationRequested) for one in self.published.published]

    def push(self, message: ExplanationRequested | PredictionRequested) -> None:
        step = "explain" if isinstance(message, ExplanationRequested) else "predict"
        assert self.container.push(step, message).status == 204


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    write_objects_bundle(
        tmp_path / "models" / "toy", head_network(ANCHORS.T, SMALL), SMALL, "detection"
    )
    settings = replace(
        Settings(), root=tmp_path, models=tmp_path / "models", batch_size=4, max_in_flight=4
    )
    with running(settings) as container:
        container.service.warm_up.join()
        yield Asked(container)


def test_an_object_is_explained_with_its_number_its_artifacts_and_its_fidelity(
    asked: Asked,
) -> None:
    entry = asked.ask("r-1", "lime", object_index=1, frame=1)

    assert entry == Explanation(method="lime", label="red", frame=1, object_index=1)
    assert asked.result.explanations == [entry]
    (message,) = asked.messages
    assert (message.object_index, message.frame_index, message.labels) == (1, 1, ["red"])

    asked.push(message)

    result = asked.result
    (answer,) = result.explanations
    assert (answer.status, answer.identity) == ("done", entry.identity)
    assert answer.seed == 0
    assert set(answer.fidelity) >= {"deletion", "insertion"}  # a score that never varies has no R2
    assert (answer.heatmap, answer.overlay) == (
        "heatmap-lime-red-1-object-1",
        "overlay-lime-red-1-object-1",
    )
    for name, kind in ((answer.heatmap, np.uint16), (answer.overlay, np.uint8)):
        artifact = result.artifact(name or "")
        assert artifact is not None
        stored = asked.container.backend.objects.read(artifact.bucket, artifact.object)
        assert decode_png(stored).dtype == kind
    assert result.leases == {}
    assert result.timeline["explain.lime.1.object-1.compute"] > 0


def test_asking_and_delivering_twice_has_the_effect_of_once(asked: Asked) -> None:
    first = asked.ask("r-1", "lime", object_index=0)
    again = asked.ask("r-1", "lime", object_index=0)
    assert first == again
    assert len(asked.result.explanations) == 1
    message, second = asked.messages
    assert message.object_index == second.object_index

    asked.push(message)
    done = asked.result
    asked.push(second)

    assert asked.result == done
    assert asked.ask("r-1", "lime", object_index=0).status == "done"
    assert len(asked.messages) == 2  # what is done is not asked for again


def test_a_prediction_that_is_delivered_again_asks_for_the_object_again(asked: Asked) -> None:
    asked.ask("r-1", "lime", object_index=1)
    service = asked.container.service
    again = replace(service.predict, publisher=asked.published)

    again(asked.prediction)

    first, second = asked.messages
    assert changed(second, requested_at=first.requested_at) == first


def test_an_explanation_that_failed_can_be_asked_for_again(asked: Asked) -> None:
    asked.ask("r-1", "lime", object_index=0)
    (message,) = asked.messages
    asked.push(changed(message, parameters={"samples": 3}))
    (failed,) = asked.result.explanations
    assert (failed.status, failed.error and failed.error.code) == (
        "failed",
        "explanation-unavailable",
    )

    assert asked.ask("r-1", "lime", object_index=0).status == "pending"
    asked.push(message)

    assert [e.status for e in asked.result.explanations] == ["done"]


def test_a_message_for_an_object_that_is_not_there_is_settled(asked: Asked) -> None:
    asked.ask("r-1", "lime", object_index=0)
    ghost = Explanation(method="lime", label="red", object_index=9)
    asked.container.backend.results.update("r-1", lambda r: changed(r, explanations=[ghost]))

    asked.push(changed(asked.messages[0], object_index=9, labels=["red"]))

    (settled,) = asked.result.explanations
    assert settled.error is not None
    assert "found 9, but frame 0 of result r-1 has 2 objects" in settled.error.message


@pytest.mark.parametrize(
    ("method", "chosen", "sentence"),
    [
        ("grad-cam", {"object_index": 0}, "runtime 'onnx' of toy has no gradients for objects"),
        ("saliency", {"object_index": 0}, "method: found 'saliency', legal are grad-cam, lime"),
        ("lime", {"object_index": 2}, "object: found 2, legal are 0 to 1 in frame 0"),
        ("lime", {"object_index": -1}, "object: found -1, legal are 0 to 1"),
        ("lime", {"label": "red"}, "object: missing; of task detection one object is explained"),
        ("lime", {}, "object: missing"),
    ],
)
def test_what_cannot_be_explained_is_refused_when_it_is_asked_for(
    asked: Asked, method: str, chosen: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ExplanationUnavailable, match=sentence):
        asked.ask("r-1", method, **chosen)  # type: ignore[arg-type]
    assert asked.messages == []
    assert asked.result.explanations == []


def test_a_frame_a_result_or_a_stored_frame_that_is_not_there_is_named(asked: Asked) -> None:
    with pytest.raises(MessageInvalid, match="frame: found 2, legal are 0 to 1"):
        asked.ask("r-1", "lime", object_index=0, frame=2)
    with pytest.raises(KeyError):
        asked.ask("nothing", "lime", object_index=0)
    work = asked.container.settings.work_bucket
    asked.container.backend.objects.delete(work, frame_name("r-1"))
    with pytest.raises(ObjectGone, match=r"no longer stored.*drop the file again"):
        asked.ask("r-1", "lime", object_index=0)


def test_another_version_of_the_model_does_not_explain(asked: Asked) -> None:
    results = asked.container.backend.results
    model = asked.result.model
    assert model is not None
    results.update("r-1", lambda r: changed(r, model=changed(model, version="0", digest="old")))

    with pytest.raises(ExplanationUnavailable, match=r"made by version 0 of toy.*version 1 of it"):
        asked.ask("r-1", "lime", object_index=0)
    results.update("r-1", lambda r: changed(r, status="queued"))
    with pytest.raises(ExplanationUnavailable, match="is queued; only what has been predicted"):
        asked.ask("r-1", "lime", object_index=0)


def test_a_result_has_at_most_so_many_explanations(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_explanation, "MOST", 2)
    asked.ask("r-1", "lime", object_index=0)
    asked.ask("r-1", "lime", object_index=1)

    assert [one.object_index for one in asked.messages] == [0, 1]  # each its own, once
    with pytest.raises(ExplanationUnavailable, match="has 2 explanations, legal are 2"):
        asked.ask("r-1", "lime", object_index=0, frame=1)
    assert asked.ask("r-1", "lime", object_index=1).status == "pending"


def test_the_direct_answer_lists_its_labels_found_or_not(tmp_path: Path) -> None:
    box = (36, 36, 60, 60)
    write_objects_bundle(
        tmp_path / "models" / "toy", region_detector([box], [box]), SIDE, "detection"
    )
    settings = replace(Settings(), root=tmp_path, models=tmp_path / "models")
    with running(settings) as container:
        container.service.warm_up.join()
        png = encode_png(np.zeros((SIDE, SIDE), np.uint8))
        document = json.loads(container.post("/v1/models/toy:predict", png).data)

    assert document["status"] == "explained"
    assert document["findings"] == []
    assert document["model"]["labels"] == ["red", "white"]
