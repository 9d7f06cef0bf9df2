"""Decode one encapsulated frame. One function for each family of transfer syntaxes.

Each imports its library when it is first called: a film in JPEG-LS does not pay for gdcm.
The choice of decoder is by speed on films where there is one: pyjpegls before gdcm for JPEG-LS,
OpenJPEG (pylibjpeg-openjpeg) for JPEG 2000 and HTJ2K, Pillow (libjpeg-turbo) for 8-bit JPEG and
gdcm for the 12-bit and lossless processes, pylibjpeg-rle for RLE.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dropsight.domain.errors import (
    BudgetExceeded,
    DropsightError,
    MalformedFile,
    UnsupportedEncoding,
)
from dropsight.imaging.codestream import Codestream, check_segments, parse_j2k, parse_jpeg
from dropsight.imaging.dicom import syntaxes
from dropsight.imaging.dicom.file import inflate
from dropsight.imaging.dicom.fragments import END_OF_IMAGE
from dropsight.imaging.dicom.image import YBR_CODESTREAM, ImageHeader
from dropsight.imaging.dicom.stored import Decoded, arrange, reinterpret

RUST_PANIC = "PanicException"
"""What pylibjpeg-rle raises where it indexes past a segment; no Exception, and not importable."""


@dataclass(frozen=True)
class Codec:
    name: str
    decode: Callable[[bytes, ImageHeader], Decoded]


def codec_for(syntax: str, header: ImageHeader) -> Codec:
    """The decoder for an encapsulated transfer syntax. Raises UnsupportedEncoding."""
    if syntax == syntaxes.RLE:
        return Codec("pylibjpeg-rle", _decode_rle)
    if syntax == syntaxes.DEFLATED_FRAME:
        return Codec("zlib", _decode_deflated)
    if syntax in syntaxes.JPEG_LS_ALL:
        return Codec("pyjpegls", _decode_jpeg_ls)
    if syntax in syntaxes.J2K_ALL:
        return Codec("pylibjpeg-openjpeg", _decode_j2k)
    if syntax in syntaxes.JPEG_DCT and header.bits_allocated == 8:
        return Codec("pillow", _decode_jpeg_8)
    if syntax in syntaxes.JPEG_DCT | syntaxes.JPEG_LOSSLESS_ALL:
        return Codec("gdcm", functools.partial(_decode_gdcm, syntax=syntax))
    raise UnsupportedEncoding(f"transfer syntax {syntax}: no decoder reads it")


def decode_frame(codec: Codec, source: bytes, header: ImageHeader) -> Decoded:
    """Decode one frame. Raises MalformedFile for whatever a decoder makes of damaged data."""
    try:
        return codec.decode(source, header)
    except DropsightError:
        raise
    except MemoryError as error:
        raise MalformedFile("a frame asks its decoder for more memory than there is") from error
    except BaseException as error:  # third-party decoders raise anything on damaged data
        if not isinstance(error, Exception) and type(error).__name__ != RUST_PANIC:
            raise
        raise MalformedFile(
            f"the {codec.name} decoder cannot read a frame ({type(error).__name__}); the pixel "
            "data is damaged, export the file again"
        ) from error


def _decode_rle(source: bytes, header: ImageHeader) -> Decoded:
    import rle  # noqa: PLC0415

    planes = rle.decode_pixel_data(
        source,
        version=2,
        rows=header.rows,
        columns=header.columns,
        bits_allocated=header.bits_allocated,
    )
    if header.bits_allocated == 1:  # comes back as one byte for each pixel
        header = replace(header, bits_allocated=8)
    return _shaped(planes, replace(header, planar=1))


def _decode_deflated(source: bytes, header: ImageHeader) -> Decoded:
    """Deflated Image Frame Compression (PS3.5 A.4.13): one native frame, deflated."""
    expected = -(-header.frame_bits // 8)
    try:
        raw = inflate(memoryview(source), expected + expected % 2)
    except BudgetExceeded as error:
        raise MalformedFile(
            f"a deflated frame holds more than the {expected} bytes that Rows, Columns and Bits "
            "Allocated ask for; the file is damaged, export it again"
        ) from error
    if header.bits_allocated == 1:
        raw = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little").tobytes()
        header = replace(header, bits_allocated=8)
    return _shaped(raw, header)


def _decode_jpeg_ls(source: bytes, header: ImageHeader) -> Decoded:
    import jpeg_ls  # noqa: PLC0415

    stream = parse_jpeg(source)
    _check_codestream(stream, header)
    if END_OF_IMAGE not in source[-16:]:
        # CharLS took 5 to 15 s of CPU on small truncated frames before it refused them.
        raise MalformedFile("an encoded frame has no JPEG-LS end of image (FFD9); it is truncated")
    buffer, info = jpeg_ls.decode_pixel_data(source)
    planar = 1 if info["interleave_mode"] == 0 else 0
    decoded = _shaped(buffer, replace(header, planar=planar), stream.precision)
    return replace(decoded, photometric=_jpeg_photometric(stream, header))


def _decode_j2k(source: bytes, header: ImageHeader) -> Decoded:
    import openjpeg  # noqa: PLC0415

    stream = parse_j2k(source)
    _check_codestream(stream, header)
    buffer = openjpeg.decode_pixel_data(source, version=2)
    decoded = _shaped(buffer, replace(header, planar=0, signed=stream.signed), stream.precision)
    if header.samples == 1 and stream.signed != header.signed:
        pixels = reinterpret(decoded.pixels, stream.precision, header.signed)
        decoded = replace(decoded, pixels=pixels)
    # OpenJPEG undoes the reversible and irreversible colour transforms.
    photometric = "RGB" if header.photometric in YBR_CODESTREAM else header.photometric
    return replace(decoded, photometric=photometric)


def _decode_jpeg_8(source: bytes, header: ImageHeader) -> Decoded:
    """8-bit JPEG by libjpeg. Three components come back as RGB."""
    from PIL import Image  # noqa: PLC0415

    stream = parse_jpeg(source)
    _check_codestream(stream, header)
    with Image.open(io.BytesIO(source), formats=["JPEG"]) as image:
        if header.samples == 1:
            pixels = np.asarray(image)
            return Decoded(pixels, header.photometric, 8)
        is_rgb = _jpeg_photometric(stream, header) == "RGB"
        marked = stream.adobe_transform is not None or stream.component_ids in (b"RGB", b"rgb")
        if is_rgb and not marked:
            # libjpeg takes unmarked components for YCbCr; asked for YCbCr it leaves them alone.
            image.draft("YCbCr", image.size)
        return Decoded(np.asarray(image), "RGB", 8)


def _decode_gdcm(source: bytes, header: ImageHeader, syntax: str) -> Decoded:
    """12-bit and lossless JPEG."""
    import gdcm  # noqa: PLC0415

    stream = parse_jpeg(source)
    _check_codestream(stream, header)
    check_segments(source)
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(source)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((header.columns, header.rows, 1))
    image.SetDataElement(element)
    photometric = gdcm.PhotometricInterpretation.GetPIType(header.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(photometric))
    if header.samples > 1:
        image.SetPlanarConfiguration(header.planar)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(
        gdcm.PixelFormat(
            header.samples,
            header.bits_allocated,
            header.bits_stored,
            header.bits_stored - 1,
            int(header.signed),
        )
    )
    # The Python binding returns char* as text.
    buffer = image.GetBuffer().encode("utf-8", "surrogateescape")
    return replace(_shaped(buffer, header), photometric=_jpeg_photometric(stream, header))


def _jpeg_photometric(stream: Codestream, header: ImageHeader) -> str:
    """Colour space of three JPEG components: the codestream knows better than the header."""
    if header.samples != 3:
        return header.photometric
    if stream.component_ids in (b"RGB", b"rgb") or stream.adobe_transform == 0:
        return "RGB"
    if stream.jfif or stream.adobe_transform == 1:
        return "YBR_FULL"
    return "RGB" if header.photometric == "RGB" else "YBR_FULL"


def _check_codestream(stream: Codestream, header: ImageHeader) -> None:
    found = (stream.width, stream.height, stream.components)
    declared = (header.columns, header.rows, header.samples)
    if found != declared:
        raise MalformedFile(
            "an encoded frame is {} x {} with {} components, Columns, Rows and Samples per Pixel "
            "say {} x {} with {}; export the file again".format(*found, *declared)
        )
    if stream.precision > header.bits_allocated:
        raise MalformedFile(
            f"an encoded frame has {stream.precision} bits in each sample, Bits Allocated says "
            f"{header.bits_allocated}"
        )


def _check_length(found: int, expected: int) -> None:
    if found < expected:
        raise MalformedFile(
            f"a decoded frame has {found} samples, {expected} are declared; the file is truncated"
        )


def _shaped(
    buffer: bytes | bytearray, header: ImageHeader, precision: int | None = None
) -> Decoded:
    """Little-endian samples as an array with the colour last.

    `precision` bits of a codestream choose the width of a sample in `buffer` and widen the sign.
    """
    bits = header.bits_allocated
    if precision is not None:
        bits = 8 if precision <= 8 else 16 if precision <= 16 else 32
    dtype = np.dtype(f"<{'i' if header.signed else 'u'}{bits // 8}")
    expected = header.rows * header.columns * header.samples
    _check_length(len(buffer) // dtype.itemsize, expected)
    samples = np.frombuffer(buffer, dtype, count=expected)
    pixels = arrange(samples, header)
    if precision is None:
        return Decoded(pixels, header.photometric, header.bits_stored)
    if header.signed and precision < bits:
        pixels = reinterpret(pixels, precision, signed=True)
    return Decoded(pixels, header.photometric, bits)
