"""Sends every request that the API's documentation shows, to a running laptop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import urllib3

from dropsight.api.container_operations import CONTAINER_ONLY, PASSED_ON
from dropsight.api.operations import Example, Operation
from dropsight.api.result_operations import OPERATIONS
from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import HTTP, Laptop

REPOSITORY = Path(__file__).parents[2]
MODULE = "bright-blobs"
FILM, PHOTO, *_ = samples()
FILES = {"film.dcm": FILM.data, "notes.txt": b"This is no picture.\n"}


@dataclass(frozen=True)
class Exchange:
    operation: Operation
    example: Example
    answer: urllib3.BaseHTTPResponse


def add_module(models: Path) -> None:
    """The example of a user's own class beside the other bundles."""
    shutil.copytree(REPOSITORY / "examples" / "modules" / "bright_blobs", models / MODULE)


def three_blobs() -> bytes:
    """PNG, 8 bits: three bright discs on a grey noise."""
    picture = np.random.default_rng(5).normal(40, 4, (96, 128)).clip(0, 255).astype(np.uint8)
    for x, y, radius in ((30, 25, 5), (80, 60, 7), (104, 20, 3)):
        cv2.circle(picture, (x, y), radius, 200, -1)
    done, png = cv2.imencode(".png", picture)
    assert done
    return png.tobytes()


def fill(laptop: Laptop) -> dict[str, str]:
    """The results that the examples speak of, by role: {film}, {blobs} and, deleted, {gone}."""
    names = {"film": "cxr/film.dcm", "blobs": f"{MODULE}/blobs.png", "gone": "cxr/photo.png"}
    (laptop.bucket / MODULE).mkdir(exist_ok=True)
    for name, data in zip(names.values(), (FILM.data, three_blobs(), PHOTO.data), strict=True):
        (laptop.bucket / name).write_bytes(data)
    laptop.wait_for(lambda: laptop.ended(3), "three results")
    by_name = {one.source.object: one.result_id for one in laptop.results}
    ids = {role: by_name[name] for role, name in names.items()}
    assert HTTP.request("DELETE", f"{laptop.url}v1/results/{ids['gone']}").status == 200
    return ids


def exchanges(laptop: Laptop, ids: dict[str, str]) -> Iterator[Exchange]:
    container = f"http://127.0.0.1:{_inference_port(laptop)}"
    for operation in (*PASSED_ON, *OPERATIONS, *CONTAINER_ONLY):
        base = container if operation in CONTAINER_ONLY else laptop.url.rstrip("/")
        for example in operation.examples:
            answer = HTTP.request(
                operation.method,
                base + example.target.format(**ids),
                body=FILES[example.file] if example.file else None,
            )
            yield Exchange(operation, example, answer)


def json_of(answer: urllib3.BaseHTTPResponse) -> object:
    return json.loads(answer.data)


def _inference_port(laptop: Laptop) -> int:
    environment = Path(f"/proc/{laptop.parts()['inference']}/environ").read_bytes().split(b"\0")
    return int(dict(one.split(b"=", 1) for one in environment if one)[b"PORT"])
