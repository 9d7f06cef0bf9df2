"""`/v1/results`, `/v1/uploads` and the API's description: a Request in, a Response out, never an
exception."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from dropsight.api.admission import Admission
from dropsight.api.failures import defect, refusal
from dropsight.api.handlers import Asked, Handler, Handlers
from dropsight.api.messages import Request, Response
from dropsight.api.operations import Operation
from dropsight.api.parameters import read_query
from dropsight.api.result_operations import OPERATIONS
from dropsight.domain.callers import Caller
from dropsight.domain.errors import AddressUnknown, DropsightError, MethodRefused

log = logging.getLogger(__name__)

STAGE = "api"
PARTS = {"resultId": r"[A-Za-z0-9_-]{1,64}", "name": r"[^/]{1,512}"}


@dataclass(frozen=True)
class ResultsApi:
    """Built once by the entry point. May be called by many threads."""

    handlers: Handlers
    admit: Admission
    resume: Callable[[], object] = lambda: None
    """Work that a killed process has begun; done when the first caller is admitted, not for those
    who are not."""

    def __call__(self, request: Request) -> Response:
        try:
            caller = self.admit(request)
            self.resume()
            return self._answer(caller, request)
        except DropsightError as error:
            log.info("refused", extra={"endpoint": request.path, "code": error.code})
            return refusal(error, STAGE)
        except Exception:
            log.exception("defect", extra={"endpoint": request.path})
            return defect(STAGE)

    def _answer(self, caller: Caller, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for pattern, operation, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if operation.method == method:
                values = read_query(request.query, operation.parameters)
                return handler(Asked(caller, request, {**found.groupdict(), **values}))
            allowed.append(operation.method)
        if allowed:
            legal = ", ".join(allowed)
            sentence = f"{request.method} {request.path[:80]}: legal here are {legal}"
            answer = refusal(MethodRefused(sentence), STAGE)
            return replace(answer, headers={**answer.headers, "allow": legal})
        raise AddressUnknown(f"{request.path[:80]}: nothing is here; /v1/docs shows what there is")

    @cached_property
    def _routes(self) -> list[tuple[re.Pattern[str], Operation, Handler]]:
        handlers = self.handlers.table()
        return [(_pattern(one), one, handlers[one.name]) for one in OPERATIONS]


def _pattern(operation: Operation) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", operation.path)
    return re.compile(
        "".join(
            f"(?P<{piece}>{PARTS[piece]})" if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
    )
