"""The DICOM sample corpus, where it is present."""

from __future__ import annotations

import csv
import os
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
FOLDER = (
    Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data")) / "dicom_samples"
)
ARCHIVE = FOLDER / "dicom_samples.tar.xz"


def rows() -> list[dict[str, str]]:
    """Lines of manifest.csv; none where the corpus is absent."""
    manifest = FOLDER / "manifest.csv"
    if not manifest.exists():
        return []
    with manifest.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
