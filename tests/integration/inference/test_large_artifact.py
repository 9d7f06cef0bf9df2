"""Weights of 400 MiB: read once, checked, shared by all requests, and in memory once."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from dropsight.imaging.png import encode_png
from dropsight.settings import Settings
from tests.container_process import MIB, Process, running_process
from tests.toy_bundle import write_toy_bundle

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

SIDE = 8
ROWS = 400 * MIB // 8
"""Of two float32: the table has 400 MiB."""
SIZE = 400 * MIB
IMPORTS = 40 * MIB
"""What Python reads of its own libraries until it is ready: 9 MiB where this was written."""


def _write_network(path: Path) -> None:
    """logits = table[brightness], brightness 0 to 255: the mean of the image. table[k] = (k, -k)
    up to there, and zeros below, a hole in the file: quick to write, and read like any others.

    The table is appended: protobuf reads a field that comes twice as one message, merged.
    """
    nodes = [
        helper.make_node("ReduceMean", ["input", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "full"], ["scaled"]),
        helper.make_node("Round", ["scaled"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["brightness"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "brightness"], ["logits"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"),
        numpy_helper.from_array(np.array(255, np.float32), "full"),
    ]
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[ROWS, 2])
    # Fields of bytes: TensorProto.raw_data is 9, GraphProto.initializer 5, ModelProto.graph 7.
    tensor = table.SerializeToString() + _field(9, SIZE)
    initializer = _field(5, len(tensor) + SIZE) + tensor
    rows = np.arange(256, dtype=np.float32)[:, None] * np.array([1, -1], np.float32)
    with path.open("wb") as file:
        file.write(model.SerializeToString())
        file.write(_field(7, len(initializer) + SIZE) + initializer)
        end = file.tell() + SIZE
        file.write(rows.tobytes())
        file.truncate(end)


def _field(number: int, length: int) -> bytes:
    """What comes before the `length` bytes of a field."""
    encoded = bytearray([number << 3 | 2])
    while length > 0x7F:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*encoded, length])


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a container with this one model; its file is removed at the end."""
    folder = tmp_path / "models" / "large"
    folder.mkdir(parents=True)
    model = folder / "large.onnx"
    _write_network(model)
    with model.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    write_toy_bundle(
        folder,
        np.zeros((2, SIDE, SIDE), np.float32),
        changes={
            "artifact": {"path": "large.onnx", "sha256": sha256},
            "outputs": {},
            "explanations": [],
        },
    )
    yield replace(Settings(), root=tmp_path, models=tmp_path / "models")
    model.unlink()


def test_400_mib_are_read_once_before_readiness_and_shared_by_ten_requests(
    large: Settings,
) -> None:
    with running_process(large) as container:
        before = container.bytes_read()
        assert SIZE < before < SIZE + IMPORTS

        with ThreadPoolExecutor(10) as pool:
            logits = list(pool.map(lambda grey: _logits(container, grey), range(10)))

        assert logits == [[grey, -grey] for grey in range(10)]
        assert container.bytes_read() - before < MIB  # nobody has opened it again
        # The table once, beside what the process needs without it (less than 250 MiB).
        assert SIZE < container.resident_bytes() < SIZE + 250 * MIB
        # While it is loaded a second time: as the file's message, and as the session's tensor.
        assert container.peak_bytes() < 2 * SIZE + 250 * MIB


def _logits(container: Process, grey: int) -> list[float]:
    document = json.loads(
        container.predict("large", encode_png(np.full((SIDE, SIDE), grey, np.uint8)))
    )
    return [finding["logit"] for finding in document["findings"]]
