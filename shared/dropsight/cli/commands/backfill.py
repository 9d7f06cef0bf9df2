"""`dropsight backfill`: process the files that a bucket has already."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit, WrongUsage
from dropsight.domain.manifests import Manifest, load_manifests
from dropsight.settings import Settings

EXAMPLES = """\
  dropsight backfill --dry-run               how many files have no result yet
  dropsight backfill --prefix cxr/ --rate 5  five a second, those of one route
  dropsight backfill --after cxr/0042.dcm    go on where an earlier run was ended

In the cloud, where DROPSIGHT_BACKEND=gcp, DROPSIGHT_PROJECT and DROPSIGHT_LANDING_BUCKET name it:
run it in a checkout of what is deployed, since models/ decides which results there should be.
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "backfill", "process files that the bucket has already", EXAMPLES
    )
    common.add_models(parser)
    parser.add_argument("--prefix", default="", metavar="P", help="only names that begin so")
    parser.add_argument(
        "--after", default="", metavar="NAME", help="only names that come after this one"
    )
    parser.add_argument(
        "--rate", type=float, default=10.0, metavar="N", help="files a second (default: 10)"
    )
    parser.add_argument("--dry-run", action="store_true", help="count, and publish nothing")
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from dropsight.cli.backends import opened
    from dropsight.pipeline.backfill import Backfill

    if not options.rate > 0:
        raise WrongUsage(f"--rate: found {options.rate:g}, legal is more than 0 files a second")
    settings, backend = opened(options)
    models, routes = _served(settings)
    publisher = None if options.dry_run else backend.publisher
    backfill = Backfill(backend.objects, backend.results, publisher, models, routes)
    counted: Counter[str] = Counter()
    last = options.after
    try:
        with tqdm(desc="backfill", unit=" files", disable=options.json, leave=False) as bar:
            for step in backfill(
                settings.landing_bucket, options.prefix, options.after, options.rate
            ):
                counted[step.what] += 1
                last = step.info.name
                bar.update()
                bar.set_postfix(published=counted["published"])
    except BaseException:
        if last:
            print(f"dropsight: go on with --after '{last}'", file=sys.stderr)
        raise
    _tell(counted, last, options)
    return Exit.OK


def _served(settings: Settings) -> tuple[dict[str, Manifest], Mapping[str, str]]:
    from dropsight.cli.parts import find_models
    from dropsight.cli.serving import manifests_and_routes

    if settings.backend == "gcp":
        return load_manifests(find_models(settings.models)), settings.routes
    return manifests_and_routes(settings)


def _tell(counted: Counter[str], last: str, options: argparse.Namespace) -> None:
    if options.json:
        plain = {
            "published": counted["published"],
            "hasResult": counted["has a result"],
            "noRoute": counted["no route"],
            "last": last,
        }
        print(json.dumps(plain))
        return
    verb = "would be published" if options.dry_run else "published"
    print(f"{counted['published']} {verb}, {counted['has a result']} have a result", end="")
    print(f", {counted['no route']} are in no route" if counted["no route"] else "")
