"""`dropsight models`: the bundles that files can be sent to, and how to make one."""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dropsight.cli import options as common
from dropsight.cli import publishing
from dropsight.cli.errors import CommandFailed, Exit

EXAMPLES = """\
  dropsight models
  dropsight models --models ./my-bundles --json
  dropsight models init best.onnx --to models/my-model
  dropsight models check models/my-model picture.png
  dropsight models pin models:/blood-cells@champion
  dropsight models publish
"""
PIN_EXAMPLES = """\
  dropsight models pin saved/
  dropsight models pin gs://weights/blood-cells/model.onnx
  dropsight models pin models:/blood-cells@champion
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "models", "list the model bundles and what they accept", EXAMPLES
    )
    common.add_models(parser)
    common.add_json(parser)
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    _add_init(actions)
    _add_check(actions)
    _add_pin(actions)
    publishing.add(actions)


def _add_pin(actions: Any) -> None:
    pin = common.add_command(
        actions,
        "pin",
        "print the artifact of a model.yaml, with its SHA-256, for weights anywhere",
        PIN_EXAMPLES,
        root=False,
    )
    pin.add_argument(
        "reference",
        metavar="ARTIFACT",
        help="a file or folder, gs://bucket/object, models:/name/version, models:/name@alias or "
        "runs:/id/path",
    )
    pin.set_defaults(run=run_pin)


def _add_init(actions: Any) -> None:
    init = common.add_command(
        actions,
        "init",
        "write a first model.yaml for a file of ONNX, Keras or torch",
        "  dropsight models init best.onnx --to models/my-model\n"
        "  dropsight models init resnet.pt --architecture torchvision.models:resnet18 "
        "--labels cat,dog --to models/pets\n",
        root=False,
    )
    init.add_argument("file", type=Path, metavar="FILE", help="it is copied into the bundle")
    init.add_argument("--to", type=Path, required=True, metavar="DIR", help="the bundle's folder")
    init.add_argument("--labels", metavar="A,B,…", help="in the order of the model's outputs")
    init.add_argument("--size", metavar="WxH", help="of the input, where the file leaves it open")
    init.add_argument("--architecture", metavar="MODULE:NAME", help="of a torch state dict")
    init.set_defaults(run=run_init)


def _add_check(actions: Any) -> None:
    check = common.add_command(
        actions,
        "check",
        "load one bundle, run it on a picture and say what it finds or what is wrong",
        "  dropsight models check models/my-model\n"
        "  dropsight models check models/my-model picture.png\n",
        root=False,
    )
    check.add_argument("folder", type=Path, metavar="DIR", help="the bundle's folder")
    check.add_argument("picture", type=Path, nargs="?", metavar="FILE", help="any upload")
    check.set_defaults(run=run_check)


def run_init(options: argparse.Namespace) -> int:
    given = {name: getattr(options, name) for name in ("labels", "size", "architecture")}
    return _bundling(
        "init",
        options.file,
        *("--to", options.to),
        *(part for name, value in given.items() if value for part in (f"--{name}", value)),
    )


def run_check(options: argparse.Namespace) -> int:
    return _bundling("check", options.folder, *([options.picture] if options.picture else []))


def _bundling(*arguments: str | Path) -> int:
    """In a process of its own: the container's package brings the runtimes."""
    if importlib.util.find_spec("dropsight_inference") is None:
        raise CommandFailed(
            "models: needs the container's package; pip install dropsight-inference"
        )
    command = [sys.executable, "-m", "dropsight_inference.bundling", *map(str, arguments)]
    return subprocess.run(command, check=False).returncode


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.installed import not_servable
    from dropsight.cli.serving import manifests_and_routes
    from dropsight.domain.wire import to_plain

    settings = common.settings_of(options)
    manifests, routes = manifests_and_routes(settings)
    left_out = not_servable(manifests, settings.serve)
    if options.json:
        plain = [
            {
                **to_plain(manifest),
                "digest": manifest.digest,
                "routes": sorted({name, *(r for r, m in routes.items() if m == name)}),
                "notServed": left_out.get(name),
            }
            for name, manifest in sorted(manifests.items())
        ]
        print(json.dumps(plain, indent=2, ensure_ascii=False))
        return Exit.OK
    for name, manifest in sorted(manifests.items()):
        accepts = manifest.accepts
        folders = sorted({name, *(route for route, model in routes.items() if model == name)})
        contract = [", ".join(accepts.formats)]
        if accepts.modality:
            contract.append(f"modality {', '.join(accepts.modality)}")
        if accepts.view:
            contract.append(f"view {', '.join(accepts.view)}")
        print(f"{name} {manifest.version}  {manifest.task}, {manifest.runtime}")
        if name in left_out:
            print(f"  NOT SERVED  {left_out[name]}")
        print(f"  routes   {', '.join(f'{folder}/' for folder in folders)}")
        print(f"  accepts  {'; '.join(contract)}")
        labels = ", ".join(f"{x.id} (at {x.threshold:.2f})" for x in manifest.labels)
        print(f"  labels   {labels}")
        print(f"  purpose  {manifest.intended_use.strip()}")
    return Exit.OK


def run_pin(options: argparse.Namespace) -> int:
    """Downloads what is elsewhere, to a folder that is removed again."""
    from dropsight.adapters.artifacts.digests import artifact_digest
    from dropsight.adapters.artifacts.sources import fetch, is_remote

    reference: str = options.reference
    if is_remote(reference):
        with tempfile.TemporaryDirectory(prefix="dropsight-") as folder:
            fetched = fetch(reference, Path(folder))
        path, sha256, origin = reference, fetched.sha256, fetched.origin
    else:
        local = Path(reference)
        path, sha256, origin = local.name, artifact_digest(local), "a path beside model.yaml"
    print(f"artifact:  # {origin}")
    print(f"  path: {json.dumps(path, ensure_ascii=False)}")
    print(f"  sha256: {sha256}")
    return Exit.OK
