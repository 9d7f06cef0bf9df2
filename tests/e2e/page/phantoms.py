"""Pictures to look at, made of numbers: a slice of a chest in Hounsfield units and others."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_SIDE = 256
NODULE = (162, 107)
"""(x, y) of the middle of a nodule of 60 HU in `ct_slice`, in pixels."""


def ct_slice() -> bytes:
    """256 x 256, 16 bits signed, rescaled by 1 and -1024; air is -1000 HU, water 0, bone 700."""
    y, x = np.mgrid[0:CT_SIDE, 0:CT_SIDE].astype(np.float64)
    values = np.full((CT_SIDE, CT_SIDE), -1000.0)
    values[_ellipse(x, y, 128, 132, 112, 88)] = -90
    values[_ellipse(x, y, 128, 132, 102, 78)] = 45
    for side in (-1, 1):
        values[_ellipse(x, y, 128 + side * 48, 124, 36, 56)] = -820
        values[_ellipse(x, y, 128 + side * 92, 140, 5, 24)] = 500
    values[_ellipse(x, y, 118, 132, 26, 30)] = 55
    values[_ellipse(x, y, 128, 190, 17, 13)] = 700
    values[_ellipse(x, y, 128, 190, 9, 6)] = 250
    values[_ellipse(x, y, *NODULE, 9, 9)] = 60
    values[_ellipse(x, y, 80, 144, 5, 5)] = -200
    random = np.random.default_rng(1)
    values += cv2.GaussianBlur(random.normal(0, 24, values.shape), (0, 0), 0.8)
    values[NODULE[1], NODULE[0]] = 64.0
    dataset = _image(np.round(values).astype(np.int16) + 1024, "CT", "MONOCHROME2")
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    dataset.WindowCenter, dataset.WindowWidth = [40, -500], [400, 1500]
    return _saved(dataset)


def film(photometric: str) -> bytes:
    """A radiograph of 12 bits; in MONOCHROME1 the same picture with high values for black."""
    y, x = np.mgrid[0:256, 0:224].astype(np.float64)
    light = 900 + 1400 * np.exp(-(((x - 112) / 26) ** 2)) + 500 * np.cos(y / 11) ** 8
    for side in (-1, 1):
        light[_ellipse(x, y, 112 + side * 52, 120, 38, 78)] *= 0.55
    light += np.random.default_rng(2).normal(0, 25, light.shape)
    stored = np.clip(light, 0, 4095).astype(np.uint16)
    if photometric == "MONOCHROME1":
        stored = 4095 - stored
    dataset = _image(stored, "DX", photometric)
    dataset.BitsStored, dataset.HighBit = 12, 11
    is_low = photometric == "MONOCHROME1"
    dataset.WindowCenter, dataset.WindowWidth = (2695 if is_low else 1400), 2400
    return _saved(dataset)


FRAMES = 8


def cine() -> bytes:
    """A TIFF of eight 16-bit pages on which a bright spot goes its way over a dark ground."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[0:64, 0:64].astype(np.float64)
    pages = []
    for number in range(FRAMES):
        away = np.hypot(x - (10 + 6 * number), y - (20 + 3 * number))
        page = 1000 + 30_000 * np.exp(-((away / 5) ** 2)) + random.normal(0, 300, x.shape)
        pages.append(np.clip(page, 0, 65535).astype(np.uint16))
    return bytes(cv2.imencodemulti(".tiff", pages)[1])


def steel() -> bytes:
    """A grey PNG of 256 x 256 with streaks, as brushed metal has."""
    random = np.random.default_rng(4)
    streaks = cv2.GaussianBlur(random.normal(0, 60, (256, 256)), (0, 0), 9, sigmaY=0.6)
    return bytes(cv2.imencode(".png", np.clip(128 + streaks * 3, 0, 255).astype(np.uint8))[1])


def _ellipse(x: Any, y: Any, left: int, top: int, wide: int, high: int) -> npt.NDArray[np.bool_]:
    """Inside of an ellipse by its middle and half axes."""
    inside: npt.NDArray[np.bool_] = ((x - left) / wide) ** 2 + ((y - top) / high) ** 2 < 1
    return inside


def _image(pixels: npt.NDArray[Any], modality: str, photometric: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[modality, photometric])
    dataset.Modality, dataset.PatientID, dataset.BodyPartExamined = modality, "PHANTOM", "CHEST"
    dataset.ViewPosition = "PA"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, photometric
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    return dataset


def _saved(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
