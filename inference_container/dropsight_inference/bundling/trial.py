"""Load a bundle as the container does, and run it once on a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dropsight.domain.errors import MalformedFile
from dropsight.domain.results import Finding
from dropsight.domain.suppression import shown
from dropsight.imaging.png import encode_png
from dropsight.imaging.prepare import ImagingPolicy, open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import ReadsPictures

STRONGEST = 10
"""Findings that are told."""
POLICY = ImagingPolicy(b"nothing of this run is kept")


def try_bundle(folder: Path, picture: Path | None) -> Iterator[str]:
    """Sentences, as the steps succeed; a DropsightError is the sentence on what is wrong.

    Without a picture the model is run on grey ones.
    """
    model = load_model(folder)
    manifest = model.manifest
    yield f"{manifest.name} {manifest.version}: {manifest.task} by {manifest.runtime}, loaded"
    engine = Engine({manifest.name: model}, batch_size=2, batch_wait_ms=1.0, metrics=Metrics())
    try:
        engine.warm_up()
        yield "a pass over grey images gave what model.yaml says"
        if picture is None:
            yield "to see what it finds: dropsight models check FOLDER PICTURE"
            return
        try:
            data = picture.read_bytes()
        except OSError as error:
            raise MalformedFile(f"{picture}: cannot be read ({error.strerror})") from error
        prepared = prepare(open_upload(data, POLICY), manifest, POLICY)
        if isinstance(model.runtime, ReadsPictures):
            found = engine.predict_pictures(
                manifest.name, [encode_png(one) for one in prepared.display]
            )
        else:
            found = engine.predict(manifest.name, prepared.frame)
        spec = manifest.input
        yield (
            f"{picture.name}: {prepared.format}, {prepared.width} x {prepared.height}, as "
            f"{spec.width} x {spec.height} ({spec.resize})"
        )
        yield from _told(found.findings, manifest.candidates.iou)
    finally:
        engine.close()


def _told(findings: list[Finding], iou: float) -> Iterator[str]:
    objects = [finding for finding in findings if finding.box is not None]
    if not findings or objects:
        positive = sum(bool(finding.positive) for finding in objects)
        yield f"{len(objects)} candidates, {positive} at or above the threshold of their label"
        findings = [objects[at] for at in shown(objects, 0.0, iou)]
    strongest = sorted(findings, key=lambda one: -one.probability)[:STRONGEST]
    for one in strongest:
        place = "" if one.box is None else f"  at {', '.join(f'{side:.1f}' for side in one.box)}"
        frame = f"  frame {one.frame}" if one.frame else ""
        mark = "positive" if one.positive else ""
        yield f"  {one.probability:.4f}  {one.label}{place}{frame}  {mark}".rstrip()
    if len(findings) > STRONGEST:
        yield f"  and {len(findings) - STRONGEST} weaker ones"
