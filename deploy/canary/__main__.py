"""`python3 -m deploy.canary`: the step of cloudbuild.yaml that gives an image its traffic."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from deploy.canary.decision import Rules
from deploy.canary.gcloud import Gcloud, ReleaseFailed
from deploy.canary.release import Plan, release


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every service serves its new image. 1: one does not, and serves what it served before."""
    options = options_from(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    images = json.loads(options.images.read_text())["images"]
    plan = Plan(
        images=images,
        percent=options.percent,
        files=sorted(path for path in options.files.iterdir() if path.is_file()),
        rules=Rules(timeout_s=options.timeout_s),
        poll_s=options.poll_s,
        warm_up_s=options.warm_up_s,
    )
    gcloud = Gcloud(options.project, options.region)
    with options.report.open("w") as report:

        def say(sentence: str) -> None:
            for stream in (sys.stdout, report):
                print(sentence, file=stream, flush=True)

        try:
            for name in options.services.split():
                release(gcloud, name, plan, say)
        except ReleaseFailed as error:
            say(f"released nothing further: {error}")
            return 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def options_from(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m deploy.canary")
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--services", required=True, help="names, separated by spaces")
    parser.add_argument("--images", type=Path, required=True, help="as deploy/images.sh writes it")
    parser.add_argument("--files", type=Path, required=True, help="folder of uploads to rehearse")
    parser.add_argument("--report", type=Path, required=True, help="file for what was seen")
    parser.add_argument("--percent", type=int, default=10, help="of the traffic (default: 10)")
    parser.add_argument("--timeout-s", type=float, default=Rules.timeout_s)
    parser.add_argument("--poll-s", type=float, default=Plan.poll_s)
    parser.add_argument("--warm-up-s", type=float, default=Plan.warm_up_s)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
