"""`python -m dropsight_inference.measuring`, which `dropsight plan --measure` runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dropsight.domain.errors import DropsightError
from dropsight_inference.allocator import restart_with_allocator


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    restart_with_allocator("dropsight_inference.measuring")
    from dropsight_inference.measuring.times_file import write_times  # noqa: PLC0415

    files = {name: Path(path) for name, _, path in (one.partition("=") for one in options.file)}
    try:
        for line in write_times(options.models, files, options.to, options.rounds):
            print(line, file=sys.stderr, flush=True)  # noqa: T201 (this is what the command is for)
    except (DropsightError, OSError) as error:
        print(f"dropsight: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropsight plan --measure")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--file", action="append", default=[], metavar="MODEL=PATH")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    return parser


if __name__ == "__main__":
    sys.exit(main())
