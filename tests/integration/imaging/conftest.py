"""Unpacks the sample corpus once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.integration.imaging.samples import ARCHIVE
from tests.requirements_check import require


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require(ARCHIVE.exists(), f"the DICOM sample corpus, {ARCHIVE.name}; set DROPSIGHT_DATA")
    folder = tmp_path_factory.mktemp("dicom_samples")
    with tarfile.open(ARCHIVE) as archive:
        # Member by member: `extractall(filter=…)` is not in every Python 3.11.
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    return folder
