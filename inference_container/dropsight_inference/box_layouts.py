"""The layouts of YOLO-style heads: their shapes, and which of them a shape would fit.

`manifests.BoxOutput` says what each layout holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest


@dataclass(frozen=True)
class BoxLayout:
    """Where a candidate's numbers are in (batch, …, …)."""

    axis: int
    """Along which the numbers of one candidate lie; the other axis counts candidates."""
    before: int
    """Numbers before the scores by label; for `end2end`, before the mask coefficients."""
    scores_by_label: bool

    def numbers(self, labels: int, coefficients: int) -> int:
        """Of one candidate."""
        return self.before + (labels if self.scores_by_label else 0) + coefficients

    def described(self, labels: int | str, coefficients: int) -> str:
        scores = f" + {labels} labels" if self.scores_by_label else ""
        masks = f" + {coefficients} mask coefficients" if coefficients else ""
        inner = f"{self.before}{scores}{masks}"
        return f"(batch, {inner}, anchors)" if self.axis == 1 else f"(batch, anchors, {inner})"


LAYOUTS = {
    "yolov8": BoxLayout(axis=1, before=4, scores_by_label=True),
    "yolov6": BoxLayout(axis=2, before=5, scores_by_label=True),
    "end2end": BoxLayout(axis=2, before=6, scores_by_label=False),
}


def check_box_shapes(
    boxes: Sequence[Any], prototypes: Sequence[Any] | None, manifest: Manifest, field: str
) -> None:
    """Refuse a head of another layout or with another number of labels: ManifestInvalid.

    The shapes may hold numbers and, for sizes that are not known yet, anything else. `field` is
    said in the error.
    """
    stated = manifest.outputs.boxes
    if stated is None:
        return
    labels, coefficients = len(manifest.labels), 0
    if prototypes is not None:
        if len(prototypes) != 4:
            raise ManifestInvalid(
                f"{field}.prototypes: {stated.prototypes!r} has shape {_written(prototypes)}, "
                "legal is (batch, coefficients, height, width)"
            )
        if not isinstance(prototypes[1], int):
            return  # found out in the first pass
        coefficients = prototypes[1]
    layout = LAYOUTS[stated.layout]
    if len(boxes) == 3 and (
        not isinstance(boxes[layout.axis], int)
        or boxes[layout.axis] == layout.numbers(labels, coefficients)
    ):
        return
    fitting = fitting_layouts(boxes, coefficients)
    raise ManifestInvalid(
        f"{field}: {stated.name!r} has shape {_written(boxes)}, but layout {stated.layout} with "
        f"{labels} labels is {layout.described(labels, coefficients)}; that shape fits "
        f"{' or '.join(fitting) or f'no layout known here ({_all(coefficients)})'}"
    )


def fitting_layouts(boxes: Sequence[Any], coefficients: int = 0) -> list[str]:
    """`<layout> with <count> labels` for each that a shape could be, the likeliest first.

    A head has more candidates than numbers in each.
    """
    if len(boxes) != 3:
        return []
    fitting: list[str] = []
    for name, layout in LAYOUTS.items():
        numbers, candidates = boxes[layout.axis], boxes[3 - layout.axis]
        if not isinstance(numbers, int) or (
            isinstance(candidates, int) and candidates <= numbers and candidates != 0
        ):
            continue
        labels = numbers - layout.before - coefficients
        if not layout.scores_by_label and labels == 0:
            fitting.insert(0, f"{name} with any number of labels")
        elif layout.scores_by_label and labels > 0:
            fitting.append(f"{name} with {labels} label{'s' if labels > 1 else ''}")
    return fitting


def _all(coefficients: int) -> str:
    return "; ".join(
        f"{name} {layout.described('N', coefficients)}" for name, layout in LAYOUTS.items()
    )


def _written(shape: Sequence[Any]) -> str:
    return f"({', '.join(str(size) for size in shape)})"
