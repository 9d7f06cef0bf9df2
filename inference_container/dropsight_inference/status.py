"""What the container says of itself: models, health and metrics."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from dropsight.api.served import (
    LeftOutModel,
    ModelDescription,
    Readiness,
    ServedModel,
    ServedModels,
)
from dropsight.domain.wire import Record, encode
from dropsight.pipeline.routing import model_named
from dropsight_inference.service import Service


class StatusEndpoints:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def models(self, _request: Request) -> Response:
        """Names, versions and labels of what is served, and why another bundle is not."""
        listed = [
            ServedModel(
                name=manifest.name,
                version=manifest.version,
                digest=manifest.digest,
                task=manifest.task,
                runtime=manifest.runtime,
                device=self._service.engine.models[name].runtime.device,
                labels=[label.id for label in manifest.labels],
            )
            for name, manifest in sorted(self._service.manifests.items())
        ]
        left_out = [
            LeftOutModel(name=name, reason=reason)
            for name, reason in sorted(self._service.left_out.items())
        ]
        return _json(ServedModels(models=listed, left_out=left_out))

    async def model(self, request: Request) -> Response:
        """The whole manifest, its digest and the text of the model card."""
        name = request.path_params["model"]
        manifest = model_named(name, self._service.manifests, self._service.left_out)
        card = self._service.engine.models[name].card
        return _json(ModelDescription(manifest=manifest, digest=manifest.digest, card=card))

    async def livez(self, _request: Request) -> Response:
        """The process answers; says nothing of its models."""
        return _json(Readiness(status="live"))

    async def readyz(self, _request: Request) -> Response:
        """200 once a real forward pass has gone through every model, else 503."""
        if self._service.not_ready:
            return _json(Readiness(status="not ready", reason=self._service.not_ready), 503)
        return _json(Readiness(status="ready", models=sorted(self._service.manifests)))

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text format."""
        return Response(self._service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _json(body: Record, status: int = 200) -> Response:
    return Response(encode(body), status, media_type="application/json")
