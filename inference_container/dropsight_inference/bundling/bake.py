"""Bundles for an image: chosen, complete, and each of them loaded once.

What is in a bucket or in MLflow is fetched now, so that the container that starts from the image
fetches nothing, and what is wrong with a bundle fails the build and not the start.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import load_manifest
from dropsight_inference.bundle import load_model
from dropsight_inference.runtimes import runtime_missing


def bake(source: Path, into: Path, artifacts: Path, names: Sequence[str]) -> Iterator[str]:
    """Copy bundles below `source` to `into`, as sentences while the steps succeed.

    `names`: of the models; empty: every bundle whose runtime is installed here. `artifacts`
    becomes the container's DROPSIGHT_MODEL_CACHE, with all artifacts that are not files of their
    bundle. Raises ManifestInvalid, BackendUnavailable.
    """
    bundles = {load_manifest(at.parent).name: at.parent for at in source.glob("*/model.yaml")}
    if unknown := sorted(set(names) - bundles.keys()):
        raise ManifestInvalid(
            f"BUNDLES: found {unknown[0]!r}; legal are {', '.join(sorted(bundles)) or 'none'}"
        )
    into.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    baked = 0
    for name, folder in sorted(bundles.items()):
        missing = runtime_missing(load_manifest(folder).runtime)
        if name in names and missing:
            raise ManifestInvalid(
                f"BUNDLES: {name}: {missing}, or build with other REQUIREMENTS (of requirements/)"
            )
        if (names and name not in names) or missing:
            yield f"{name}: left out{f' ({missing})' if missing else ''}"
            continue
        copy = into / folder.name
        shutil.copytree(folder, copy)
        model = load_model(copy, cache=artifacts)
        model.runtime.close()
        yield f"{name} {model.manifest.version}: {model.manifest.runtime}, loaded, in {copy}"
        baked += 1
    if not baked:
        raise ManifestInvalid(f"{source}: no bundle can be served by what is installed here")
