"""Heads of other shapes and exporters: end2end, mask prototypes, half precision, fixed batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight.domain.rle import decode_mask
from dropsight_inference.box_layouts import fitting_layouts
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.toy_objects import write_objects_bundle

pytestmark = pytest.mark.unit

SIDE = 32
# A source of 64 x 32 in 32 x 32: halved, with 8 rows of padding above and below.
FRAME = Frame(np.zeros((1, SIDE, SIDE, 1), np.uint8), 64, 32, (0.0, 8.0, 32.0, 16.0))
Tables = dict[str, npt.NDArray[np.float32]]

# left, top, right, bottom, score, position of the label; the last row is not used
END2END = np.array(
    [[8, 14, 12, 18, 0.75, 1], [26, 18, 40, 26, 0.5, 0], [0, 0, 0, 0, 0, 0]], np.float32
)
# centre x, centre y, width, height, score of red, of white, two mask coefficients; one more anchor
# than there are numbers in each
SEGMENTED = np.array(
    [
        [8, 16, 8, 8, 0.1, 0.8, 1, 0],
        [8, 16, 8, 8, 0.1, 0.7, 1, 0],  # the same object once more
        [24, 16, 8, 8, 0.6, 0.1, 0, -2],
        *([[0, 0, 1, 1, 0, 0, 0, 0]] * 6),
    ],
    np.float32,
)
PROTOTYPES = np.full((2, 8, 8), 1.0, np.float32)
PROTOTYPES[0, :4] = -1.0  # negative in the upper half of the input
PROTOTYPES[1, :, :6] = -1.0  # negative but in the columns from 24 on


def _network(
    tables: Tables,
    rows: int | str = "batch",
    kind: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    *,
    open_sizes: bool = False,
) -> bytes:
    """ONNX bytes: every output is its table, for each row of the input."""
    nodes = [helper.make_node("Shape", ["images"], ["rows"], start=0, end=1)]
    constants: dict[str, npt.NDArray[Any]] = {}
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    for name, table in tables.items():
        nodes += [
            helper.make_node("Concat", ["rows", f"{name}_inner"], [f"{name}_shape"], axis=0),
            helper.make_node("Expand", [f"{name}_table", f"{name}_shape"], [f"{name}_all"]),
        ]
        if open_sizes:  # all of it, which only a pass can know
            nodes += [
                helper.make_node("Mul", ["rows", "many"], [f"{name}_end"]),
                helper.make_node(
                    "Slice", [f"{name}_all", "start", f"{name}_end", "axis"], [f"{name}_some"]
                ),
                helper.make_node("Transpose", [f"{name}_some"], [f"{name}_turned"], perm=[0, 2, 1]),
                helper.make_node(
                    "Slice", [f"{name}_turned", "start", f"{name}_end", "axis"], [f"{name}_both"]
                ),
                helper.make_node("Transpose", [f"{name}_both"], [name], perm=[0, 2, 1]),
            ]
            constants |= {
                "many": np.array([100_000], np.int64),
                "start": np.array([0], np.int64),
                "axis": np.array([1], np.int64),
            }
        else:
            nodes.append(helper.make_node("Identity", [f"{name}_all"], [name]))
        constants[f"{name}_table"] = table[None].astype(dtype)
        constants[f"{name}_inner"] = np.array(table.shape, np.int64)
    sizes = ["height", "width"] if open_sizes else [SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("images", kind, [rows, 1, *sizes])],
        [
            helper.make_tensor_value_info(
                name,
                kind,
                [rows, *(f"{name}{n}" if open_sizes else size for n, size in enumerate(one.shape))],
            )
            for name, one in tables.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _findings(
    folder: Path, network: bytes, layout: str, task: str = "detection", **changes: Any
) -> list[Finding]:
    boxes = {"name": "output0", "layout": layout}
    if task == "segmentation":
        boxes["prototypes"] = "output1"
    spec = {"width": SIDE, "height": SIDE, "channels": 1, "resize": "letterbox"}
    maximum = changes.pop("maximum_batch", None)
    if maximum:
        spec["maximumBatch"] = maximum
    changes = {"outputs": {"boxes": boxes}, "input": spec, **changes}
    write_objects_bundle(folder, network, SIDE, task, changes)
    engine = Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics())
    try:
        engine.warm_up()
        return engine.predict("toy", FRAME).findings
    finally:
        engine.close()


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16], ids=["float", "half"])
@pytest.mark.parametrize("rows", ["batch", 1, 4])
def test_end2end_boxes_are_corners_with_one_label_each(
    tmp_path: Path, rows: int | str, kind: int
) -> None:
    network = _network({"output0": END2END}, rows, kind)
    maximum = rows if isinstance(rows, int) else None

    strong, weak = _findings(tmp_path / "toy", network, "end2end", maximum_batch=maximum)

    assert (strong.label, strong.score, strong.positive) == ("white", 0.75, True)
    assert strong.box == [16, 12, 8, 8]
    assert strong.probabilities == {"red": 0.0, "white": 0.75}
    assert (weak.label, weak.score) == ("red", 0.5)
    assert weak.box == [52, 20, 12, 12]  # cut off at the edges of the source


def test_masks_are_prototypes_weighted_by_coefficients_within_the_box(tmp_path: Path) -> None:
    network = _network({"output0": SEGMENTED.T, "output1": PROTOTYPES})

    left, right = _findings(tmp_path / "toy", network, "yolov8", "segmentation")

    assert (left.label, left.score, left.box) == ("white", 0.8, [8, 8, 16, 16])
    assert (right.label, right.score, right.box) == ("red", 0.6, [40, 8, 16, 16])
    assert left.mask is not None
    assert right.mask is not None
    # A prototype's pixel is 8 x 8 of the source. Between the rows of -1 and of 1, whose centres are
    # 12 and 20, the sign turns at 16: the lower half of the box.
    lower = np.zeros((32, 64), bool)
    lower[16:24, 8:24] = True
    assert np.array_equal(decode_mask(left.mask), lower)
    # -2 times the second: set where that is negative, left of column 48.
    here = np.zeros((32, 64), bool)
    here[8:24, 40:48] = True
    assert np.array_equal(decode_mask(right.mask), here)


def test_end2end_with_prototypes_is_not_suppressed_again(tmp_path: Path) -> None:
    rows = np.array([[4, 12, 12, 20, 0.8, 1, 1, 0], [4, 12, 12, 20, 0.7, 1, 1, 0]], np.float32)
    rows = np.vstack([rows, np.zeros((9, 8), np.float32)])
    network = _network({"output0": rows, "output1": PROTOTYPES})

    findings = _findings(tmp_path / "toy", network, "end2end", "segmentation")

    assert [(one.score, one.positive) for one in findings] == [(0.8, True), (0.7, False)]


@pytest.mark.parametrize("open_sizes", [False, True], ids=["stated sizes", "open sizes"])
@pytest.mark.parametrize(
    ("shape", "layout", "sentence"),
    [
        ((84, 2100), "yolov8", "that shape fits yolov8 with 80 labels"),
        ((2100, 85), "yolov8", "that shape fits yolov6 with 80 labels"),
        ((300, 6), "yolov8", "fits end2end with any number of labels or yolov6 with 1 label"),
        ((6, 2100), "end2end", "that shape fits yolov8 with 2 labels"),
        ((2100, 7), "end2end", "that shape fits yolov6 with 2 labels"),
    ],
)
def test_a_wrong_layout_is_refused_with_those_that_fit(
    tmp_path: Path, shape: tuple[int, int], layout: str, sentence: str, open_sizes: bool
) -> None:
    network = _network({"output0": np.zeros(shape, np.float32)}, open_sizes=open_sizes)

    with pytest.raises(ManifestInvalid) as raised:
        _findings(tmp_path / "toy", network, layout)

    rows = "2" if open_sizes else "batch"  # tried on two images where the file does not say
    assert f"'output0' has shape ({rows}, {shape[0]}, {shape[1]})" in str(raised.value)
    assert sentence in str(raised.value)


def test_a_shape_that_fits_nothing_is_told_all_layouts() -> None:
    assert fitting_layouts((1, 3, 80, 80)) == []
    assert fitting_layouts((1, 300, 38), coefficients=32) == [
        "end2end with any number of labels",
        "yolov6 with 1 label",
    ]


def test_objectness_read_as_end2end_is_noticed_by_its_labels(tmp_path: Path) -> None:
    # One label: centre x, centre y, width, height, objectness, score. The shape of end2end.
    rows = np.tile(np.array([16, 16, 4, 4, 0.9, 0.5], np.float32), (10, 1))

    with pytest.raises(InferenceFailed, match=r"its label in layout end2end: found 0.5 to 0.5"):
        _findings(
            tmp_path / "toy",
            _network({"output0": rows}),
            "end2end",
            labels=[{"id": "red"}],
        )


ULTRALYTICS = {
    "author": "Ultralytics",
    "task": "detect",
    "names": "{0: 'red', 1: 'white'}",
    "end2end": "False",
    "args": "{'nms': None}",
}


@pytest.mark.parametrize(
    ("metadata", "changes", "sentence"),
    [
        ({"task": "obb"}, {}, "model of task 'obb', which is not served here; legal are detect"),
        ({"task": "pose"}, {}, "model of task 'pose', which is not served here"),
        ({"task": "segment"}, {}, "legal is task: segmentation"),
        ({"end2end": "True"}, {}, "layout: found 'yolov8', but .* legal is end2end"),
        ({"args": "{'nms': True}"}, {}, "layout: found 'yolov8', but .* legal is end2end"),
        (
            {"names": "{0: 'white', 1: 'red'}"},
            {},
            "labels: found red, white, but the file has them in the order white, red",
        ),
    ],
)
def test_what_an_export_says_of_itself_is_believed(
    tmp_path: Path, metadata: dict[str, str], changes: dict[str, Any], sentence: str
) -> None:
    table = np.zeros((6, 10), np.float32)
    network = _network({"output0": table}, metadata={**ULTRALYTICS, **metadata})

    with pytest.raises(ManifestInvalid, match=sentence):
        _findings(tmp_path / "toy", network, "yolov8", **changes)


def test_a_batch_size_that_model_yaml_does_not_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"fixed batch size of 4; .*maximumBatch: 4"):
        _findings(tmp_path / "toy", _network({"output0": END2END}, 4), "end2end", maximum_batch=2)
