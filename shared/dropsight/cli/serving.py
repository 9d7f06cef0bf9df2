"""Which models and routes a root is served with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dropsight.cli.parts import find_models
from dropsight.cli.root import running
from dropsight.domain.identity import result_id
from dropsight.domain.manifests import Manifest, load_manifests
from dropsight.pipeline.finalized import finalized
from dropsight.pipeline.routing import route_by_name
from dropsight.ports import ObjectInfo
from dropsight.settings import Settings


def manifests_and_routes(settings: Settings) -> tuple[dict[str, Manifest], Mapping[str, str]]:
    """Those of the `dropsight up` that serves the root, or else those of the settings.

    Raises CommandFailed, ManifestInvalid.
    """
    other = running(settings)
    models = Path(other.models) if other else settings.models
    return load_manifests(find_models(models)), other.routes if other else settings.routes


def predicted_result_id(
    info: ObjectInfo, models: Mapping[str, Manifest], routes: Mapping[str, str]
) -> str | None:
    """The id that this upload's result will have; None where only its content tells the model.

    Raises NoRoute where no model is meant, which ingest records as a failed result.
    """
    event = finalized(info)
    manifest = route_by_name(event, models, routes)
    if manifest is None:
        return None
    return result_id(
        info.bucket, info.name, info.generation, manifest.digest, manifest.explanation_digest
    )
