"""The same upload delivered twenty times at once is one result with one set of artifacts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dropsight.cli.samples.catalogue import samples
from tests.e2e.laptop import HTTP, Laptop

pytestmark = pytest.mark.e2e


def ingest_port(laptop: Laptop) -> str:
    words = Path(f"/proc/{laptop.parts()['ingest']}/cmdline").read_text().split("\0")
    return words[words.index("--port") + 1]


@pytest.mark.timeout(400)
def test_twenty_deliveries_at_once_give_one_result_and_one_set_of_artifacts(laptop: Laptop):
    laptop.up()
    film = laptop.bucket / "cxr" / "film.dcm"
    film.write_bytes(samples()[0].data)
    data = {
        "bucket": "landing",
        "name": "cxr/film.dcm",
        "generation": str(film.stat().st_mtime_ns // 1000),
        "size": str(film.stat().st_size),
    }
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": "google.cloud.storage.object.v1.finalized",
        "ce-source": "//storage.googleapis.com/projects/_/buckets/landing",
        "content-type": "application/json",
    }
    address = f"http://127.0.0.1:{ingest_port(laptop)}/"

    def deliver(_number: int) -> int:
        answer = HTTP.request("POST", address, body=json.dumps(data), headers=headers)
        return int(answer.status)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(deliver, range(20)))

    # 200: done or not needed any more. 503: another one has it, so the platform delivers again.
    assert set(answers) <= {200, 503}
    laptop.wait_for(lambda: laptop.ended(1), "the result")
    (result,) = laptop.results
    stored = {
        path.relative_to(laptop.root / ".dropsight" / "results").as_posix()
        for path in (laptop.root / ".dropsight" / "results").rglob("*.png")
    }
    assert stored == {artifact.object for artifact in result.artifacts}
    assert len({artifact.name for artifact in result.artifacts}) == len(result.artifacts) == 6
