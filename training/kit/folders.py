"""Where data is read from and where runs and bundles are written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def data_folder(name: str) -> Path:
    """The data set `name` below `DROPSIGHT_DATA` (default: `shared/data` beside the repository).

    Ends the program with a sentence where the folder is missing.
    """
    root = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (root / name).is_dir():
        sys.exit(f"found no folder {root / name}; set DROPSIGHT_DATA to the folder above {name}")
    return root / name


def run_folder(recipe: str) -> Path:
    """Checkpoints and figures of the recipe's runs: `training/runs/<recipe>`, not committed."""
    return REPOSITORY / "training" / "runs" / recipe


def bundle_folder(model: str) -> Path:
    """`models/<model>`."""
    return REPOSITORY / "models" / model
