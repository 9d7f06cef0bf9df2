"""Sends every request that the API's documentation shows, to a running laptop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import urllib3

from dropsight.api.container_operations import CONTAINER_ONLY, PASSED_ON
from dropsight.api.operations import Example, Operation
from dropsight.api.result_operations import OPERATIONS
from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import HTTP, PATIENCE_S, Laptop

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
    """The results that the examples speak of, by role."""
    files = {
        "film": ("cxr/film.dcm", FILM.data),
        "blobs": (f"{MODULE}/blobs.png", three_blobs()),
        "gone": ("cxr/photo.png", PHOTO.data),
        "spare": ("cxr/spare.png", PHOTO.data),
    }
    ids: dict[str, str] = {}
    (laptop.bucket / MODULE).mkdir(exist_ok=True)
    for role, (name, data) in files.items():
        (laptop.bucket / name).write_bytes(data)
        enough = ("explained",) if role in ("film", "blobs") else ("predicted", "explained")
        laptop.wait_for(partial(_has_reached, laptop, name, enough), name)
        ids[role] = next(one.result_id for one in laptop.results if one.source.object == name)
    assert HTTP.request("DELETE", f"{laptop.url}v1/results/{ids['gone']}").status == 200
    return ids


def _has_reached(laptop: Laptop, name: str, statuses: tuple[str, ...]) -> bool:
    return any(one.source.object == name and one.status in statuses for one in laptop.results)


def exchanges(laptop: Laptop, ids: dict[str, str]) -> Iterator[Exchange]:
    container = f"http://127.0.0.1:{_inference_port(laptop)}"
    for operation in (*PASSED_ON, *OPERATIONS, *CONTAINER_ONLY):
        if operation.cloud_only:
            continue  # `tests/cloud_exchanges.py` has these
        base = container if operation in CONTAINER_ONLY else laptop.url.rstrip("/")
        for example in operation.examples:
            answer = HTTP.request(
                operation.method,
                base + example.target.format(**ids),
                body=FILES[example.file] if example.file else None,
                json=example.json,
                timeout=PATIENCE_S,
            )
            yield Exchange(operation, example, answer)


def _inference_port(laptop: Laptop) -> int:
    environment = Path(f"/proc/{laptop.parts()['inference']}/environ").read_bytes().split(b"\0")
    return int(dict(one.split(b"=", 1) for one in environment if one)[b"PORT"])
