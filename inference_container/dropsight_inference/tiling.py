"""A frame with `resize: tile` through the network: cut, run in batches, joined again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice

from dropsight.domain.frames import Frame, Pixels
from dropsight.domain.manifests import InputSpec, Manifest
from dropsight.domain.results import Finding
from dropsight.imaging.tiles import Grid, grid
from dropsight_inference.batching import Answer
from dropsight_inference.tasks.candidates import read_objects
from dropsight_inference.tasks.detection import decode, least_score, objects_of
from dropsight_inference.tasks.protocol import Read
from dropsight_inference.tasks.seams import Joined

Submit = Callable[[Sequence[Pixels]], list[Future[Answer]]]


@dataclass(frozen=True)
class Reading:
    """All frames of one upload. Times in ms."""

    read: Read
    waited_ms: float
    """Of the first tiles, from submission to the start of their batch."""
    forward_ms: float
    """This upload's share of the batches that its tiles were in, together."""
    read_ms: float
    """To join the tiles' boxes."""


@dataclass(frozen=True)
class _Piece:
    page: int
    number: int
    pixels: Pixels


def read_in_tiles(frame: Frame, manifest: Manifest, submit: Submit, at_once: int) -> Reading:
    """Findings of a detector over every tile of every page, in source pixels.

    `submit` queues tiles (height, width, channels) of the model's input size. Tiles go out
    `at_once` at a time, the next ones before the answers of the last ones are read.
    """
    height, width = frame.pixels.shape[1:3]
    tiles = grid(width, height, manifest.input)
    joined = [Joined(tiles) for _ in frame.pixels]
    least = least_score(manifest)
    waited = forward = spent = 0.0
    first = True
    for pieces, futures in _ahead(_pieces(frame, tiles), submit, at_once):
        answers = [future.result() for future in futures]
        started = time.perf_counter()
        for piece, answer in zip(pieces, answers, strict=True):
            boxes, scores = decode(answer.row, manifest, least)
            joined[piece.page].add(piece.number, boxes, scores)
            forward += answer.forward_ms / answer.batch
            waited = max(waited, answer.waited_ms) if first else waited
        spent += time.perf_counter() - started
        first = False
    started = time.perf_counter()
    read = read_objects(
        [objects_of(*one.objects(frame), manifest, frame) for one in joined], manifest
    )
    spent += time.perf_counter() - started
    return Reading(read, waited, forward, spent * 1000)


def tile_around(frame: Frame, found: Finding, spec: InputSpec) -> tuple[Frame, int, int]:
    """The part of the object's page that has the object in its middle, of a tile's size.

    A frame of one page that knows where it was cut from, as with `crop`; then its left and top edge
    in `frame`.
    """
    height, width = frame.pixels.shape[1:3]
    left, top, across, down = frame.content_box
    x, y, w, h = found.box or (0.0, 0.0, 0.0, 0.0)
    start_x = min(max(round(left + x + w / 2 - spec.width / 2), 0), width - spec.width)
    start_y = min(max(round(top + y + h / 2 - spec.height / 2), 0), height - spec.height)
    page = frame.pixels[found.frame : found.frame + 1]
    part = replace(
        frame,
        pixels=page[:, start_y : start_y + spec.height, start_x : start_x + spec.width],
        content_box=(left - start_x, top - start_y, across, down),
    )
    return part, start_x, start_y


def _pieces(frame: Frame, tiles: Grid) -> Iterator[_Piece]:
    """Views, no copies."""
    for page, pixels in enumerate(frame.pixels):
        for number in range(len(tiles)):
            left, top = tiles.start(number)
            right, bottom = left + tiles.tile_width, top + tiles.tile_height
            yield _Piece(page, number, pixels[top:bottom, left:right])


def _ahead(
    pieces: Iterator[_Piece], submit: Submit, at_once: int
) -> Iterator[tuple[list[_Piece], list[Future[Answer]]]]:
    """Groups of tiles with their futures, each given when the group after it has been queued."""
    waiting: tuple[list[_Piece], list[Future[Answer]]] | None = None
    while group := list(islice(pieces, at_once)):
        queued = submit([piece.pixels for piece in group])
        if waiting is not None:
            yield waiting
        waiting = group, queued
    if waiting is not None:
        yield waiting
