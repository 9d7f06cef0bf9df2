"""Every setting, its environment variable and its default, in one place.

Precedence: command-line option, then environment variable, then the default here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from dropsight.domain.results import DEFAULT_PROJECT, PROJECT_NAME
from dropsight.webhook_settings import Webhooks, read_list, read_webhooks

LONGEST_ADDRESS_S = 12 * 3600
"""What IAM Credentials signs can be checked for this long at least."""
ORIGIN = r"https://[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?|http://(localhost|127\.0\.0\.1)(:\d+)?"
"""As browsers send it (RFC 6454, section 6.2): lower case, no path, no slash at its end."""


@dataclass(frozen=True)
class Budgets:
    """Limits checked before the work that they limit. Variables `DROPSIGHT_BUDGET_<NAME>`."""

    bytes: int = 512 * 1024 * 1024
    """Size of the uploaded file."""
    pixels: int = 100_000_000
    """Pixels of one frame (width x height), read from the header before decoding."""
    frames: int = 512
    """Frames of one file."""
    decoded_bytes: int = 512 * 1024 * 1024
    """All frames of one file, decoded at their stored depth; a single frame may take a third."""
    sequence_depth: int = 16
    """Nesting of DICOM sequences."""
    elements: int = 500_000
    """DICOM elements, items of sequences included."""
    value_bytes: int = 128 * 1024 * 1024
    """16-bit values of all frames of one file, 2 bytes for each pixel, that are kept for the window
    and level of a viewer. Over it viewers have the 8-bit pictures alone; 0: always."""
    inflated_bytes: int = 256 * 1024 * 1024
    """A deflated DICOM data set, inflated."""


@dataclass(frozen=True)
class Settings:
    """Variables `DROPSIGHT_<NAME>`, but for nested ones (`Budgets`)."""

    backend: str = "embedded"
    """`embedded` or `gcp` (with the emulators' usual variables: against the emulators)."""
    root: Path = Path(".")
    """embedded: the folder that holds `bucket/` and `.dropsight/`."""
    project: str = "dropsight-local"
    """gcp: the project id."""
    models: Path = Path("models")
    """Folder of bundles, `<name>/model.yaml`."""
    model_cache: Path = Path("~/.cache/dropsight/models")
    """Where artifacts of bundles that name a bucket or MLflow are kept, each under its SHA-256."""
    serve: str = ""
    """Names of the models to serve, separated by commas: each of them must load, or the container
    does not start; ingest routes to them only. Empty: every bundle whose runtime is installed."""
    routes: Mapping[str, str] = field(default_factory=dict)
    """JSON object, first path segment to model name, beside `<model name>` to itself."""
    projects: Mapping[str, str] = field(default_factory=dict)
    """JSON object, route to project: the group of people who may see what comes that way. Routes
    that it does not name belong to `default`. (`project` is the one of Google Cloud.)"""
    landing_bucket: str = "landing"
    work_bucket: str = "work"
    results_bucket: str = "results"
    pseudonym_key: str = ""
    """Secret for pseudonyms; from Secret Manager in the cloud, made on first use on a laptop."""
    page_origins: tuple[str, ...] = ()
    """Origins of pages of other sites that may ask the API, separated by commas."""
    signing_service_account: str = ""
    """gcp: e-mail address of the service account whose signature the addresses of uploads and
    pictures bear; empty: the one that the function runs as."""
    address_lifetime_s: int = 900
    """How long such an address may be used."""
    burned_in: Literal["refuse", "mask", "allow"] = "refuse"
    """What to do where BurnedInAnnotation is YES: `refuse`, `mask` or `allow`."""
    lease_s: float = 60.0
    """How long one worker may hold one request before another may take it over."""
    batch_size: int = 8
    batch_wait_ms: float = 5.0
    """Longest wait for a batch to fill; it ends at once when nothing else is in flight."""
    max_in_flight: int = 64
    """Requests in the container at once; over it direct callers get 429, Pub/Sub a nack."""
    threads: int = 0
    """Threads of the model's forward pass; 0: one for each core."""
    publish_changes: Literal["", "true", "false"] = ""
    """Whether each step tells of its results on a topic. Empty: if there are webhooks."""
    api_address: str = ""
    """`https://…`: where clients find `/v1/results`."""
    push_audience: str = ""
    """gcp: audience of the tokens that Pub/Sub's push requests carry."""
    push_service_account: str = ""
    """gcp: e-mail of the service account that they are made for."""
    push_signature: Literal["verify", "platform"] = "verify"
    """gcp: who verifies their signatures: the container, or Cloud Run, which takes them off then.
    `platform` is for a service that answers nobody without `run.invoker`."""
    direct_callers: tuple[str, ...] = ()
    """gcp: e-mails of the service accounts that may ask the container directly, with tokens for
    `push_audience`; a JSON list, or separated by commas."""
    device: Literal["any", "cuda"] = "any"
    """Where the models have to run. `cuda`: the container does not start where one of them would
    run on the CPU, as it does where the GPU or a library of CUDA is missing."""
    budgets: Budgets = field(default_factory=Budgets)
    webhooks: Webhooks = field(default_factory=Webhooks)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read all variables. Raises ValueError: which variable, what was found, what is legal."""
        env = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for spec in fields(cls):
            if spec.name == "budgets":
                values["budgets"] = Budgets(
                    **{
                        one.name: _read(env, f"DROPSIGHT_BUDGET_{one.name.upper()}", one.default)
                        for one in fields(Budgets)
                    }
                )
            elif spec.name == "webhooks":
                values["webhooks"] = read_webhooks(env)
            elif spec.name == "routes":
                values["routes"] = _read_names(env, "DROPSIGHT_ROUTES", "cxr-pneumonia")
            elif spec.name == "page_origins":
                values["page_origins"] = _read_origins(env)
            elif spec.name == "projects":
                values["projects"] = _read_projects(env)
            elif spec.name == "direct_callers":
                values["direct_callers"] = read_list(env, "DROPSIGHT_DIRECT_CALLERS")
            else:
                values[spec.name] = _read(env, f"DROPSIGHT_{spec.name.upper()}", spec.default)
        settings = cls(**values)
        _one_of("DROPSIGHT_BACKEND", settings.backend, ("embedded", "gcp"))
        _one_of("DROPSIGHT_BURNED_IN", settings.burned_in, ("refuse", "mask", "allow"))
        if not 60 <= settings.address_lifetime_s <= LONGEST_ADDRESS_S:
            raise ValueError(
                f"DROPSIGHT_ADDRESS_LIFETIME_S: found {settings.address_lifetime_s}, legal are 60 "
                f"to {LONGEST_ADDRESS_S}"
            )
        _one_of("DROPSIGHT_PUSH_SIGNATURE", settings.push_signature, ("verify", "platform"))
        _one_of("DROPSIGHT_PUBLISH_CHANGES", settings.publish_changes, ("", "true", "false"))
        _one_of("DROPSIGHT_DEVICE", settings.device, ("any", "cuda"))
        return settings

    @property
    def publishes_changes(self) -> bool:
        """Whether steps tell of their results on a topic (`domain/changes.py`)."""
        return self.publish_changes == "true" or (
            self.publish_changes == "" and bool(self.webhooks.urls)
        )

    @property
    def state(self) -> Path:
        """embedded: the folder of everything but the landing bucket."""
        return self.root / ".dropsight"


def _read(env: Mapping[str, str], name: str, default: Any) -> Any:
    text = env.get(name)
    if text is None:
        return default
    try:
        return type(default)(text)
    except ValueError as error:
        raise ValueError(
            f"{name}: found {text!r}, expected {type(default).__name__} such as {default!r}"
        ) from error


def _read_names(env: Mapping[str, str], name: str, example: str) -> dict[str, str]:
    """A JSON object of text."""
    text = env.get(name, "{}")
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: found {text!r}, expected a JSON object") from error
    if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
        raise ValueError(f'{name}: found {text!r}, expected e.g. {{"cxr": "{example}"}}')
    return given


def _read_projects(env: Mapping[str, str]) -> dict[str, str]:
    name = "DROPSIGHT_PROJECTS"
    projects = _read_names(env, name, "radiology")
    for route, project in projects.items():
        if not route or "/" in route:
            raise ValueError(f"{name}: found route {route!r}, legal are first segments of a path")
        if not re.fullmatch(PROJECT_NAME, project):
            raise ValueError(
                f"{name}: found project {project!r} for route {route!r}, legal are 1 to 64 "
                f"letters, digits, `.`, `_` and `-`, such as {DEFAULT_PROJECT!r}"
            )
    return projects


def _read_origins(env: Mapping[str, str]) -> tuple[str, ...]:
    """Exact ones: a wildcard would let any page ask with the token of whoever is signed in."""
    given = [one.strip() for one in env.get("DROPSIGHT_PAGE_ORIGINS", "").split(",")]
    for one in filter(None, given):
        if not re.fullmatch(ORIGIN, one):
            raise ValueError(
                f"DROPSIGHT_PAGE_ORIGINS: found {one!r}, legal are origins such as "
                "https://page.example, separated by commas; http only on this machine"
            )
    return tuple(filter(None, given))


def _one_of(name: str, value: str, legal: tuple[str, ...]) -> None:
    if value not in legal:
        raise ValueError(f"{name}: found {value!r}, legal are {', '.join(legal)}")
