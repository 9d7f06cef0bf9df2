"""`dropsight demo`: the whole system on a few sample files, with all that can become of a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit

ROUTE = "cxr"
"""Of the chest films among the samples."""
CHECK_LIMIT_S = 600.0

EXAMPLES = """\
  dropsight demo              show the samples, leave everything running
  dropsight demo --check      look at what became of them, end with exit code 0 or 1
"""


def add(subparsers: Any) -> None:
    from dropsight.cli.commands import up

    parser = common.add_command(
        subparsers, "demo", "run the whole system on a few sample files", EXAMPLES
    )
    up.add_options(parser)
    parser.add_argument(
        "--model",
        default="cxr-pneumonia",
        metavar="M",
        help="the model that is shown (default: cxr-pneumonia)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="check every outcome and the result page, then end: exit code 0 if all is well",
    )
    parser.set_defaults(run=run, root=Path(".demo"))


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.checking import Check
    from dropsight.cli.commands import up
    from dropsight.cli.samples.catalogue import SPOTS, microscope_sample, samples
    from dropsight.cli.store import open_store
    from dropsight.domain.errors import ObjectGone

    options.route = [*options.route, f"{ROUTE}={options.model}"]
    laptop = up.prepare(options)
    with up.locked(laptop, options.port) as url:
        store = open_store(laptop.settings)
        bucket = laptop.settings.landing_bucket
        check = Check(store, url)
        shown = samples()
        if (laptop.settings.models / SPOTS / "model.yaml").is_file():
            shown.append(microscope_sample())
        for sample in shown:
            name = f"{sample.route}/{sample.name}"
            try:
                info = store.objects.stat(bucket, name)
            except ObjectGone:
                info = None
            # A check wants new results; who only looks keeps those of the last time.
            if info is None or options.check:
                info = store.objects.write(bucket, name, sample.data)
            check.expect(sample, info)
            print(f"{name:<24}  {sample.shows}")
        if not options.check:
            return up.serve(laptop, url, browser=up.wants_browser(options.open))
        up.serve(laptop, url, browser=False, until=check.finished, limit_s=CHECK_LIMIT_S)
        return _report(check)


def _report(check: Any) -> int:
    for sentence in check.good:
        print(f"ok      {sentence}")
    for sentence in check.wrong:
        print(f"WRONG   {sentence}", file=sys.stderr)
    return Exit.FAILED if check.wrong else Exit.OK
