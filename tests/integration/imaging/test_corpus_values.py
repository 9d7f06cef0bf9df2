"""Values of real DICOM files: through their first window they are the 8-bit picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.imaging.prepare import open_upload, prepare
from dropsight.imaging.values import FrameValues
from dropsight.imaging.windowing import VoiWindow
from tests.integration.imaging.samples import rows
from tests.unit.imaging.models import model, policy

pytestmark = pytest.mark.integration

READ = [row["file"] for row in rows() if row["decode"] == "ok"]


def through_the_first_window(found: FrameValues) -> npt.NDArray[np.float64]:
    """0 to 255, as a viewer draws it."""
    meaning = found.meaning
    window = meaning.windows[0]
    assert window.function != "LUT"
    values = found.levels.astype(np.float64) * meaning.slope + meaning.intercept
    shares = VoiWindow(window.center, window.width, window.function)(values).clip(0, 1)
    if meaning.invert:
        shares = 1 - shares
    if meaning.padding_low is not None and meaning.padding_high is not None:
        padded = (found.levels >= meaning.padding_low) & (found.levels <= meaning.padding_high)
        shares[padded] = 0
    return shares * 255


@pytest.mark.parametrize("name", READ)
def test_the_values_are_those_of_the_picture(corpus: Path, name: str):
    chosen = policy(burned_in="allow")
    upload = open_upload((corpus / name).read_bytes(), chosen)
    made = prepare(upload, model(8, 8), chosen, keep_values=True)

    for display, found in zip(made.display, made.values, strict=True):
        if found is None or found.meaning.windows[0].function == "LUT":
            continue
        # The picture is cut to 8 bits, so it is up to one shade darker.
        assert np.abs(through_the_first_window(found) - display).max() <= 1
