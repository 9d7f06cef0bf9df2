"""Which bundles the container on this machine can serve."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from dropsight.domain.manifests import Manifest, RuntimeName

NEEDS: Mapping[RuntimeName, tuple[str, str]] = {
    "onnx": ("onnxruntime", "dropsight-inference"),
    "tensorflow": ("tensorflow", "dropsight-inference[tensorflow]"),
    "torch": ("torch", "dropsight-inference[torch]"),
}
"""By runtime: the package that it imports, and what to install for it."""


def not_servable(models: Mapping[str, Manifest], serve: str = "") -> dict[str, str]:
    """The models that the container here will leave out, by name, and why.

    Packages are looked for and not imported, so this is quick; the container itself tries.
    serve: as `Settings.serve`. What it names is not left out: the container fails without it.
    """
    named = {name.strip() for name in serve.split(",") if name.strip()}
    if named:
        others = f"DROPSIGHT_SERVE names {', '.join(sorted(named))}"
        return {name: others for name in models if name not in named}
    missing = {name: _missing(manifest.runtime) for name, manifest in models.items()}
    return {name: reason for name, reason in missing.items() if reason is not None}


def _missing(runtime: RuntimeName) -> str | None:
    if runtime not in NEEDS:
        return None
    package, install = NEEDS[runtime]
    if importlib.util.find_spec(package) is not None:
        return None
    return f"runtime {runtime} is not installed; pip install '{install}'"
