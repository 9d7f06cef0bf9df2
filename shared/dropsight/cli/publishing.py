"""`dropsight models publish`: tells the clients in the cloud which models there are."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit, WrongUsage
from dropsight.domain.manifests import Manifest
from dropsight.settings import Settings

CARD = "MODEL_CARD.md"
EXAMPLES = """\
  DROPSIGHT_BACKEND=gcp DROPSIGHT_PROJECT=my-project dropsight models publish
  dropsight models publish --models ./my-bundles
"""


def add(actions: Any) -> None:
    publish = common.add_command(
        actions,
        "publish",
        "write manifest and card of each model to Firestore, for the clients in the cloud",
        EXAMPLES,
        root=False,
    )
    common.add_models(publish)
    publish.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Part of a deployment: run it with the settings that the functions have."""
    from dropsight.adapters.gcp.models import FirestoreModelCatalogue
    from dropsight.adapters.gcp.session import FIRESTORE, Session
    from dropsight.cli.parts import find_models
    from dropsight.domain.manifests import load_manifests

    settings = common.settings_of(options)
    if settings.backend != "gcp":
        raise WrongUsage(
            f"models publish: found DROPSIGHT_BACKEND={settings.backend}, legal is gcp; on a "
            "laptop the page reads the models from `dropsight up`"
        )
    folder = find_models(settings.models)
    models = described(load_manifests(folder), folder, settings)
    removed = FirestoreModelCatalogue(Session(FIRESTORE), settings.project).publish(models)
    for name, one in models.items():
        print(f"{name} {one['manifest']['version']}  published, digest {one['digest'][:12]}")
    for name in removed:
        print(f"{name}  removed: it is no longer in {folder}")
    return Exit.OK


def described(
    manifests: Mapping[str, Manifest], folder: Path, settings: Settings
) -> dict[str, dict[str, Any]]:
    """By name: what `GET /v1/models/{model}` answers, and its routes with their projects, so that a
    client offers those that its user may upload to. Only what is to be served."""
    from dropsight.api.served import ModelDescription
    from dropsight.domain.results import DEFAULT_PROJECT
    from dropsight.domain.wire import to_plain

    serve = {name.strip() for name in settings.serve.split(",") if name.strip()}
    models = {}
    for name, manifest in sorted(manifests.items()):
        if serve and name not in serve:
            continue
        card = folder / name / CARD
        text = card.read_text("utf-8") if card.is_file() else ""
        description = ModelDescription(manifest=manifest, digest=manifest.digest, card=text)
        routes = sorted({name, *(one for one, model in settings.routes.items() if model == name)})
        models[name] = {
            **to_plain(description),
            "routes": {one: settings.projects.get(one, DEFAULT_PROJECT) for one in routes},
        }
    return models
