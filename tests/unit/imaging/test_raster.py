"""Image files: depth is kept, orientation is undone, and size is known before decoding."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from dropsight.domain.errors import BudgetExceeded, MalformedFile, PermanentError
from dropsight.imaging.prepare import open_upload
from dropsight.imaging.raster.decode import oriented
from tests.unit.imaging.models import model, policy, prepared

pytestmark = pytest.mark.unit

GREY = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
RGB = np.stack([GREY, GREY + 1, GREY + 2], axis=-1)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def by_opencv(pixels: Any, suffix: str) -> bytes:
    done, buffer = cv2.imencode(suffix, pixels)
    assert done
    return buffer.tobytes()


def shown(data: bytes, channels: int = 1) -> Any:
    """The display image, after checking that the frame at the same size holds the same."""
    first = prepared(data, model(channels=channels)).display[0]
    height, width = first.shape[:2]
    result = prepared(data, model(width, height, channels))
    if result.frame.pixels.dtype == np.uint8 and channels == first.ndim:
        assert np.array_equal(result.frame.pixels[0], first.reshape(height, width, -1))
    return first


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_eight_bit_grey_is_used_as_it_is(kind: str):
    assert np.array_equal(shown(encoded(Image.fromarray(GREY), kind)), GREY)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_colour_is_rgb_and_not_bgr(kind: str):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(RGB), kind, **options)
    assert np.array_equal(shown(data, channels=3), RGB)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA"])
def test_png_of_every_mode_is_read(mode: str):
    data = encoded(Image.fromarray(RGB).convert(mode), "PNG")
    assert prepared(data).width == 6


def test_a_cmyk_jpeg_is_read():
    assert shown(encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG"), 3).shape == (4, 6, 3)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_are_not_cut_to_eight(suffix: str):
    """A ramp of 1,000 values that share their high byte in fours spans the whole range."""
    ramp = np.arange(1000, dtype=np.uint16).reshape(20, 50)
    result = prepared(by_opencv(ramp, suffix), model(50, 20))
    assert result.frame.pixels.dtype == np.uint16
    assert len(np.unique(result.frame.pixels)) > 980
    steps = {step.step: step.parameters for step in result.frame.provenance}
    assert steps["voi"]["function"] == "PERCENTILE"


def test_floating_point_tiff_with_nan_is_read():
    values = np.linspace(-5.0, 5.0, 24, dtype=np.float32).reshape(4, 6)
    values[0, 0] = np.nan
    picture = shown(by_opencv(values, ".tiff"))
    assert picture[0, 0] == 0
    assert picture[-1, -1] == 255


def test_every_page_of_a_tiff_is_a_frame():
    pages = [Image.fromarray(GREY + index) for index in range(3)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    result = prepared(data, model(6, 4))
    assert [int(page[0, 0, 0]) for page in result.frame.pixels] == [0, 1, 2]


def test_a_preview_page_of_another_size_is_left_out():
    pages = [Image.fromarray(GREY), Image.fromarray(GREY[:2]), Image.fromarray(GREY + 5)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    result = prepared(data, model(6, 4))
    assert [int(page[0, 0, 0]) for page in result.frame.pixels] == [0, 5]
    assert result.frame.provenance[0].parameters["skippedPages"] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_are_turned_the_way_people_see_them(kind: str, orientation: int):
    scene = np.zeros((32, 64), np.uint8)
    scene[:16, :16] = 255  # one bright corner
    exif = Image.Exif()
    exif[274] = orientation
    stored = _stored_as(scene, orientation)
    data = encoded(Image.fromarray(stored).convert("RGB"), kind, exif=exif)
    assert open_upload(data, policy()).size == (64, 32)
    seen = shown(data, channels=3)[..., 0]
    assert (seen.astype(int) - scene).__abs__().max() < 40


def _stored_as(scene: Any, orientation: int) -> Any:
    """What a camera in this orientation stores: the array that `oriented` turns into `scene`."""
    candidates = [turn for k in range(4) for turn in (np.rot90(scene, k), np.rot90(scene.T, k))]
    (found,) = [
        one
        for one in {c.tobytes() + bytes(c.shape): c for c in candidates}.values()
        if oriented(one, orientation).shape == scene.shape
        and np.array_equal(oriented(one, orientation), scene)
    ]
    return np.ascontiguousarray(found)


def test_exif_orientation_six_turns_clockwise():
    """EXIF 6: the first row is the right side as seen. [[1, 2]] becomes a column 1, 2."""
    assert oriented(np.array([[1, 2], [3, 4]]), 6).tolist() == [[3, 1], [4, 2]]
    assert oriented(np.array([[1, 2], [3, 4]]), 8).tolist() == [[2, 4], [1, 3]]
    assert oriented(np.array([[1, 2], [3, 4]]), 3).tolist() == [[4, 3], [2, 1]]


def test_a_file_that_declares_a_huge_picture_is_refused_before_decoding():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    png += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IEND\xaeB`\x82"
    with pytest.raises(BudgetExceeded, match="60000 x 60000"):
        open_upload(png, policy())


def test_a_tiff_with_more_pages_than_the_budget_is_refused():
    pages = [Image.fromarray(GREY)] * 4
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(BudgetExceeded, match="more than 3 pages"):
        open_upload(data, policy(frames=3))


def test_a_tiff_whose_directories_form_a_ring_ends():
    """One directory of no entry that fits, whose next directory is itself."""
    entries = struct.pack("<HHII", 256, 3, 1, 1) + struct.pack("<HHII", 257, 3, 1, 1)
    ring = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2) + entries + struct.pack("<I", 8)
    assert open_upload(ring, policy()).size == (1, 1)


def test_a_png_chunk_longer_than_the_file_is_refused():
    data = bytearray(encoded(Image.fromarray(GREY), "PNG"))
    at = data.index(b"IDAT") - 4
    data[at : at + 4] = struct.pack(">I", 0x69000000)
    with pytest.raises(MalformedFile, match="PNG chunk"):
        open_upload(bytes(data), policy())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_a_truncated_picture_is_refused_or_read_but_never_breaks(kind: str):
    whole = encoded(Image.fromarray(RGB), kind)
    for length in range(1, len(whole), 7):
        with contextlib.suppress(PermanentError):
            prepared(whole[:length])


def test_no_text_of_a_picture_comes_out():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "DOE JANE")
    exif = Image.Exif()
    exif[270] = "DOE JANE"  # ImageDescription
    files = [
        encoded(Image.fromarray(RGB), "PNG", pnginfo=notes),
        encoded(Image.fromarray(RGB), "JPEG", exif=exif, comment=b"DOE JANE"),
        encoded(Image.fromarray(RGB), "TIFF", tiffinfo={270: "DOE JANE"}),
    ]
    for data in files:
        assert b"DOE" in data
        result = prepared(data)
        assert b"DOE" not in result.frame.to_bytes() + repr(result).encode()
        assert result.study is None
