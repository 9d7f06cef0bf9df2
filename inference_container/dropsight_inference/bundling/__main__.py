"""`python -m dropsight_inference.bundling init|check`, which `dropsight models` runs, and `bake`,
which the build of the image runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from dropsight.domain.errors import DropsightError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.action == "init":
            from dropsight_inference.bundling.first_bundle import Wishes, write_bundle  # noqa: PLC0415

            wishes = Wishes(options.labels, options.size, options.architecture)
            lines: Iterable[str] = write_bundle(options.file, options.to, wishes)
        elif options.action == "bake":
            from dropsight_inference.bundling.bake import bake  # noqa: PLC0415

            lines = bake(options.source, options.into, options.artifacts, options.bundles)
        else:
            from dropsight_inference.bundling.trial import try_bundle  # noqa: PLC0415

            lines = try_bundle(options.folder, options.picture)
        for line in lines:
            print(line)  # noqa: T201 (this is what the command is for)
    except (DropsightError, OSError) as error:
        print(f"dropsight: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropsight models")
    actions = parser.add_subparsers(dest="action", required=True)
    init = actions.add_parser("init")
    init.add_argument("file", type=Path)
    init.add_argument("--to", type=Path, required=True)
    init.add_argument("--labels", type=lambda text: text.split(","), default=None)
    init.add_argument("--size", type=_size, default=None)
    init.add_argument("--architecture", default=None)
    check = actions.add_parser("check")
    check.add_argument("folder", type=Path)
    check.add_argument("picture", type=Path, nargs="?")
    bake = actions.add_parser("bake")
    bake.add_argument("source", type=Path)
    bake.add_argument("--into", type=Path, required=True)
    bake.add_argument("--artifacts", type=Path, required=True)
    bake.add_argument("--bundles", type=str.split, default=[], metavar="'A B …'")
    return parser


def _size(text: str) -> tuple[int, int]:
    """`640` or `640x480`, width first."""
    width, _, height = text.partition("x")
    return int(width), int(height or width)


if __name__ == "__main__":
    sys.exit(main())
