"""Who may have the container work: every single thing that is wrong with a token is one refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dropsight.adapters.gcp.service_accounts import SIGNATURE_REMOVED
from dropsight.imaging.png import encode_png
from dropsight.settings import Settings
from dropsight_inference.callers import Callers, callers_of
from tests.emulators.certificate_server import CertificateServer, running_certificate_server
from tests.signed_tokens import segment, signing_key
from tests.toy_container import Container, running

pytestmark = pytest.mark.integration

GOOGLE, STRANGER = signing_key("google"), signing_key("stranger")
AUDIENCE = "https://inference.example.test"
PUSH = "push@project.iam.gserviceaccount.com"
DIRECT = "app@project.iam.gserviceaccount.com"
PICTURE = encode_png(np.full((16, 16), 90, np.uint8))


@pytest.fixture(scope="module")
def issuer() -> Iterator[CertificateServer]:
    with running_certificate_server() as server:
        server.publish(GOOGLE)
        yield server


def cloud(settings: Settings, **changes: Any) -> Settings:
    named = {"push_audience": AUDIENCE, "push_service_account": PUSH, "direct_callers": (DIRECT,)}
    return replace(settings, **named | changes)


def callers(settings: Settings, issuer: CertificateServer) -> Callers:
    found = callers_of(settings, {}, issuer.address)
    assert found is not None
    return found


@pytest.fixture
def guarded(settings: Settings, issuer: CertificateServer) -> Iterator[Container]:
    """Verifies all of a token by itself."""
    wanted = cloud(settings)
    with running(wanted, callers=callers(wanted, issuer)) as container:
        container.service.warm_up.join()
        yield container


@pytest.fixture
def behind_cloud_run(settings: Settings, issuer: CertificateServer) -> Iterator[Container]:
    """Believes the signatures that Cloud Run has removed."""
    wanted = cloud(settings)
    known = callers(wanted, issuer)
    trusting = replace(known, accounts=replace(known.accounts, verified_by_platform=True))
    with running(wanted, callers=trusting) as container:
        container.service.warm_up.join()
        yield container


def claims(**changes: Any) -> dict[str, Any]:
    """What Pub/Sub's tokens carry; None leaves one out."""
    now = int(time.time())
    whole = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "113",
        "sub": "113",
        "email": PUSH,
        "email_verified": True,
        "iat": now - 5,
        "exp": now + 3600,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def without_signature(token: str) -> str:
    """As Cloud Run hands it on."""
    return f"{token.rpartition('.')[0]}.{SIGNATURE_REMOVED}"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def push(container: Container, headers: dict[str, str]) -> tuple[int, str]:
    asked = container.upload()
    envelope = container.envelope("predict", asked)
    answer = container.post("/pubsub/predict", envelope, headers)
    said = json.loads(answer.data)["error"]["message"] if answer.data else ""
    if answer.status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status, said


def status_of(container: Container) -> str:
    result = container.backend.results.get("r-1")
    assert result is not None
    return result.status


def test_the_token_of_the_subscription_has_the_work_done(guarded: Container) -> None:
    assert push(guarded, bearer(GOOGLE.token(claims())))[0] == 204
    assert status_of(guarded) == "predicted"


def test_the_issuer_may_leave_out_its_scheme(guarded: Container) -> None:
    assert push(guarded, bearer(GOOGLE.token(claims(iss="accounts.google.com"))))[0] == 204


