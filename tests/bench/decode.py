"""Time and memory from file to model input, beside pydicom.

    .venv/bin/python -m tests.bench.decode [--rounds N] [FILE ...]

For each film, in milliseconds (median of the rounds, which take turns):

floor    pydicom's dcmread and pixel_array: stored values, no window, no resize
peer     the floor, then apply_modality_lut, apply_voi_lut and an area resize of float64 to uint16
ours     open_upload and prepare: scan, contract, de-identification, decode, window, resize and
         an 8-bit display image

Peak memory is that of a fresh process that prepares the film once, less what it had after its
imports and with the file read (Linux only). FILE adds DICOM files of one's own, such as
RG1_J2KI.dcm of the corpus.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.table import print_table

REPOSITORY = Path(__file__).parents[2]
HEIGHT, WIDTH = 2500, 2000
SIZE = 224
SYNTAXES = {
    "uncompressed": "1.2.840.10008.1.2.1",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
}


def film(syntax: str) -> bytes:
    """A 2000 x 2500 phantom of 12 bits with some noise, as a DX file in `syntax`."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(0).normal(0, 20, (HEIGHT, WIDTH))
    pixels = (2000 + 1500 * np.sin(x / 300) * np.cos(y / 400) + noise).clip(0, 4095)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "DX"
    dataset.PatientID = "PHANTOM"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = HEIGHT, WIDTH, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.WindowCenter, dataset.WindowWidth = 2000, 3000
    dataset.PixelData = pixels.astype(np.uint16).tobytes()
    if syntax == SYNTAXES["JPEG lossless"]:
        return _gdcm_lossless(dataset)
    if syntax != SYNTAXES["uncompressed"]:
        dataset.compress(syntax)
    return _saved(dataset)


def _saved(dataset: Any) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _gdcm_lossless(dataset: Any) -> bytes:
    """pydicom writes no JPEG lossless; gdcm does."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.dcm"), Path(folder, "b.dcm")
        source.write_bytes(_saved(dataset))
        reader = gdcm.ImageReader()
        reader.SetFileName(str(source))
        reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise RuntimeError("gdcm could not write JPEG lossless")
        writer = gdcm.ImageWriter()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.SetFileName(str(target))
        writer.Write()
        return target.read_bytes()


def floor(data: bytes) -> Any:
    from pydicom import dcmread

    return dcmread(io.BytesIO(data)).pixel_array


def peer(data: bytes) -> Any:
    import cv2
    from pydicom import dcmread
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    dataset = dcmread(io.BytesIO(data))
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    low, high = shown.min(), shown.max()
    scaled = (shown.astype(np.float64) - low) / max(high - low, 1e-9)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        scaled = 1.0 - scaled
    resized = cv2.resize(scaled, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return (resized * 65535).astype(np.uint16)


def ours(data: bytes) -> Any:
    from tests.unit.imaging.models import model, prepared

    return prepared(data, model(SIZE, SIZE)).frame.pixels


WAYS: dict[str, Callable[[bytes], Any]] = {"floor": floor, "peer": peer, "ours": ours}


def measure(data: bytes, rounds: int) -> dict[str, float]:
    """Median milliseconds of each way; the first round warms up and is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds + 1):
        for name, way in WAYS.items():
            start = time.perf_counter()
            way(data)
            spent[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(times[1:]) for name, times in spent.items()}


def peak_mib(path: Path, name: str) -> float:
    """Peak resident memory of one run in a fresh process, over that before the run."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.decode", "--child", name, str(path)],
        capture_output=True,
        check=True,
        cwd=REPOSITORY,
    )
    return float(done.stdout)


def child(name: str, path: Path) -> None:
    import cv2  # noqa: F401
    import pydicom.pixels  # noqa: F401

    data = path.read_bytes()
    before = high_water_kib()
    WAYS[name](data)
    print((high_water_kib() - before) / 1024)


def high_water_kib() -> int:
    """Peak resident memory of this process (getrusage would count its parent's before exec)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [one for one in status.splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="decode, window and resize, beside pydicom")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--child", choices=list(WAYS))
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.child:
        child(options.child, options.files[0])
        return
    films = {name: film(syntax) for name, syntax in SYNTAXES.items()}
    films |= {path.name: path.read_bytes() for path in options.files}
    rows = []
    for name, data in films.items():
        times = measure(data, options.rounds)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "film.dcm")
            path.write_bytes(data)
            peaks = {way: peak_mib(path, way) for way in WAYS}
        rows.append(
            [
                name,
                *(f"{times[way]:.0f}" for way in WAYS),
                f"{times['ours'] / times['floor']:.2f}",
                f"{times['ours'] / times['peer']:.2f}",
                *(f"{peaks[way]:.0f}" for way in WAYS),
            ]
        )
    header = ["film", "floor ms", "peer ms", "ours ms", "ours / floor", "ours / peer"]
    print_table([*header, "floor MiB", "peer MiB", "ours MiB"], rows)


if __name__ == "__main__":
    main()
