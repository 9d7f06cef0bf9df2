"""From a bundle's folder to a model that can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropsight.adapters.artifacts.cache import cached
from dropsight.adapters.artifacts.digests import artifact_digest, files_below
from dropsight.adapters.artifacts.sources import is_remote
from dropsight.domain.errors import BackendUnavailable, ManifestInvalid
from dropsight.domain.manifests import Manifest, load_manifest, load_manifests
from dropsight.settings import Settings
from dropsight_inference.allocator import loading
from dropsight_inference.input_layout import InputLayout
from dropsight_inference.runtimes import Runtime, Source, load_runtime, runtime_missing

CARD = "MODEL_CARD.md"


@dataclass(frozen=True)
class Model:
    """One loaded bundle."""

    manifest: Manifest
    runtime: Runtime
    layout: InputLayout
    card: str
    """Text of MODEL_CARD.md, empty where there is none."""


def load_models(
    folder: Path,
    threads: int,
    cache: Path = Settings.model_cache,
    left_out: Mapping[str, str] | None = None,
) -> dict[str, Model]:
    """Every bundle below `folder` but those left out, by name. Raises as `load_model`."""
    load_manifests(folder)  # names must differ: found before anything of weight is read
    bundles = sorted(path.parent for path in folder.glob("*/model.yaml"))
    with loading():
        loaded = [
            load_model(bundle, threads, cache)
            for bundle in bundles
            if load_manifest(bundle).name not in (left_out or {})
        ]
    return {model.manifest.name: model for model in loaded}


def check_device(models: Mapping[str, Model], wanted: str) -> None:
    """Refuse models on the CPU where `wanted` (as `Settings.device`) is `cuda`.

    A module chooses its device by itself. Raises ManifestInvalid.
    """
    on_cpu = sorted(name for name, one in models.items() if one.runtime.device == "cpu")
    if wanted == "cuda" and on_cpu:
        raise ManifestInvalid(
            f"DROPSIGHT_DEVICE: found 'cuda', but {', '.join(on_cpu)} would run on the CPU: no GPU "
            "is visible, or CUDA could not be loaded (the lines above say which library). Run on "
            "a machine with a GPU, or set DROPSIGHT_DEVICE=any"
        )


def models_left_out(folder: Path, serve: str) -> dict[str, str]:
    """Bundles that are not to be loaded here, by name, and why.

    serve: as `Settings.serve`. Without names, a bundle whose runtime is not installed is left out;
    a bundle that is named is not, so that loading it fails. Raises ManifestInvalid where a name is
    unknown, or nothing is left to serve.
    """
    manifests = load_manifests(folder)
    named = {name.strip() for name in serve.split(",") if name.strip()}
    if unknown := sorted(named - manifests.keys()):
        raise ManifestInvalid(
            f"DROPSIGHT_SERVE: found {unknown[0]!r}; legal are {', '.join(sorted(manifests))}"
        )
    if named:
        reason = f"DROPSIGHT_SERVE names {', '.join(sorted(named))}"
        return {name: reason for name in manifests if name not in named}
    missing = {name: runtime_missing(one.runtime) for name, one in manifests.items()}
    left_out = {name: reason for name, reason in missing.items() if reason is not None}
    if len(left_out) == len(manifests):
        raise ManifestInvalid(f"{folder}: nothing can be served. {'. '.join(left_out.values())}")
    return left_out


def load_model(folder: Path, threads: int = 0, cache: Path = Settings.model_cache) -> Model:
    """Read `folder/model.yaml` and its artifact, checking both.

    An artifact in a bucket or in MLflow is kept in `cache`. Raises ManifestInvalid,
    BackendUnavailable.
    """
    manifest = load_manifest(folder)
    where = str(folder / "model.yaml")
    path = _checked_artifact(folder, manifest, where, cache)
    before = _versions(path)
    runtime = load_runtime(Source(manifest, where, folder, path), threads)
    if _versions(path) != before:
        runtime.close()
        raise ManifestInvalid(
            f"{where}: artifact.path: {manifest.artifact.path!r} was written while it was loaded; "
            "write beside it and rename, or stop what writes there, and start again"
        )
    card = folder / CARD
    return Model(
        manifest=manifest,
        runtime=runtime,
        layout=InputLayout(manifest.input),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )


def _checked_artifact(folder: Path, manifest: Manifest, where: str, cache: Path) -> Path:
    """Where the artifact is on this machine, its bytes those that model.yaml names."""
    stated = manifest.artifact
    if is_remote(stated.path):
        try:
            return cached(stated.path, stated.sha256, cache)
        except (ManifestInvalid, BackendUnavailable) as error:
            raise type(error)(f"{where}: artifact: {error}") from error
    if PurePosixPath(stated.path).is_absolute():
        raise ManifestInvalid(
            f"{where}: artifact.path: found {stated.path!r}; legal is a path relative to "
            "model.yaml, so put the file into the bundle, or name a bucket (gs://) or MLflow "
            "(models:/)"
        )
    path = folder / stated.path
    try:
        found = artifact_digest(path)
    except OSError as error:
        raise ManifestInvalid(
            f"{where}: artifact.path: {stated.path!r} cannot be read ({error.strerror})"
        ) from error
    if found != stated.sha256:
        raise ManifestInvalid(
            f"{where}: artifact.sha256: the file has {found}, model.yaml says {stated.sha256}; "
            "fetch the right file, or state its digest if it was changed on purpose"
        )
    return path


def _versions(path: Path) -> list[tuple[str, int, int, int]]:
    """Changes with every write: what was checked must be what the framework opened after that."""
    files = files_below(path) if path.is_dir() else {path.name: path}
    facts = [(name, file.stat()) for name, file in sorted(files.items())]
    return [(name, fact.st_ino, fact.st_size, fact.st_mtime_ns) for name, fact in facts]
