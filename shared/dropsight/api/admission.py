"""Who may ask. Every request passes here before anything is read.

In the cloud a caller shows a token. On a laptop the caller is its user, at the loopback interface.
But any page that is open in a browser can send requests there, too: the Host header tells a rebound
DNS name from us, the Origin header another site's request from one of our own page.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from dropsight.api.messages import Request
from dropsight.domain.callers import MACHINES_USER, Caller
from dropsight.domain.errors import AccessRefused

Admission = Callable[[Request], Caller]
"""Who asks. Raises Unauthenticated, AccessRefused."""

READING = frozenset({"GET", "HEAD"})
LOOPBACK_NAMES = ("127.0.0.1", "localhost")


def check_origin(method: str, headers: Mapping[str, str], hosts: Collection[str]) -> None:
    """Raises AccessRefused unless the request was sent to one of `hosts` (`name:port`), and, where
    it would change something, not by another site's page."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if host not in hosts:
        raise AccessRefused(
            f"Host {host[:80]!r}: this is only reached at {', '.join(sorted(hosts))}"
        )
    if method not in READING and origin is not None and origin not in _origins(hosts):
        raise AccessRefused(f"Origin {origin[:80]!r}: other sites may not change anything here")


def loopback_only(request: Request) -> Caller:
    """For a server of our own machine that does not know its port."""
    _check_at_home(request)
    host = request.headers.get("host", "")
    known = {host} if urlsplit(f"//{host}").hostname in LOOPBACK_NAMES else LOOPBACK_NAMES
    check_origin(request.method, request.headers, known)
    return MACHINES_USER


def admission_by(
    callers: Callable[[str | None], Caller] | None, *, on_cloud_run: bool
) -> Admission:
    """`callers`: who a header Authorization belongs to; None where the machine's own user asks.

    A token is no cookie: no browser sends it by itself, so other sites' pages have none to send.
    Elsewhere than on Cloud Run tokens may be unsigned, so only the machine itself is answered.
    """
    if callers is None:
        return loopback_only

    def admit(request: Request) -> Caller:
        if not on_cloud_run:
            _check_at_home(request)
        return callers(request.headers.get("authorization"))

    return admit


def _check_at_home(request: Request) -> None:
    try:
        at_home = ipaddress.ip_address(request.remote).is_loopback
    except ValueError:
        at_home = False
    if not at_home:
        raise AccessRefused("this is only answered to the machine that it runs on")


def _origins(hosts: Collection[str]) -> set[str]:
    return {f"http://{host}" for host in hosts}
