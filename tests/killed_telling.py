"""A step of the toy pipeline as a process that is killed when it is about to tell of its result.

`python -m tests.killed_telling ROOT predict|explain MESSAGE`
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dropsight.adapters.backend import open_backend
from dropsight.domain.events import TOPIC_RESULTS, ExplanationRequested, PredictionRequested
from dropsight.domain.wire import decode
from dropsight.settings import Settings
from tests.toy_pipeline import BrightnessEngine, ToyPipeline


class Killed:
    """Publishes nothing but a change of a result, and that it does not live to see."""

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        if topic == TOPIC_RESULTS:
            os.kill(os.getpid(), signal.SIGKILL)
        return "0"


def main(root: str, step: str, message: str) -> None:
    settings = replace(Settings(), root=Path(root), publish_changes="true")
    backend = replace(open_backend(settings), publisher=Killed())
    toy = ToyPipeline(settings, backend, BrightnessEngine())
    if step == "predict":
        toy.predict(decode(message, PredictionRequested))
    else:
        toy.explain(decode(message, ExplanationRequested))


if __name__ == "__main__":
    main(*sys.argv[1:])
