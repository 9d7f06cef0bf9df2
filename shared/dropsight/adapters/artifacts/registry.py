"""Artifacts in MLflow: of a model in its registry, or of a run.

The tracking server is the one that MLFLOW_TRACKING_URI names (and MLFLOW_REGISTRY_URI, where the
registry is elsewhere), as for every MLflow client.
"""

# ruff: noqa: PLC0415 - mlflow is needed here alone, and takes seconds to import

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from dropsight.adapters.artifacts.digests import artifact_digest
from dropsight.adapters.artifacts.mlflow_folder import choose
from dropsight.adapters.artifacts.sources import Fetched
from dropsight.domain.errors import BackendUnavailable, DropsightError, ManifestInvalid

ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
PREFERENCES = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
"""Unless the operator says otherwise: nobody outside is told that a model is loaded."""
ALIAS = re.compile(r"models:/(?P<name>[^/@]+)@(?P<alias>[^/]+)(?P<below>/.+)?")
VERSION = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>\d+)")
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")
"""`error_code` of MlflowException."""
LEGAL = re.compile(r"models:/[^/@]+(@|/)[^/]+(/.+)?|models:/m-[^/]+|runs:/[^/]+/.+")


def fetch_from_mlflow(reference: str, into: Path) -> Fetched:
    """`models:/name/version`, `models:/name@alias` or `runs:/id/path`; the first two may go on
    with a path within the model. An MLflow model gives its weights, see `mlflow_folder.choose`.

    Raises as `sources.fetch` does.
    """
    if not LEGAL.fullmatch(reference):
        raise ManifestInvalid(
            f"found {reference!r}; legal are models:/name/version, models:/name@alias and "
            "runs:/id/path"
        )
    if not any(os.environ.get(name) for name in ADDRESSES):
        raise ManifestInvalid(
            f"{reference}: set MLFLOW_TRACKING_URI to the address of the MLflow server, or of its "
            "database, such as sqlite:////srv/mlflow.db"
        )
    copy = into / "all.of.it"
    copy.mkdir()
    try:
        mlflow = _mlflow()
        exact, origin = _exact(mlflow, reference)
        found = _downloaded(mlflow, exact, copy)
    except ImportError as error:  # of mlflow, or of what its database needs
        raise ManifestInvalid(
            f"{reference}: needs packages that are missing here ({error}); "
            "pip install 'dropsight-inference[mlflow]'"
        ) from error
    except Exception as error:
        raise _unanswered(reference, error) from error
    chosen = choose(found, reference)
    if chosen != found:
        origin = f"{origin}, {chosen.relative_to(found).as_posix()}"
    path = into / (chosen.name if chosen != copy else "model")
    chosen.rename(path)
    shutil.rmtree(copy, ignore_errors=True)  # gone already where it was chosen as it is
    return Fetched(path, artifact_digest(path), origin)


def _mlflow() -> Any:
    for name, value in PREFERENCES.items():
        os.environ.setdefault(name, value)
    import mlflow
    import mlflow.artifacts

    return mlflow


def _exact(mlflow: Any, reference: str) -> tuple[str, str]:
    """The reference by version, and what to call it. An alias may move while we download."""
    match = ALIAS.fullmatch(reference)
    if match is None:
        return reference, reference
    version = mlflow.MlflowClient().get_model_version_by_alias(match["name"], match["alias"])
    exact = f"models:/{match['name']}/{version.version}{match['below'] or ''}"
    return exact, f"{reference}, which is version {version.version} now"


def _downloaded(mlflow: Any, exact: str, copy: Path) -> Path:
    found = Path(mlflow.artifacts.download_artifacts(exact, dst_path=str(copy)))
    match = VERSION.fullmatch(exact)
    if match is None or any(found.iterdir()):
        return found
    # The version of a single file: MLflow looks for what is below it, and finds nothing.
    client = mlflow.MlflowClient()
    source = client.get_model_version_download_uri(match["name"], match["version"])
    return Path(mlflow.artifacts.download_artifacts(source, dst_path=str(copy)))


def _unanswered(reference: str, error: Exception) -> DropsightError:
    """What is not there is the manifest's mistake; anything else may be better next time."""
    code = getattr(error, "error_code", type(error).__name__)
    if code in NOT_THERE:
        return ManifestInvalid(
            f"{reference}: MLflow: {error}. Is it the registry that MLFLOW_TRACKING_URI names?"
        )
    return BackendUnavailable(f"{reference}: MLflow: {code}: {error}")
