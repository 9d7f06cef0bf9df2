"""What the numbers of a network mean. One module for each value of `task` in model.yaml.

A task module has `scores(logits, manifest) -> Scores` for explanations, and
`findings(logits, manifest, frame) -> list[Finding]` for the result document. `module` has findings
alone, of objects: it knows no logits.
"""

from __future__ import annotations

from types import ModuleType

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest
from dropsight_inference.tasks import classification, module

TASKS: dict[str, ModuleType] = {"classification": classification, "module": module}


def check_task(manifest: Manifest, where: str) -> None:
    """Raises ManifestInvalid for a task that this container does not serve."""
    if manifest.task not in TASKS:
        raise ManifestInvalid(
            f"{where}: task: found {manifest.task!r}; this container serves "
            f"{', '.join(sorted(TASKS))}"
        )
