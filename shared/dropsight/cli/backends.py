"""The backend that a command works on: the laptop's root, or the cloud if the settings say so."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dropsight.cli import options as common
from dropsight.settings import Settings

if TYPE_CHECKING:
    from dropsight.adapters.backend import Backend


def opened(options: argparse.Namespace) -> tuple[Settings, Backend]:
    """With DROPSIGHT_BACKEND=gcp as whoever is signed in (application default credentials).

    Raises NotFound where nobody ever served the root.
    """
    from dropsight.adapters.backend import open_backend
    from dropsight.cli.store import open_store

    settings = common.settings_of(options)
    if settings.backend != "gcp":
        settings = common.existing_root(options)
        open_store(settings).subscribe()
    return settings, open_backend(settings)
