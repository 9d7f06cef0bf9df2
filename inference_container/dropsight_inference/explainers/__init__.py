"""Why a model said what it said. One module for each method, imported on demand.

An explainer module has one function, `explain(subject, parameters)`; it returns one Attribution for
each column of `subject.question`, in order. It raises ExplanationUnavailable for parameters that it
does not know and for models that it cannot answer.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.ports import Attribution
from dropsight_inference.explainers.subject import Subject

EXPLAINERS = {
    "grad-cam": "dropsight_inference.explainers.grad_cam",
    "lime": "dropsight_inference.explainers.lime",
}


class Explain(Protocol):
    def __call__(self, subject: Subject, parameters: Mapping[str, Any]) -> list[Attribution]: ...


def explainer(method: str) -> Explain:
    """The function that answers for `method`. Raises ExplanationUnavailable."""
    if method not in EXPLAINERS:
        raise ExplanationUnavailable(
            f"method: found {method!r}, legal are {', '.join(sorted(EXPLAINERS))}"
        )
    explain: Explain = importlib.import_module(EXPLAINERS[method]).explain
    return explain
