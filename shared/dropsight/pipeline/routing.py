"""Which model an upload is for.

Precedence: object metadata `model`; then the first path segment, by the routes of the settings and
by the names of the models; then, for a DICOM file in the root of the bucket, its Modality and Body
Part Examined. No match is a `failed` result that says which routes exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from dropsight.domain.errors import ModelUnknown, NoRoute
from dropsight.domain.events import ObjectFinalized
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import DEFAULT_PROJECT
from dropsight.settings import Settings

Models = Mapping[str, Manifest]


def route_by_name(
    event: ObjectFinalized, models: Models, routes: Mapping[str, str]
) -> Manifest | None:
    """The model that metadata or path ask for; None where only the content can tell.

    Raises NoRoute for a route or a model that does not exist.
    """
    asked = event.metadata.get("model")
    if asked is not None:
        if asked not in models:
            raise NoRoute(
                f"object metadata model: found {asked!r}, legal are {', '.join(sorted(models))}"
            )
        return models[asked]
    segment, slash, _ = event.name.partition("/")
    if not slash:
        return None
    name = routes.get(segment, segment)
    if name not in models:
        raise NoRoute(
            f"route {segment!r}: no such route; legal are {_known(models, routes)}. Drop the file "
            "in one of these folders, or set object metadata `model`"
        )
    return models[name]


def route_by_attributes(
    modality: str | None, body_part: str | None, models: Models, routes: Mapping[str, str]
) -> Manifest:
    """The one model whose input contract names this Modality and Body Part Examined.

    A model that names no modality takes no part: it would catch everything; nor does one whose
    `routedByAttributes` is false. Raises NoRoute where none or more than one fits.
    """
    fitting = [
        manifest
        for manifest in models.values()
        if manifest.routed_by_attributes
        and modality is not None
        and modality in manifest.accepts.modality
        and (not manifest.accepts.body_part or body_part in manifest.accepts.body_part)
    ]
    if len(fitting) == 1:
        return fitting[0]
    found = f"Modality {modality or 'absent'}, Body Part Examined {body_part or 'absent'}"
    if fitting:
        names = ", ".join(manifest.name for manifest in fitting)
        raise NoRoute(
            f"a file in the root of the bucket with {found} fits more than one model ({names}); "
            "drop it in the folder of one of them"
        )
    raise NoRoute(
        f"a file in the root of the bucket with {found} fits no model; legal routes are "
        f"{_known(models, routes)}. Drop the file in one of these folders"
    )


def project_of(event: ObjectFinalized, manifest: Manifest | None, settings: Settings) -> str:
    """The project that an upload belongs to: that of its route, the first segment of its path.

    A file in the root of the bucket came by no route. Its project is that of its model: the one
    that the settings name for the model itself, or else the one that all routes to the model have
    in common. Where there is no such one, or no model, it is `default`.
    """
    segment, slash, _ = event.name.partition("/")
    if slash:
        return settings.projects.get(segment, DEFAULT_PROJECT)
    if manifest is None:
        return DEFAULT_PROJECT
    if manifest.name in settings.projects:
        return settings.projects[manifest.name]
    common = {
        settings.projects.get(route, DEFAULT_PROJECT)
        for route, model in settings.routes.items()
        if model == manifest.name
    }
    return common.pop() if len(common) == 1 else DEFAULT_PROJECT


def model_named(name: str, models: Models, left_out: Mapping[str, str]) -> Manifest:
    """Raises ModelUnknown, which says what there is.

    left_out: models that exist but are not served here, by name, and why.
    """
    if name in left_out:
        raise ModelUnknown(f"model {name!r} is not served here: {left_out[name]}")
    if name not in models:
        raise ModelUnknown(
            f"model {name!r} is not served here; legal are {', '.join(sorted(models))}"
        )
    return models[name]


def _known(models: Models, routes: Mapping[str, str]) -> str:
    return ", ".join(f"{name}/" for name in sorted({*models, *routes}))
