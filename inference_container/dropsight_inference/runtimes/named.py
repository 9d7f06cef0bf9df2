"""Code that model.yaml names: `package.module:name`, or `file.py:name` beside model.yaml."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from dropsight.domain.errors import ManifestInvalid


def load_named(reference: str, folder: Path, field: str) -> Callable[..., Any]:
    """The callable that `reference` names. `field` is said in errors: "<path>: <field>".

    Raises ManifestInvalid. What the code itself raises while it is imported is told as well.
    """
    module_name, colon, name = reference.partition(":")
    if not colon or not module_name or not name:
        raise ManifestInvalid(
            f"{field}: found {reference!r}; legal is package.module:name, or file.py:name for a "
            "file beside model.yaml"
        )
    try:
        module = (
            _from_file(folder / module_name)
            if module_name.endswith(".py")
            else importlib.import_module(module_name)
        )
    except Exception as error:
        raise ManifestInvalid(
            f"{field}: {module_name!r} cannot be imported ({type(error).__name__}: {error}); "
            "install its package, or put the file beside model.yaml"
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise ManifestInvalid(f"{field}: {module_name!r} has no class or function {name!r}")
    return found  # type: ignore[no-any-return]  # any callable will do


def _from_file(path: Path) -> ModuleType:
    """Under a name made of its path: two bundles may both have a `network.py`."""
    name = f"dropsight_bundle_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class up by its module
    spec.loader.exec_module(module)
    return module