WRONG = {
    "another audience": ({"aud": "https://another.example.test"}, "audience"),
    "no audience": ({"aud": None}, "audience"),
    "another issuer": ({"iss": "https://accounts.example.test"}, "issuer"),
    "no issuer": ({"iss": None}, "issuer"),
    "another service account": ({"email": DIRECT}, "another service account"),
    "no e-mail": ({"email": None}, "names no e-mail"),
    "an e-mail that is not verified": ({"email_verified": False}, "not verified"),
    "an e-mail of which nothing is said": ({"email_verified": None}, "not verified"),
    "an e-mail that is verified in words": ({"email_verified": "true"}, "not verified"),
    "a token that has expired": ({"exp": int(time.time()) - 60}, "token: "),
    "a token that never expires": ({"exp": None}, "token: "),
    "a token from the future": ({"iat": int(time.time()) + 3600}, "token: "),
    "a token of no time": ({"iat": None}, "token: "),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_one_wrong_claim_is_refused_and_nothing_is_done(
    guarded: Container, changes: dict[str, Any], sentence: str
) -> None:
    status, said = push(guarded, bearer(GOOGLE.token(claims(**changes))))

    assert status == 401
    assert sentence in said
    assert status_of(guarded) == "queued"


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_behind_cloud_run_one_wrong_claim_is_refused_as_well(
    behind_cloud_run: Container, changes: dict[str, Any], sentence: str
) -> None:
    token = without_signature(GOOGLE.token(claims(**changes)))
    status, said = push(behind_cloud_run, bearer(token))

    assert status == 401
    assert sentence in said
    assert status_of(behind_cloud_run) == "queued"


FORGED = {
    "signed by a stranger under Google's key id": STRANGER.token(claims(), kid="google"),
    "signed by a stranger under a name of its own": STRANGER.token(claims()),
    "not signed": f"{GOOGLE.token(claims()).rpartition('.')[0]}.",
    "of another algorithm": GOOGLE.token(claims(), alg="none"),
    "with claims of another token": ".".join(
        [
            GOOGLE.token(claims()).split(".")[0],
            segment(json.dumps(claims(sub="114")).encode()),
            GOOGLE.token(claims()).split(".")[2],
        ]
    ),
    "no token": "abc",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("kind", ["guarded", "behind_cloud_run"])
def test_a_forged_token_is_refused(request: pytest.FixtureRequest, kind: str, token: str) -> None:
    container: Container = request.getfixturevalue(kind)

    assert push(container, bearer(token))[0] == 401
    assert status_of(container) == "queued"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Basic dTpw"}, bearer("")]
)
def test_without_a_token_nobody_is_answered(guarded: Container, headers: dict[str, str]) -> None:
    status, said = push(guarded, headers)

    assert status == 401
    assert "Bearer <ID token>" in said
    assert status_of(guarded) == "queued"


def test_a_removed_signature_counts_only_behind_cloud_run(
    guarded: Container, behind_cloud_run: Container
) -> None:
    token = without_signature(GOOGLE.token(claims()))

    assert push(guarded, bearer(token))[0] == 401
    assert push(behind_cloud_run, bearer(token))[0] == 204


def test_clocks_may_differ_by_seconds(guarded: Container, behind_cloud_run: Container) -> None:
    now = int(time.time())
    for changes in ({"iat": now - 100, "exp": now - 3}, {"iat": now + 5}):
        token = GOOGLE.token(claims(**changes))
        assert push(guarded, bearer(token))[0] == 204
        assert push(behind_cloud_run, bearer(without_signature(token)))[0] == 204


def test_explanations_ask_for_the_same_token(guarded: Container) -> None:
    assert guarded.post("/pubsub/explain", b"{}").status == 401


def test_a_body_is_not_read_for_a_stranger(guarded: Container) -> None:
    """With a good token, what cannot be read is kept as a dead letter."""
    assert guarded.post("/pubsub/predict", b"unreadable").status == 401
    assert guarded.backend.dead_letters.list() == []

    assert (
        guarded.post("/pubsub/predict", b"unreadable", bearer(GOOGLE.token(claims()))).status == 204
    )
    assert len(guarded.backend.dead_letters.list()) == 1


def test_a_file_is_predicted_directly_for_those_that_the_settings_name(guarded: Container) -> None:
    def ask(headers: dict[str, str]) -> int:
        return guarded.post("/v1/models/toy:predict", PICTURE, headers).status

    assert ask(bearer(GOOGLE.token(claims(email=DIRECT)))) == 200
    assert ask(bearer(GOOGLE.token(claims(email=PUSH)))) == 403
    assert ask(bearer(GOOGLE.token(claims(email=DIRECT, aud="another")))) == 401
    assert ask({}) == 401


def test_probes_and_descriptions_ask_for_no_token(guarded: Container) -> None:
    for path in ("/livez", "/readyz", "/v1/models", "/v1/models/toy", "/metrics"):
        assert guarded.get(path).status == 200


def test_certificates_are_not_fetched_with_each_request(
    guarded: Container, issuer: CertificateServer
) -> None:
    before = issuer.asked
    for _ in range(5):
        assert push(guarded, bearer(GOOGLE.token(claims())))[0] == 204
    assert issuer.asked - before <= 1


CLOUD_RUN = {
    "K_SERVICE": "inference",
    "DROPSIGHT_BACKEND": "gcp",
    "DROPSIGHT_PUSH_AUDIENCE": AUDIENCE,
    "DROPSIGHT_PUSH_SERVICE_ACCOUNT": PUSH,
}


def test_on_cloud_run_with_everything_set_tokens_are_asked_for() -> None:
    found = callers_of(Settings.from_environment(CLOUD_RUN), CLOUD_RUN)

    assert found is not None
    assert not found.accounts.verified_by_platform
    platform = {**CLOUD_RUN, "DROPSIGHT_PUSH_SIGNATURE": "platform"}
    trusting = callers_of(Settings.from_environment(platform), platform)
    assert trusting is not None
    assert trusting.accounts.verified_by_platform


@pytest.mark.parametrize(
    "changes",
    [
        {"DROPSIGHT_PUSH_AUDIENCE": ""},
        {"DROPSIGHT_PUSH_SERVICE_ACCOUNT": ""},
        {"DROPSIGHT_BACKEND": "embedded"},
        {"PUBSUB_EMULATOR_HOST": "127.0.0.1:8085"},
        {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:8086"},
        {"STORAGE_EMULATOR_HOST": "127.0.0.1:8087"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_on_cloud_run_the_container_does_not_start_without_authentication(
    changes: dict[str, str],
) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("DROPSIGHT_")},
        **CLOUD_RUN,
        **changes,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "dropsight_inference"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    said = json.loads(ended.stdout.splitlines()[-1])["message"]
    assert "cannot start" in said
    assert next(iter(changes)) in said
    assert "K_SERVICE is set" in said


def test_elsewhere_half_of_the_settings_and_a_platform_that_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="DROPSIGHT_PUSH_SERVICE_ACCOUNT: not set"):
        callers_of(replace(Settings(), push_audience=AUDIENCE), {})
    with pytest.raises(ValueError, match="this is not Cloud Run"):
        callers_of(cloud(Settings(), push_signature="platform"), {})
    assert callers_of(Settings(), {}) is None
