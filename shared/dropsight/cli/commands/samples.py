"""`dropsight samples`: files to try the system with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit

EXAMPLES = """\
  dropsight samples            into this folder
  dropsight samples try/       into another one
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "samples", "write some files to try the system with", EXAMPLES
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("."), metavar="DIR")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.samples.catalogue import microscope_sample, samples

    options.folder.mkdir(parents=True, exist_ok=True)
    for sample in (*samples(), microscope_sample()):
        (options.folder / sample.name).write_bytes(sample.data)
        print(f"{options.folder / sample.name}  {sample.shows}")
    return Exit.OK
