"""The new revision is asked before any traffic goes there, beside the one that serves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.canary.gcloud import ReleaseFailed

TIMEOUT_S = 300.0
"""The first request may start an instance."""


@dataclass(frozen=True)
class Revision:
    address: str
    token: str

    def models(self) -> dict[str, str]:
        """Version by name."""
        status, body = self._ask("/v1/models", None)
        if status != 200:
            raise ReleaseFailed(f"{self.address}/v1/models: answers {status}")
        return {one["name"]: one["version"] for one in body["models"]}

    def predict(self, model: str, file: bytes) -> tuple[int, dict[str, Any]]:
        return self._ask(f"/v1/models/{model}:predict", file)

    def _ask(self, path: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON; 0 where nobody answers."""
        request = urllib.request.Request(  # noqa: S310 (an address that gcloud told)
            self.address + path, body, {"authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, {}
        except (urllib.error.URLError, TimeoutError):
            return 0, {}


def rehearse(
    candidate: Revision, serving: Revision, files: Sequence[Path], say: Callable[[str], None]
) -> None:
    """Send each file to each model of both. What the serving revision answers the candidate must
    answer as well; the difference in what they find is told, for people to judge.

    A file that a model refuses is one that both refuse. Raises ReleaseFailed.
    """
    before, after = serving.models(), candidate.models()
    answered = 0
    for model, version in sorted(after.items()):
        for path in files:
            file = path.read_bytes()
            status, found = candidate.predict(model, file)
            known, expected = serving.predict(model, file) if model in before else (status, found)
            if status not in (200, known) or status == 0 or status >= 500:
                raise ReleaseFailed(
                    f"rehearsal: {model} {version} answers {status} to {path.name}, the serving "
                    f"revision {known}; no traffic was moved"
                )
            if status == known == 200:
                answered += 1
                say(
                    f"rehearsal: {model} {before.get(model, 'new')} -> {version}, {path.name}: "
                    f"{_told(expected)} -> {_told(found)}"
                )
    if files and not answered:
        raise ReleaseFailed("rehearsal: no model takes any of the files; no traffic was moved")


def _told(result: dict[str, Any]) -> str:
    findings = result.get("findings", [])
    positive = sum(bool(one.get("positive")) for one in findings)
    best = max((float(one["probability"]) for one in findings), default=0.0)
    return f"{positive} of {len(findings)} positive, highest {best:.3f}"
