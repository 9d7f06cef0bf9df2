"""Who may ask the container: Pub/Sub for its messages, and who the settings name directly.

Asked before the body of a request is read. On Cloud Run there is no way around it; on a laptop, and
against emulators, the container listens on the loopback interface and asks for no token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from dropsight.adapters.gcp.certificates import GOOGLE, Certificates
from dropsight.adapters.gcp.service_accounts import ServiceAccounts
from dropsight.domain.errors import AccessRefused, Unauthenticated
from dropsight.settings import Settings
from dropsight_inference.answers import Endpoint

log = logging.getLogger(__name__)

CLOUD_RUN = "K_SERVICE"
"""Set by Cloud Run: https://cloud.google.com/run/docs/container-contract#services-env-vars"""
Admit = Callable[[str | None], None]
"""Takes the header Authorization. Raises Unauthenticated, AccessRefused."""


@dataclass(frozen=True)
class Callers:
    """Those whose tokens are believed, and what each of them may ask for."""

    accounts: ServiceAccounts
    push: str
    """E-mail of the service account that Pub/Sub's push requests are signed for."""
    direct: frozenset[str] = frozenset()
    """E-mails of those that may ask for a prediction directly."""

    def admit_push(self, authorization: str | None) -> None:
        """Raises Unauthenticated."""
        if self.accounts.email(authorization) != self.push:
            raise Unauthenticated(
                "token: is for another service account than the push subscription's "
                "(DROPSIGHT_PUSH_SERVICE_ACCOUNT)"
            )

    def admit_direct(self, authorization: str | None) -> None:
        """Raises Unauthenticated, AccessRefused."""
        if self.accounts.email(authorization) not in self.direct:
            raise AccessRefused(
                "this service account may not ask for predictions; the operator can add it to "
                "DROPSIGHT_DIRECT_CALLERS"
            )


def guarded(endpoint: Endpoint, admit: Admit | None) -> Endpoint:
    """`endpoint` for those that `admit` lets in; for everybody where it is None."""
    if admit is None:
        return endpoint

    async def answer(request: Request) -> Response:
        # On a thread: the issuer's certificates may have to be fetched.
        await anyio.to_thread.run_sync(admit, request.headers.get("authorization"))
        return await endpoint(request)

    return answer


def callers_of(
    settings: Settings, environment: Mapping[str, str], certificates: str = GOOGLE
) -> Callers | None:
    """None where no token is asked for. `certificates`: the address of those of the issuer.

    Raises ValueError where that is not legal: on Cloud Run.
    """
    given = {
        "DROPSIGHT_PUSH_AUDIENCE": settings.push_audience,
        "DROPSIGHT_PUSH_SERVICE_ACCOUNT": settings.push_service_account,
    }
    missing = [name for name, value in given.items() if not value]
    if environment.get(CLOUD_RUN):
        _check_cloud_run(settings, missing, environment)
    elif settings.push_signature == "platform":
        raise ValueError(
            f"DROPSIGHT_PUSH_SIGNATURE: found 'platform', but {CLOUD_RUN} is not set: this is not "
            "Cloud Run, so nobody has verified a signature; legal is 'verify'"
        )
    if len(missing) == len(given):
        if settings.backend == "gcp" and not _emulators(environment):
            log.warning("no token is asked for: %s are not set", " and ".join(missing))
        return None
    if missing:
        raise ValueError(f"{missing[0]}: not set, but the other of {' and '.join(given)} is")
    return Callers(
        ServiceAccounts(
            settings.push_audience,
            Certificates(certificates),
            verified_by_platform=settings.push_signature == "platform",
        ),
        settings.push_service_account,
        frozenset(settings.direct_callers),
    )


def _emulators(environment: Mapping[str, str]) -> list[str]:
    # Not at the top: a laptop needs none of what talks to Google.
    from dropsight.adapters.gcp.session import FIRESTORE, PUBSUB, STORAGE  # noqa: PLC0415

    names = [service.emulator_variable for service in (STORAGE, PUBSUB, FIRESTORE)]
    return [name for name in names if environment.get(name)]


def _check_cloud_run(
    settings: Settings, missing: list[str], environment: Mapping[str, str]
) -> None:
    where = f"on Cloud Run ({CLOUD_RUN} is set)"
    if settings.backend != "gcp":
        raise ValueError(f"DROPSIGHT_BACKEND: found {settings.backend!r}, {where} legal is 'gcp'")
    if missing:
        raise ValueError(
            f"{missing[0]}: not set, and {where} nobody is answered without a token; set it to "
            "what the push subscriptions have in their OIDC token"
        )
    for name in _emulators(environment):
        raise ValueError(f"{name}: set, and {where} an emulator is not legal")
