"""`POST /pubsub/predict` and `/pubsub/explain`: where messages are acknowledged.

    204        done, or failed for good and recorded: acknowledged
    429, 503   over capacity, or something did not answer: delivered again after a backoff
    500        a defect: logged with its traceback, delivered again, dead-lettered at last

Statuses of errors are decided in `answers.py`.
A message that cannot be read is acknowledged too, once it is kept as a dead letter: an answer of
400 would have it delivered again until it expires.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_PREDICT,
    ExplanationRequested,
    PredictionRequested,
)
from dropsight.domain.wire import decode
from dropsight.pipeline.envelopes import malformed_letter, open_envelope
from dropsight_inference.bodies import read_body
from dropsight_inference.service import Service

log = logging.getLogger(__name__)

LARGEST_PUSH = 16 * 1024 * 1024
"""Bytes. Pub/Sub messages have at most 10 MB, which base64 makes a third larger."""


class PushEndpoints:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def predict(self, request: Request) -> Response:
        """A frame waits for its model."""
        service = self._service
        body = await read_body(request, LARGEST_PUSH)
        try:
            asked = decode(open_envelope(body)[1], PredictionRequested)
        except MessageInvalid as error:
            return await self._keep(body, TOPIC_PREDICT, error)
        with service.predictions.enter(), service.engine.expecting(asked.model) as engine:
            step = replace(service.predict, engine=engine)
            await anyio.to_thread.run_sync(step, asked, limiter=service.prediction_threads)
        return Response(status_code=204)

    async def explain(self, request: Request) -> Response:
        """A finding waits for its reason."""
        service = self._service
        body = await read_body(request, LARGEST_PUSH)
        try:
            asked = decode(open_envelope(body)[1], ExplanationRequested)
        except MessageInvalid as error:
            return await self._keep(body, TOPIC_EXPLAIN, error)
        with service.explanations.enter():
            await anyio.to_thread.run_sync(
                service.explain, asked, limiter=service.explanation_threads
            )
        return Response(status_code=204)

    async def _keep(self, body: bytes, topic: str, error: MessageInvalid) -> Response:
        letter = malformed_letter(body, topic, error)
        await anyio.to_thread.run_sync(self._service.backend.dead_letters.put, letter)
        log.warning(
            "unreadable message kept as a dead letter",
            extra={"message_id": letter.message_id, "topic": topic, "reason": letter.reason},
        )
        return Response(status_code=204)
