"""Real DICOM files of many makers: the pixels of the reference, or a refusal with a code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import PermanentError
from dropsight.imaging.dicom.colour import ybr_to_rgb
from dropsight.imaging.dicom.file import read_file
from dropsight.imaging.dicom.image import read_image_header
from dropsight.imaging.dicom.pixels import iter_frames
from dropsight.imaging.dicom.stored import Decoded
from dropsight.settings import Budgets
from tests.integration.imaging.samples import rows
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.integration

ROWS = rows()
READ = [row for row in ROWS if row["decode"] == "ok"]
READ_HERE_ALONE = {
    "pydicom/JPEG-lossy.dcm",
    "pydicom/liver_deflate.dcm",
    "wg04/MR4_JPLY",
    # pydicom 3.0.2 drops the whole data set where the last delimiter is cut off
    "pydicom/emri_small_jpeg_2k_lossless_too_short.dcm",
}
"""Files that the reference could not decode and gdcm, zlib or our reader can."""


def stored_values(data: bytes) -> Any:
    """As pydicom's pixel_array: all frames, YBR_FULL as RGB."""
    file = read_file(data, Budgets())
    header = read_image_header(file, Budgets())
    frames = [_as_reference(frame) for frame in iter_frames(file, header)]
    array = np.stack(frames) if header.frames > 1 else frames[0]
    return array.astype(array.dtype.newbyteorder(">")) if file.dataset.big_endian else array


def _as_reference(frame: Decoded) -> Any:
    values = frame.values()
    return ybr_to_rgb(values) if frame.photometric.startswith("YBR_FULL") else values


def test_the_corpus_is_whole(corpus: Path):
    assert len(ROWS) == 121
    assert all((corpus / row["file"]).is_file() for row in ROWS)


@pytest.mark.parametrize("row", READ, ids=lambda row: row["file"])
def test_a_file_decodes_to_the_pixels_of_the_reference(corpus: Path, row: dict[str, str]):
    array = stored_values((corpus / row["file"]).read_bytes())
    assert "x".join(map(str, array.shape)) == row["shape"]
    if row["pixel_sha256_12"]:
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:12]
        assert digest == row["pixel_sha256_12"]
    elif row["photometric"].startswith("MONOCHROME"):
        assert abs(float(array.min()) - float(row["pixel_min"])) <= 2
        assert abs(float(array.max()) - float(row["pixel_max"])) <= 2


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_file_is_prepared_or_refused_with_a_sentence(corpus: Path, row: dict[str, str]):
    data = (corpus / row["file"]).read_bytes()
    if row["decode"] == "ok" or row["file"] in READ_HERE_ALONE:
        result = prepared(data, model(64, 64))
        assert result.frame.pixels.shape == (_frames(row, result), 64, 64, 1)
        assert result.frame.pixels.max() > 0
        return
    with pytest.raises(PermanentError) as refused:
        prepared(data, model(64, 64))
    assert refused.value.code in {"no-pixels", "malformed-file", "unrecognised-format"}
    assert len(str(refused.value)) > 20


def _frames(row: dict[str, str], result: Any) -> int:
    return int(row["frames"]) if row["frames"].isdigit() else len(result.display)


def test_twelve_bit_lossy_jpeg_is_near_its_uncompressed_original(corpus: Path):
    """The reference decoder refuses this file for a faulty scan header."""
    lossy = stored_values((corpus / "wg04/MR4_JPLY").read_bytes()).astype(int)
    plain = stored_values((corpus / "wg04/MR4_UNC").read_bytes()).astype(int)
    assert np.abs(lossy - plain).mean() < 5


@pytest.mark.parametrize("name", ["CT1", "NM1", "VL3", "MR4"])
def test_lossless_forms_of_one_image_hold_the_same_pixels(corpus: Path, name: str):
    digests = {
        path.name: hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
        for path in sorted((corpus / "wg04").glob(f"{name}_*"))
        if path.name.split("_")[1] in {"UNC", "J2KR", "JLSL", "JPLL", "RLE"}
        and (values := stored_values(path.read_bytes())) is not None
    }
    assert len(digests) > 1
    assert len(set(digests.values())) == 1, digests
