"""A module as dropsight serves it: a plain class, which knows nothing of dropsight."""

from pathlib import Path

import cv2
import numpy as np


class BrightBlobs:
    """Boxes around what is brighter than the background by several times its noise."""

    def __init__(self, worker_index=0):
        # A module with a network would choose its GPU here: device = f"cuda:{worker_index}".
        self.worker_index = worker_index
        self.contrast = 5.0

    def inference_by_path(self, path):
        """[[(x, y, w, h), {label: probability}], ...] in pixels of the picture."""
        image = cv2.imread(str(Path(path)), cv2.IMREAD_GRAYSCALE).astype(np.float32)
        background = np.median(image)
        # 1.4826 times the median deviation is the standard deviation of a normal distribution.
        noise = max(1.0, 1.4826 * float(np.median(np.abs(image - background))))
        contrast = (image - background) / noise
        bright = (contrast > self.contrast).astype(np.uint8)
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(bright)
        print(f"worker {self.worker_index}: {count - 1} blobs, background {background:.0f}")
        found = []
        for number in range(1, count):  # 0 is the background
            x, y, width, height, _ = boxes[number]
            peak = float(contrast[labels == number].max())
            blob = peak / (peak + self.contrast)
            found.append([(x, y, width, height), {"blob": blob, "dust": 1 - blob}])
        return found
