"""`/v1/models…`: passed on to the inference container, so that one address answers everything."""

from __future__ import annotations

import tempfile
from typing import BinaryIO

import urllib3
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dropsight.api.failures import refusal
from dropsight.cli.page.rest import translated
from dropsight.domain.errors import BackendUnavailable, BudgetExceeded
from dropsight.settings import Settings

STAGE = "page"
LONGEST_ANSWER_S = 600.0
"""A file with many frames and LIME may take minutes on a laptop."""
FORM_BYTES = 64 * 1024
"""What a multipart form may add to the file in it."""
PASSED_ON = ("content-type", "retry-after", "cache-control")


class Container:
    """The container behind the page. `url`: without a slash at its end."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._folder = settings.state
        self._limit = settings.budgets.bytes + FORM_BYTES
        self._http = urllib3.PoolManager(maxsize=16, retries=False)

    async def answer(self, request: Request) -> Response:
        """The container's own answer; 413 past the budget, 503 while it does not listen."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > self._limit:
                    return translated(refusal(_too_large(self._limit), STAGE))
                await run_in_threadpool(file.write, chunk)
            file.seek(0)
            return await run_in_threadpool(self._ask, request, file, size)

    def _ask(self, request: Request, file: BinaryIO, size: int) -> Response:
        path = request.scope["raw_path"].decode("ascii")
        query = request.url.query
        headers = {"content-length": str(size)} if size else {}
        if "content-type" in request.headers:
            headers["content-type"] = request.headers["content-type"]
        try:
            answer = self._http.request(
                request.method,
                f"{self._url}{path}{f'?{query}' if query else ''}",
                body=file if size else None,
                headers=headers,
                timeout=urllib3.Timeout(connect=5.0, read=LONGEST_ANSWER_S),
            )
        except urllib3.exceptions.HTTPError as error:
            away = BackendUnavailable(
                f"the inference container does not answer ({type(error).__name__}); it may be "
                "starting: try again in a moment"
            )
            return translated(refusal(away, STAGE))
        kept = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
        return Response(answer.data, answer.status, kept)


def _too_large(limit: int) -> BudgetExceeded:
    return BudgetExceeded(
        f"body: found more than {limit} bytes, which is the limit (DROPSIGHT_BUDGET_BYTES)"
    )
