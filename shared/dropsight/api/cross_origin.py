"""Pages of other sites that may ask: those whose origins the settings name, and no others.

https://fetch.spec.whatwg.org/#http-cors-protocol. Nothing is allowed to `*`, and nobody's cookies
are asked for: who asks is told by the token in the request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from dropsight.api.messages import Request, Response

METHODS = "GET, POST, DELETE"
REQUEST_HEADERS = "authorization, content-type, if-none-match"
READABLE_HEADERS = "content-disposition, etag, retry-after, www-authenticate"
KEPT_S = 3600


class CrossOrigin:
    """The API behind it, with what browsers need in order to let a page read its answers."""

    def __init__(self, api: Callable[[Request], Response], origins: Collection[str]) -> None:
        """`origins`: exact, such as `https://page.example`. Without any, nothing is added."""
        self._api = api
        self._origins = frozenset(origins)

    def __call__(self, request: Request) -> Response:
        if not self._origins:
            return self._api(request)
        origin = request.headers.get("origin", "")
        allowed = origin in self._origins
        if (
            allowed
            and request.method == "OPTIONS"
            and "access-control-request-method" in request.headers
        ):
            answer = Response(204, headers=_PREFLIGHT)  # without a token: browsers send none here
        else:
            answer = self._api(request)
        # What is answered depends on who asks, so a cache must tell them apart.
        headers = {**answer.headers, "vary": "Origin"}
        if allowed:
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = READABLE_HEADERS
        return replace(answer, headers=headers)


_PREFLIGHT = {
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": REQUEST_HEADERS,
    "access-control-max-age": str(KEPT_S),
}
