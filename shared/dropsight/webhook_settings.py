"""The settings of webhooks, read and checked. What is found is not repeated in an error: an address
may hold a token, and a secret is one."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from dropsight.domain.events import CHANGES

PREFIX = "DROPSIGHT_WEBHOOK_"
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""A subscriber's name is part of the name of its subscription."""
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Of a host's name, which `urlsplit` gives in small letters."""
EVENTS = tuple(f"result.{one}" for one in CHANGES)


@dataclass(frozen=True)
class Webhooks:
    """Who is told of results, and how. Variables `DROPSIGHT_WEBHOOK_<NAME>`."""

    urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    """JSON object, name of the subscriber to address; or a JSON list of addresses, or addresses
    separated by commas: each is then called by its host and a digest."""
    secret: str = field(default="", repr=False)
    """`whsec_…`, several separated by spaces while one is replaced, the newest first; on a laptop
    made on first use."""
    events: tuple[str, ...] = ()
    """Separated by commas, such as `result.explained,result.failed`. Empty: all."""
    timeout_s: float = 15.0
    """For one attempt, from the look-up of the name to the end of the answer."""
    private: Literal["", "refuse", "allow"] = ""
    """Whether addresses may be private ones. Empty: on a laptop."""


def read_webhooks(env: Mapping[str, str]) -> Webhooks:
    """Raises ValueError: which variable, which subscriber, what is legal."""
    private = env.get(f"{PREFIX}PRIVATE", "")
    if private not in ("", "refuse", "allow"):
        raise ValueError(f"{PREFIX}PRIVATE: found {private!r}, legal are refuse, allow")
    return Webhooks(
        urls=_read_urls(env),
        secret=env.get(f"{PREFIX}SECRET", ""),
        events=_read_events(env),
        timeout_s=_read_timeout(env),
        private=private,  # type: ignore[arg-type]  # checked above
    )


def read_list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """A JSON list of text, or words separated by commas. Raises ValueError."""
    text = env.get(name, "").strip()
    if not text.startswith("["):
        return tuple(one.strip() for one in text.split(",") if one.strip())
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: not a JSON list ({error.msg})") from error
    if not all(isinstance(one, str) for one in given):
        raise ValueError(f"{name}: a JSON list of something else than text")
    return tuple(given)


def _read_urls(env: Mapping[str, str]) -> dict[str, str]:
    name = f"{PREFIX}URLS"
    text = env.get(name, "").strip()
    urls: dict[str, str]
    if text.startswith("{"):
        try:
            urls = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name}: not a JSON object ({error.msg})") from error
    else:
        urls = {_name_of(url): url for url in read_list(env, name)}
    for subscriber, url in urls.items():
        if not NAME.fullmatch(subscriber):
            raise ValueError(
                f"{name}: found subscriber {subscriber!r}, legal are a small letter and up to 39 "
                "small letters, digits and `-`"
            )
        if not _is_address(url):
            raise ValueError(
                f"{name}: subscriber {subscriber!r}: expected an address such as "
                "https://example.org/hooks/dropsight, without a user, a password or a fragment"
            )
    return urls


def _is_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        usual = parts.port is None or parts.port > 0  # reading it checks it
    except ValueError:
        return False
    return (
        usual
        and parts.scheme in ("http", "https")
        and _is_host(parts.hostname or "")
        and parts.username is None
        and not parts.fragment
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )


def _is_host(host: str) -> bool:
    """A name (RFC 1123, section 2.1), or an address."""
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return "%" not in host  # a zone, which is of one machine
    return len(host) <= 253 and all(LABEL.fullmatch(one) for one in host.split("."))


def _name_of(url: str) -> str:
    """`https://hooks.example.org/a` -> `hooks-example-org-1f3a9c2e`; without a host, `none-…`."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    host = urlsplit(url).hostname if _is_address(url) else None  # which is refused next
    words = re.sub(r"[^a-z0-9]+", "-", host or "none").strip("-")[:30]
    return f"{words if words[:1].isalpha() else f'at-{words}'[:30]}-{digest}"


def _read_events(env: Mapping[str, str]) -> tuple[str, ...]:
    events = read_list(env, f"{PREFIX}EVENTS")
    unknown = [one for one in events if one not in EVENTS]
    if unknown:
        raise ValueError(f"{PREFIX}EVENTS: found {unknown[0]!r}, legal are {', '.join(EVENTS)}")
    return events


def _read_timeout(env: Mapping[str, str]) -> float:
    text = env.get(f"{PREFIX}TIMEOUT_S", "15")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 1 <= seconds <= 55:
        raise ValueError(
            f"{PREFIX}TIMEOUT_S: found {text!r}, legal are 1 to 55 seconds: the message's ack "
            "deadline is 60"
        )
    return seconds
