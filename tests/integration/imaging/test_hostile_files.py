"""Files made to break a reader end in a refusal, and within bounds of memory.

Each runs in a process of its own, whose address space is capped.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from dropsight.imaging.dicom.tags import Tag
from tests.unit.imaging.dicom_bytes import (
    DEFLATED,
    FILM,
    RLE,
    data_set,
    dicom,
    element,
    film,
    fragments,
    raw_element,
    sequence,
)

pytestmark = pytest.mark.integration

MEMORY = 2 << 30
REPOSITORY = Path(__file__).parents[3]
CHILD = """
import json, resource, sys
from dropsight.domain.errors import PermanentError
from tests.unit.imaging.models import model, prepared
try:
    result = prepared(sys.stdin.buffer.read(), model(64, 64))
    answer = ["ok", str(result.frame.pixels.shape)]
except PermanentError as error:
    answer = [error.code, str(error)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([*answer, peak // 1024]))
"""


def nested_bomb(implicit: bool) -> bytes:
    """30 KB of sequences inside each other."""
    opened = struct.pack("<HH", 0x0009, 0x1001) + (
        struct.pack("<I", 0xFFFFFFFF) if implicit else struct.pack("<2sHI", b"SQ", 0, 0xFFFFFFFF)
    )
    return (opened + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)) * 1500


def deflate_bomb() -> bytes:
    """Some 780 KB that inflate to 800 MB of one private element."""
    engine = zlib.compressobj(9, wbits=-15)
    header = raw_element(0x00091001, "OB", b"", length=800_000_000)
    body = engine.compress(header)
    body += b"".join(engine.compress(bytes(8_000_000)) for _ in range(100))
    return dicom(body + engine.flush(), DEFLATED)


def rle_film(**changes: int) -> bytes:
    values: dict[int, Any] = {**FILM, Tag.PixelData: None}
    values |= {Tag[name]: value for name, value in changes.items()}
    return dicom(data_set(values) + fragments(b"\2" + b"\0" * 63 + b"\0" * 64), RLE)


def endless_palette() -> bytes:
    """Indirect segments that ask for 65535 copies of what came before, again and again."""
    table = struct.pack("<3H", 0, 1, 7) + struct.pack("<4H", 2, 65535, 0, 0) * 2000
    values = {
        **FILM,
        Tag.PhotometricInterpretation: "PALETTE COLOR",
        Tag.RedPaletteColorLookupTableDescriptor: [0, 0, 16],
        Tag.GreenPaletteColorLookupTableDescriptor: [0, 0, 16],
        Tag.BluePaletteColorLookupTableDescriptor: [0, 0, 16],
        Tag.SegmentedRedPaletteColorLookupTableData: table,
        Tag.SegmentedGreenPaletteColorLookupTableData: table,
        Tag.SegmentedBluePaletteColorLookupTableData: table,
    }
    return dicom(data_set(values))


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, content in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        parts.append(struct.pack(">I", len(content)) + kind + content)
        parts.append(struct.pack(">I", zlib.crc32(kind + content)))
    return b"".join(parts)


def png_text_bomb() -> bytes:
    """A compressed text that inflates to 400 MB, beside an image of one pixel."""
    text = b"Comment\0\0" + zlib.compress(bytes(400_000_000))
    return png(1, 1, (b"zTXt", text), (b"IDAT", zlib.compress(b"\0\0")))


def png_pixel_bomb() -> bytes:
    """100 Mpixel of black in 100 KB: within the budget, so it is decoded."""
    line = bytes(10_001)
    engine = zlib.compressobj(9)
    body = b"".join(engine.compress(line * 100) for _ in range(100)) + engine.flush()
    return png(10_000, 10_000, (b"IDAT", body))


HOSTILE = {
    "nested explicit sequences": (dicom(data_set({}, nested_bomb(False))), {"budget-exceeded"}),
    "nested implicit sequences": (
        dicom(data_set({}, nested_bomb(True), implicit=True), "1.2.840.10008.1.2"),
        {"budget-exceeded"},
    ),
    "deflate bomb": (deflate_bomb(), {"budget-exceeded"}),
    "65535 x 65535": (film({Tag.Rows: 65535, Tag.Columns: 65535}), {"budget-exceeded"}),
    "2147483647 frames": (film({Tag.NumberOfFrames: "2147483647"}), {"budget-exceeded"}),
    "RLE that declares more than it holds": (rle_film(Rows=9000, Columns=9000), {"malformed-file"}),
    "empty RLE": (
        dicom(data_set({**FILM, Tag.PixelData: None}) + fragments(), RLE),
        {"malformed-file"},
    ),
    "endless palette": (endless_palette(), {"malformed-file", "ok"}),
    "many items": (
        film(extra=raw_element(0x00091001, "SQ", b"\xfe\xff\x00\xe0\0\0\0\0" * 600_000)),
        {"budget-exceeded"},
    ),
    "LUT without data": (
        film(extra=sequence(Tag.VOILUTSequence, element(Tag.LUTDescriptor, [0, 0, 16]))),
        {"malformed-file"},
    ),
    "PNG text bomb": (png_text_bomb(), {"ok", "malformed-file"}),
    "PNG of 100 Mpixel": (png_pixel_bomb(), {"ok"}),
    "PNG of 4 Gpixel": (png(65535, 65535, (b"IDAT", b"")), {"budget-exceeded"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_within_two_gigabytes(name: str):
    data, expected = HOSTILE[name]
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=data,
        capture_output=True,
        cwd=REPOSITORY,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, 2 * MEMORY)),
    )
    assert child.returncode == 0, child.stderr.decode()
    code, sentence, peak_mib = json.loads(child.stdout)
    assert code in expected, sentence
    assert peak_mib < 2048
