"""Looks at what became of the samples, the way a user would: through the result page."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import urllib3

from dropsight.cli.samples.catalogue import Sample
from dropsight.cli.store import Store
from dropsight.domain.results import Result
from dropsight.ports import ObjectInfo

ENDS = ("explained", "failed")


class Check:
    """Collects sentences on what is good and what is wrong."""

    def __init__(self, store: Store, url: str) -> None:
        """`url`: of the result page, with a slash at its end."""
        self.good: list[str] = []
        self.wrong: list[str] = ["the samples did not end in time"]
        self._store = store
        self._url = url
        self._http = urllib3.PoolManager(retries=False, timeout=10.0)
        self._expected: list[tuple[Sample, ObjectInfo]] = []

    def expect(self, sample: Sample, info: ObjectInfo) -> None:
        self._expected.append((sample, info))

    def finished(self) -> bool:
        """True once every sample has ended; then everything has been looked at."""
        found = {(r.source.object, r.source.generation): r for r in self._store.results.list(1000)}
        pairs = [(s, found.get((i.name, i.generation))) for s, i in self._expected]
        if not all(result is not None and result.status in ENDS for _, result in pairs):
            return False
        self.wrong.clear()
        for sample, result in pairs:
            assert result is not None  # noqa: S101
            self._look_at(sample, result)
        self._look_at_page([result for _, result in pairs if result is not None])
        return True

    def _look_at(self, sample: Sample, result: Result) -> None:
        code = result.error.code if result.error else None
        if (result.status, code) != (sample.status, sample.code):
            self.wrong.append(
                f"{sample.name}: expected {sample.status} {sample.code or ''}, found "
                f"{result.status} {code or ''}: {result.error.message if result.error else ''}"
            )
            return
        self.good.append(f"{sample.name}: {result.status} {code or ''}".rstrip())
        if sample.status == "failed":
            return
        if not result.findings:
            self.wrong.append(f"{sample.name}: no findings")
        if not result.explanations:
            self.wrong.append(f"{sample.name}: no explanations")
        for explanation in result.explanations:
            about = f"{sample.name}: {explanation.method} of {explanation.label}"
            overlay = result.artifact(explanation.overlay) if explanation.overlay else None
            if explanation.status != "done" or overlay is None:
                reason = explanation.error.message if explanation.error else "no overlay"
                self.wrong.append(f"{about}: {explanation.status}, {reason}")
                continue
            data = self._get(f"artifacts/{overlay.bucket}/{overlay.object}")
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            if picture is None:
                self.wrong.append(f"{about}: the overlay does not open ({len(data)} bytes)")
            else:
                height, width = picture.shape[:2]
                self.good.append(f"{about}: overlay of {width} × {height} pixels")

    def _look_at_page(self, results: list[Result]) -> None:
        if b"<html" not in self._get(""):
            self.wrong.append("the result page does not answer with HTML")
        listed: list[dict[str, Any]] = json.loads(self._get("api/results?limit=1000"))["results"]
        missing = {result.result_id for result in results} - {one["resultId"] for one in listed}
        if missing:
            self.wrong.append(f"the result page does not list {', '.join(sorted(missing))}")
        else:
            self.good.append(f"{self._url} lists all {len(results)} results")

    def _get(self, path: str) -> bytes:
        """The body; an empty one, and a complaint, where the answer is not 200."""
        response = self._http.request("GET", self._url + path)
        if response.status != 200:
            self.wrong.append(f"GET {self._url}{path}: answered {response.status}")
            return b""
        return bytes(response.data)
