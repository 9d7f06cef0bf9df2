"""From a bundle's folder to a model that can run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest, load_manifest, load_manifests
from dropsight_inference.input_layout import InputLayout
from dropsight_inference.runtimes import Runtime, Source, load_runtime, runtime_missing
from dropsight_inference.tasks import check_task

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
    folder: Path, threads: int, left_out: Mapping[str, str] | None = None
) -> dict[str, Model]:
    """Every bundle below `folder` but those left out, by name. Raises ManifestInvalid."""
    load_manifests(folder)  # names must differ: found before anything of weight is read
    loaded = (
        load_model(path.parent, threads)
        for path in sorted(folder.glob("*/model.yaml"))
        if load_manifest(path.parent).name not in (left_out or {})
    )
    return {model.manifest.name: model for model in loaded}


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


def load_model(folder: Path, threads: int = 0) -> Model:
    """Read `folder/model.yaml` and its artifact, checking both. Raises ManifestInvalid."""
    manifest = load_manifest(folder)
    where = str(folder / "model.yaml")
    check_task(manifest, where)
    content = _read_artifact(folder, manifest, where)
    source = Source(manifest, content, where, folder / manifest.artifact.path)
    card = folder / CARD
    return Model(
        manifest=manifest,
        runtime=load_runtime(source, threads),
        layout=InputLayout(manifest.input),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )


def _read_artifact(folder: Path, manifest: Manifest, where: str) -> bytes:
    """Read once: the bytes that were hashed are the bytes that run."""
    stated = manifest.artifact
    if "://" in stated.path or PurePosixPath(stated.path).is_absolute():
        raise ManifestInvalid(
            f"{where}: artifact.path: found {stated.path!r}; legal here is a path relative to "
            "model.yaml, so copy the file into the bundle"
        )
    path = folder / stated.path
    try:
        content = b"" if path.is_dir() else path.read_bytes()
        found = folder_digest(path) if path.is_dir() else hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise ManifestInvalid(
            f"{where}: artifact.path: {stated.path!r} cannot be read ({error.strerror})"
        ) from error
    if found != stated.sha256:
        raise ManifestInvalid(
            f"{where}: artifact.sha256: the file has {found}, model.yaml says {stated.sha256}; "
            "fetch the right file, or state its digest if it was changed on purpose"
        )
    return content


def folder_digest(folder: Path) -> str:
    """SHA-256 of what `sha256sum` prints of every file below `folder`, in order of their names.

    What Python writes beside its sources (`__pycache__`) is left out. Raises OSError.
    """
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    lines = "".join(
        f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n"
        for name in sorted(files, key=str.encode)
    )
    return hashlib.sha256(lines.encode()).hexdigest()
