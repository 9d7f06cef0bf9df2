"""The four samples of the demo, through the whole system and onto the page."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import HTTP, Laptop

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seen(shared_laptop: Laptop) -> Laptop:
    """A laptop with the four samples, dropped by copying them and ended."""
    for sample in samples():
        (shared_laptop.bucket / "cxr" / sample.name).write_bytes(sample.data)
    shared_laptop.wait_for(lambda: shared_laptop.ended(4), "four results")
    return shared_laptop


def test_each_sample_ends_as_the_catalogue_says(seen: Laptop):
    found = {r.source.object: (r.status, r.error.code if r.error else None) for r in seen.results}

    assert found == {f"cxr/{s.name}": (s.status, s.code) for s in samples()}


def test_every_overlay_opens_and_holds_the_source_sized_image(seen: Laptop):
    explained = [r for r in seen.results if r.status == "explained"]

    overlays = [
        (result, result.artifact(explanation.overlay or ""))
        for result in explained
        for explanation in result.explanations
    ]
    assert len(overlays) == 4  # two files, one label each by Grad-CAM and by LIME
    for result, overlay in overlays:
        assert overlay is not None
        answer = HTTP.request("GET", f"{seen.url}artifacts/{overlay.bucket}/{overlay.object}")
        picture = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape[0] >= result.height
        assert picture.shape[1] >= result.width


def test_the_page_tells_of_every_result(seen: Laptop):
    listed = seen.get("api/results")["results"]

    assert {one["resultId"] for one in listed} == {r.result_id for r in seen.results}
    one = seen.get(f"api/results/{listed[0]['resultId']}")
    assert one["status"] in ("explained", "failed")


def test_the_event_stream_delivers_what_comes_after_it_was_opened(seen: Laptop):
    revision = seen.get("api/results")["revision"]
    stream = HTTP.request("GET", f"{seen.url}api/events?since={revision}", preload_content=False)
    (seen.bucket / "cxr" / "again.dcm").write_bytes(b"not an image")

    told = b""
    for chunk in stream.stream(64):
        told += chunk
        if b"\n\n" in told.partition(b"data: ")[2]:
            break
    stream.close()

    event = told.partition(b"data: ")[2].partition(b"\n\n")[0]
    assert [one["object"] for one in json.loads(event)] == ["cxr/again.dcm"]
