"""What `dropsight plan --measure` times a model on where nobody names a file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import cv2

from dropsight.cli.samples.catalogue import SPOTS
from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.microscope import spot_frame
from dropsight.cli.samples.phantom import FULL_SCALE, draw_chest
from dropsight.domain.manifests import Manifest, load_manifests

SEED = 7


def write_measured(models: Path, folder: Path, named: Collection[str]) -> dict[str, Path]:
    """A file for each model below `models` that is not in `named`, by model.

    Chest films for models that take them, the microscope frame for the one that finds spots, and
    for others the phantom in the size of the model's input: a forward pass takes as long, whatever
    the picture shows, but an object detector finds nothing on it, and so draws nothing.
    """
    return {
        name: _write(manifest, folder)
        for name, manifest in load_manifests(models).items()
        if name not in named
    }


def _write(manifest: Manifest, folder: Path) -> Path:
    if manifest.name == SPOTS:
        path = folder / "spots.tif"
        path.write_bytes(spot_frame())
    elif "dicom" in manifest.accepts.formats:
        path = folder / "phantom-film.dcm"
        path.write_bytes(chest_film(draw_chest(SEED)))
    else:
        path = folder / f"phantom-{manifest.name}.png"
        size = (manifest.input.width, manifest.input.height)
        grey = (draw_chest(SEED) * (255.0 / FULL_SCALE)).clip(0, 255).astype("uint8")
        cv2.imwrite(str(path), cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    return path
