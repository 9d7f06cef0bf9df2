"""What the numbers of a network mean. One module for each value of `task` in model.yaml.

`module` stands apart: a user's class gives objects of pictures, no numbers of a network.
"""

from __future__ import annotations

from dropsight_inference.tasks import classification, detection, segmentation
from dropsight_inference.tasks.protocol import ObjectTask, Task

TASKS: dict[str, Task] = {
    "classification": classification,
    "detection": detection,
    "segmentation": segmentation,
}
"""Of networks. See `module.findings` for task `module`."""
OBJECT_TASKS: dict[str, ObjectTask] = {"detection": detection, "segmentation": segmentation}
"""Those whose objects can be explained one by one."""
