"""A label that the model's settings did not explain is explained when somebody asks for it."""

from __future__ import annotations

import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.events import ExplanationRequested
from dropsight.domain.results import Result
from dropsight.domain.wire import decode, replace
from dropsight.pipeline.request_explanation import RequestExplanation
from tests.fakes import MemoryPublisher
from tests.toy_container import Container

pytestmark = pytest.mark.integration


def _result(container: Container) -> Result:
    found = container.backend.results.get("r-1")
    assert found is not None
    return found


@pytest.fixture
def published(container: Container) -> MemoryPublisher:
    """An upload whose only explanations, of label `one`, are done."""
    assert container.push("predict", container.upload()).status == 204
    digest = container.service.manifests["toy"].digest

    def settle(result: Result) -> Result:
        assert result.model is not None
        done = [replace(e, status="done") for e in result.explanations]
        model = replace(result.model, digest=digest)
        return replace(result, status="explained", explanations=done, model=model)

    container.backend.results.update("r-1", settle)
    return MemoryPublisher()


def _ask(container: Container, published: MemoryPublisher) -> RequestExplanation:
    return RequestExplanation(
        objects=container.backend.objects,
        results=container.backend.results,
        publisher=published,
        models=container.service.manifests,
        work_bucket=container.settings.work_bucket,
    )


def test_another_label_is_explained_and_the_first_ones_stay(
    container: Container, published: MemoryPublisher
) -> None:
    before = _result(container)
    (first,) = {e.label for e in before.explanations}
    other = next(f.label for f in before.findings if f.label != first)

    entry = _ask(container, published)("r-1", "lime", label=other)

    asked = _result(container)
    assert (entry.status, asked.status) == ("pending", "explained")
    (message,) = published.published
    request = decode(message.data, ExplanationRequested)
    # The parameters are those of the bundle's own LIME.
    assert (request.labels, request.parameters) == ([other], {"samples": 65, "segments": 8})
    assert container.push("explain", request).status == 204
    after = _result(container)
    assert after.explanations[:-1] == before.explanations
    assert (after.explanations[-1].label, after.explanations[-1].status) == (other, "done")
    assert after.timestamps == before.timestamps


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"label": "four"}, "label: found 'four', legal are one, two"),
        ({"object_index": 0}, "toy classifies, so one of its labels is explained"),
        ({}, "label: missing"),
    ],
)
def test_an_object_or_an_unknown_label_is_refused(
    container: Container, published: MemoryPublisher, chosen: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ExplanationUnavailable, match=sentence):
        _ask(container, published)("r-1", "lime", **chosen)  # type: ignore[arg-type]
    assert published.published == []
