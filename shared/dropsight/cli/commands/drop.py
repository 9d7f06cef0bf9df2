"""`dropsight drop`: copy files into the landing bucket."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import CommandFailed, Exit
from dropsight.domain.errors import NoRoute
from dropsight.ports import ObjectInfo

EXAMPLES = """\
  dropsight drop --route cxr scan.dcm          one file, for the model behind cxr/
  dropsight drop --route cxr scans/ --wait     a folder; end when all are explained
  dropsight drop --model cxr-pneumonia a.png   name the model itself
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "drop", "copy files or folders into the landing bucket", EXAMPLES
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR")
    parser.add_argument(
        "--route", metavar="R", help="first folder in the bucket; it decides which model is asked"
    )
    parser.add_argument("--model", metavar="M", help="ask this model, whatever the route says")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="print what becomes of each file, end when all are explained or failed "
        "(exit code 1 if any failed)",
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.root import running
    from dropsight.cli.serving import manifests_and_routes
    from dropsight.cli.store import open_store
    from dropsight.cli.uploading import plan

    settings = common.settings_of(options)
    served = running(settings)
    if options.wait and served is None:
        raise CommandFailed(
            f"nobody serves {settings.root.resolve()}, so nothing would happen to wait for; "
            "start `dropsight up` there first"
        )
    models, routes = manifests_and_routes(settings)
    if options.model is not None and options.model not in models:
        raise CommandFailed(f"--model {options.model}: legal are {', '.join(sorted(models))}")
    uploads, skipped = plan(options.paths, options.route, settings.landing_bucket)
    for one in skipped:
        print(f"dropsight: skipped {one.path}: {one.reason}", file=sys.stderr)

    store = open_store(settings)
    revision = store.results.revision()
    metadata = {"model": options.model} if options.model else {}
    dropped = _copy(store, uploads, settings.landing_bucket, metadata, served is not None)
    rows = [(info, _id_of(info, models, routes)) for info in dropped]
    if options.json and not options.wait:
        print(json.dumps([_plain(info, identity) for info, identity in rows], indent=2))
    elif not options.wait:
        for info, identity in rows:
            print(f"{identity or 'id known once it is opened':<26}  {info.name}")
    if served is None:
        print(
            f"dropsight: nobody serves {settings.root.resolve()} now; the files are taken up when "
            "`dropsight up` starts there",
            file=sys.stderr,
        )
    if options.wait:
        return _wait(store, revision, dropped, options.json)
    return Exit.OK


def _copy(
    store: Any, uploads: list[Any], bucket: str, metadata: dict[str, str], tell: bool
) -> list[ObjectInfo]:
    """Write each file atomically. `tell`: queue its event at once, as Cloud Storage does."""
    from tqdm import tqdm

    from dropsight.cli.announcing import announce

    dropped = []
    total = sum(upload.path.stat().st_size for upload in uploads)
    with tqdm(total=total, unit="B", unit_scale=True, desc="dropping", leave=False) as bar:
        for upload in uploads:
            data = upload.path.read_bytes()
            info = store.objects.write(bucket, upload.name, data, metadata=metadata)
            if tell:
                announce(store.queue, info)
            dropped.append(info)
            bar.update(len(data))
    return dropped


def _id_of(info: ObjectInfo, models: Any, routes: Any) -> str | None:
    from dropsight.cli.serving import predicted_result_id

    try:
        return predicted_result_id(info, models, routes)
    except NoRoute as error:
        print(f"dropsight: {info.name}: {error}", file=sys.stderr)
        return None


def _wait(store: Any, revision: int, dropped: list[ObjectInfo], as_json: bool) -> int:
    from dropsight.cli.lines import Storyteller
    from dropsight.cli.watching import follow
    from dropsight.domain.wire import to_plain

    waiting = {(info.name, info.generation) for info in dropped}
    mine = set(waiting)
    ended = []
    story = Storyteller()
    for changed in follow(store.results, revision):
        ours = [r for r in changed if (r.source.object, r.source.generation) in mine]
        if not as_json:
            for line in story.lines(ours):
                print(line, flush=True)
        for result in ours:
            key = (result.source.object, result.source.generation)
            if result.status in ("explained", "failed") and key in waiting:
                waiting.discard(key)
                ended.append(result)
        if not waiting:
            break
    if as_json:
        print(json.dumps([to_plain(result) for result in ended], indent=2, ensure_ascii=False))
    return Exit.FAILED if any(result.status == "failed" for result in ended) else Exit.OK


def _plain(info: ObjectInfo, identity: str | None) -> dict[str, Any]:
    return {
        "resultId": identity,
        "bucket": info.bucket,
        "object": info.name,
        "generation": info.generation,
        "size": info.size,
    }
