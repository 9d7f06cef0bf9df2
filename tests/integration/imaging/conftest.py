"""Unpacks the sample corpus once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.integration.imaging.samples import ARCHIVE


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not ARCHIVE.exists():
        pytest.skip(f"the DICOM sample corpus is absent ({ARCHIVE.name}); set DROPSIGHT_DATA")
    folder = tmp_path_factory.mktemp("dicom_samples")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder
