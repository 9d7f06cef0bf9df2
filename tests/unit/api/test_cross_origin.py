"""Pages of other sites: those that are named may ask, and no others."""

from __future__ import annotations

import pytest

from dropsight.api.cross_origin import CrossOrigin
from dropsight.api.messages import Request, Response
from dropsight.settings import Settings

pytestmark = pytest.mark.unit

PAGE, EVIL = "https://page.example", "https://page.example.evil.example"


class Api:
    """Counts what reaches it; refuses with 401."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _request: Request) -> Response:
        self.asked += 1
        return Response(401, b"{}")


@pytest.fixture
def api() -> Api:
    return Api()


def ask(api: Api, origins: tuple[str, ...], method: str, **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return CrossOrigin(api, origins)(Request(method, "/v1/results", headers=given))


def allowances(answer: Response) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control-")]


def test_a_preflight_of_the_page_is_answered_without_a_token(api: Api):
    answer = ask(api, (PAGE,), "OPTIONS", origin=PAGE, access_control_request_method="DELETE")

    assert (answer.status, api.asked) == (204, 0)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "GET, POST, DELETE"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["vary"] == "Origin"


def test_the_page_may_read_answers_and_refusals_alike(api: Api):
    answer = ask(api, ("https://other.example", PAGE), "GET", origin=PAGE)

    assert (answer.status, api.asked) == (401, 1)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "etag" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [EVIL, "http://page.example", f"{PAGE}:8443", "null", "*", ""])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_another_page_is_allowed_nothing(api: Api, origin: str, method: str):
    answer = ask(api, (PAGE,), method, origin=origin, access_control_request_method="GET")

    assert allowances(answer) == []
    assert api.asked == 1
    assert answer.headers["vary"] == "Origin"


def test_nobody_is_allowed_everything_nor_asked_for_cookies(api: Api):
    for method in ("GET", "OPTIONS"):
        answer = ask(api, (PAGE,), method, origin=PAGE, access_control_request_method="GET")
        assert "*" not in answer.headers.values()
        assert "access-control-allow-credentials" not in answer.headers


def test_without_the_setting_nothing_is_added(api: Api):
    for method in ("GET", "OPTIONS"):
        answer = ask(api, (), method, origin=PAGE, access_control_request_method="GET")
        assert answer == Response(401, b"{}")


def test_origins_come_from_the_settings():
    given = {"DROPSIGHT_PAGE_ORIGINS": f" {PAGE}, https://a-b.example:8443,http://127.0.0.1:5173,"}
    assert Settings.from_environment(given).page_origins == (
        PAGE,
        "https://a-b.example:8443",
        "http://127.0.0.1:5173",
    )
    assert Settings.from_environment({}).page_origins == ()


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "null", "page.example", "https://*", "https://*.example", "https://page.example/"),
        *("https://page.example/x", "http://page.example", "https://Page.example", "ftp://x"),
        *("https://", "https://user@page.example", "http://localhost.evil.example"),
    ],
)
def test_what_is_no_exact_origin_is_refused(origin: str):
    with pytest.raises(ValueError, match="DROPSIGHT_PAGE_ORIGINS: found"):
        Settings.from_environment({"DROPSIGHT_PAGE_ORIGINS": f"{PAGE},{origin}"})


@pytest.mark.parametrize("seconds", ["59", "43201", "-1", "soon"])
def test_addresses_live_for_a_time_that_is_legal(seconds: str):
    with pytest.raises(ValueError, match="DROPSIGHT_ADDRESS_LIFETIME_S"):
        Settings.from_environment({"DROPSIGHT_ADDRESS_LIFETIME_S": seconds})
