"""What a list shows of a result, written beside it: a web client reads a page of a thousand rows
without the candidates and explanations of each, which may be most of a megabyte."""

from __future__ import annotations

from typing import Any

from dropsight.domain.results import Result
from dropsight.domain.wire import to_plain

FIRST_PICTURE = "display-0"
"""Name of the artifact that shows the first frame (`pipeline.artifacts.display_name`)."""


def list_entry(result: Result) -> dict[str, Any]:
    """JSON-like builtins, for a result that is not deleted.

    {"object": "cxr/a.dcm", "format": "dicom", "model": "cxr",
     "found": [{"label": "pneumonia", "probability": 0.9}], "errorCode": None,
     "display": {"name": "display-0", …} or None}
    """
    display = result.artifact(FIRST_PICTURE)
    return {
        "object": result.source.object,
        "format": result.source.format,
        "model": result.model.name if result.model else None,
        "found": _strongest(result),
        "errorCode": result.error.code if result.error else None,
        "display": to_plain(display) if display else None,
    }


def _strongest(result: Result) -> list[dict[str, Any]]:
    """The strongest positive finding of each label, the most probable first."""
    best: dict[str, float] = {}
    for finding in result.positives:
        best[finding.label] = max(finding.probability, best.get(finding.label, 0.0))
    ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"label": label, "probability": probability} for label, probability in ranked]
