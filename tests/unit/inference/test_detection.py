"""YOLO-style heads through the real engine, with boxes that can be followed on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.adapters.document_limits import check_document
from dropsight.domain.errors import ExplanationUnavailable, InferenceFailed, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight.domain.results import Result, Source
from dropsight.domain.suppression import shown
from dropsight.domain.wire import to_plain
from dropsight.ports import Prediction
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.toy_objects import head_network, write_objects_bundle

pytestmark = pytest.mark.unit

SIDE = 32
Table = npt.NDArray[np.float32]
# A source of 64 x 32 in 32 x 32: halved, with 8 rows of padding above and below.
FRAME = Frame(np.zeros((1, SIDE, SIDE, 1), np.uint8), 64, 32, (0.0, 8.0, 32.0, 16.0))

# centre x, centre y, width, height, score of red, score of white
ANCHORS = np.array(
    [
        [10, 16, 4, 4, 0.10, 0.80],
        [10, 16, 4, 5, 0.20, 0.60],  # over the first one: IoU 4 / 5
        [30, 22, 8, 8, 0.40, 0.02],  # reaches over the right and the lower edge
        [16, 3, 6, 6, 0.90, 0.10],  # in the padding
        [20, 16, 4, 4, 0.001, 0.002],  # under the minimum score
    ],
    np.float32,
)
MakeDetector = Callable[..., Engine]


@pytest.fixture
def make_detector(tmp_path: Path) -> Iterator[MakeDetector]:
    made: list[Engine] = []

    def make(table: Table, batch: int | str = "batch", **changes: Any) -> Engine:
        network = head_network(table, SIDE, batch)
        folder = write_objects_bundle(tmp_path / "toy", network, SIDE, "detection", changes)
        made.append(Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics()))
        made[-1].warm_up()
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def _yolov6(anchors: Table, objectness: float) -> dict[str, Any]:
    scores = anchors[:, 4:] / objectness
    column = np.full((len(anchors), 1), objectness, np.float32)
    return {
        "table": np.hstack([anchors[:, :4], column, scores]).astype(np.float32),
        "outputs": {"boxes": {"name": "output0", "layout": "yolov6"}},
    }


def _boxes(prediction: Prediction) -> list[tuple[str, list[float], float, bool]]:
    found = []
    for one in prediction.findings:
        assert one.box is not None
        assert one.score is not None
        found.append((one.label, one.box, one.score, bool(one.positive)))
    return found


EXPECTED = [
    ("white", [16, 12, 8, 8], 0.8, True),
    ("white", [16, 11, 8, 10], 0.6, False),  # above its threshold, but suppressed
    ("red", [52, 20, 12, 12], 0.4, False),  # 26 to 34 across, twice, cut off at 64
]


def test_boxes_of_both_layouts_come_back_in_source_pixels(make_detector: MakeDetector) -> None:
    assert _boxes(make_detector(ANCHORS.T).predict("toy", FRAME)) == EXPECTED
    assert _boxes(make_detector(**_yolov6(ANCHORS, 0.9)).predict("toy", FRAME)) == EXPECTED


def test_a_finding_has_the_score_of_every_label_and_its_operating_point(
    make_detector: MakeDetector,
) -> None:
    first = make_detector(ANCHORS.T).predict("toy", FRAME).findings[0]

    assert first.probabilities == {"red": 0.1, "white": 0.8}
    assert (first.probability, first.threshold, first.logit, first.mask) == (0.8, 0.5, None, None)


def test_candidates_suffice_for_other_thresholds(make_detector: MakeDetector) -> None:
    findings = make_detector(ANCHORS.T).predict("toy", FRAME).findings

    assert shown(findings, None, 0.45) == [0]
    assert shown(findings, 0.3, 0.45) == [0, 2]
    assert shown(findings, 0.3, 0.9) == [0, 1, 2]


def test_the_strongest_are_kept_and_the_document_says_how_many_there_were(
    make_detector: MakeDetector,
) -> None:
    prediction = make_detector(
        ANCHORS.T, candidates={"minimumScore": 0.0, "maximum": 2, "iou": 0.9}
    ).predict("toy", FRAME)

    assert [(f.score, f.positive) for f in prediction.findings] == [(0.8, True), (0.6, True)]
    assert prediction.candidates is not None
    (counts,) = prediction.candidates.frames
    assert (counts.found, counts.kept) == (4, 2)
    assert (prediction.candidates.iou, prediction.candidates.dropped) == (0.9, 2)


def test_nothing_found_is_an_answer(make_detector: MakeDetector) -> None:
    prediction = make_detector(ANCHORS[4:].T).predict("toy", FRAME)

    assert prediction.findings == []
    assert prediction.candidates is not None
    assert prediction.candidates.dropped == 0


def test_frames_of_one_upload_keep_their_index(make_detector: MakeDetector) -> None:
    three = Frame(np.zeros((3, SIDE, SIDE, 1), np.uint8), SIDE, SIDE, (0, 0, SIDE, SIDE))

    findings = make_detector(ANCHORS[:1].T).predict("toy", three).findings

    assert [(f.frame, f.box) for f in findings] == [(k, [8, 14, 4, 4]) for k in range(3)]


def test_a_model_of_one_image_at_a_time_is_served_frame_by_frame(
    make_detector: MakeDetector,
) -> None:
    sides = {"width": SIDE, "height": SIDE, "channels": 1, "maximumBatch": 1}
    engine = make_detector(ANCHORS[:1].T, batch=1, input=sides)
    three = Frame(np.zeros((3, SIDE, SIDE, 1), np.uint8), SIDE, SIDE, (0, 0, SIDE, SIDE))

    assert len(engine.predict("toy", three).findings) == 3


def test_a_crowd_in_many_frames_still_fits_one_document(make_detector: MakeDetector) -> None:
    random = np.random.default_rng(0)
    count = 900
    anchors = np.hstack(
        [random.uniform(8, 24, (count, 2)), np.full((count, 2), 2), random.random((count, 2))]
    ).astype(np.float32)
    frames = Frame(np.zeros((9, SIDE, SIDE, 1), np.uint8), 4000, 3000, (0, 0, SIDE, SIDE))

    prediction = make_detector(anchors.T).predict("toy", frames)

    assert prediction.candidates is not None
    kept = len(prediction.findings)
    assert kept + prediction.candidates.dropped == 9 * count
    assert 1000 < kept < 9 * count
    result = Result(
        result_id="r",
        status="predicted",
        source=Source(bucket="b", object="o", generation=1),
        findings=prediction.findings,
        candidates=prediction.candidates,
    )
    check_document(to_plain(result), "r")  # raises over 1 MiB


def test_logits_in_the_place_of_scores_are_refused(make_detector: MakeDetector) -> None:
    table = ANCHORS[:1].copy()
    table[0, 4] = -3.5

    with pytest.raises(InferenceFailed, match=r"found scores from -3.5 to 0.8, legal are 0 to 1"):
        make_detector(table.T)


def test_a_head_for_another_number_of_labels_is_refused(make_detector: MakeDetector) -> None:
    with pytest.raises(
        ManifestInvalid,
        match=r"has shape \(batch, 7, 5\), but layout yolov8 with 2 labels is \(batch, 4 \+",
    ):
        make_detector(np.vstack([ANCHORS.T, ANCHORS.T[:1]]))


def test_boxes_are_their_own_explanation(make_detector: MakeDetector) -> None:
    engine = make_detector(ANCHORS.T)

    with pytest.raises(ExplanationUnavailable, match="of task detection"):
        engine.explain("toy", FRAME, "lime", ["red"], 0, {})
