"""The colours of importance."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def color_table() -> npt.NDArray[np.uint8]:
    """The colour map inferno, uint8 (256, 3) in OpenCV's order BGR.

    Perceptually uniform: equal steps of importance look equally large, in grey too. Its dark end
    stays invisible on a radiograph and its bright end is yellow, which no radiograph contains.
    """
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    table: npt.NDArray[np.uint8] = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0]
    return table
