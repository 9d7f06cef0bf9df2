"""`/api/models`: what the page has to know of the models, and their cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from dropsight.cli.parts import find_models
from dropsight.domain.manifests import Manifest
from dropsight.domain.wire import to_plain


def listing(request: Request) -> JSONResponse:
    manifests: Mapping[str, Manifest] = request.app.state.manifests
    routes: Mapping[str, str] = request.app.state.routes
    return JSONResponse(
        [
            {
                **to_plain(manifest),
                "digest": manifest.digest,
                "routes": sorted({*(r for r, m in routes.items() if m == name), name}),
                "card": _card(request, name).is_file(),
            }
            for name, manifest in sorted(manifests.items())
        ]
    )


def card(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in request.app.state.manifests or not _card(request, name).is_file():
        raise HTTPException(404, f"there is no card of a model {name}")
    return FileResponse(_card(request, name), media_type="text/plain; charset=utf-8")


def _card(request: Request, name: str) -> Path:
    folder: Path = find_models(request.app.state.settings.models)
    return folder / name / "MODEL_CARD.md"
