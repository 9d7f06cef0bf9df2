"""`dropsight models`: the bundles that files can be sent to."""

from __future__ import annotations

import argparse
import json
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit

EXAMPLES = """\
  dropsight models
  dropsight models --models ./my-bundles --json
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "models", "list the model bundles and what they accept", EXAMPLES
    )
    common.add_models(parser)
    common.add_json(parser)
    parser.set_defaults(run=run)


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
