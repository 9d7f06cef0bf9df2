"""Every setting, its environment variable and its default, in one place.

Precedence: command-line option, then environment variable, then the default here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal


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
    does not start. Empty: every bundle whose runtime is installed."""
    routes: Mapping[str, str] = field(default_factory=dict)
    """JSON object, first path segment to model name, beside `<model name>` to itself."""
    landing_bucket: str = "landing"
    work_bucket: str = "work"
    results_bucket: str = "results"
    pseudonym_key: str = ""
    """Secret for pseudonyms; from Secret Manager in the cloud, made on first use on a laptop."""
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
    budgets: Budgets = field(default_factory=Budgets)

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
            elif spec.name == "routes":
                values["routes"] = _read_routes(env)
            else:
                values[spec.name] = _read(env, f"DROPSIGHT_{spec.name.upper()}", spec.default)
        settings = cls(**values)
        _one_of("DROPSIGHT_BACKEND", settings.backend, ("embedded", "gcp"))
        _one_of("DROPSIGHT_BURNED_IN", settings.burned_in, ("refuse", "mask", "allow"))
        return settings

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


def _read_routes(env: Mapping[str, str]) -> dict[str, str]:
    text = env.get("DROPSIGHT_ROUTES", "{}")
    try:
        routes = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"DROPSIGHT_ROUTES: found {text!r}, expected a JSON object") from error
    if not isinstance(routes, dict) or not all(isinstance(v, str) for v in routes.values()):
        raise ValueError(
            f'DROPSIGHT_ROUTES: found {text!r}, expected e.g. {{"cxr": "cxr-pneumonia"}}'
        )
    return routes


def _one_of(name: str, value: str, legal: tuple[str, ...]) -> None:
    if value not in legal:
        raise ValueError(f"{name}: found {value!r}, legal are {', '.join(legal)}")
