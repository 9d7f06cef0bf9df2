"""One container with a bundle for torch and one for TensorFlow, loaded in either order."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements_check import require

pytestmark = pytest.mark.unit

SCRIPT = """
import sys
from pathlib import Path
from dropsight_inference.runtimes import import_runtime
for runtime in sys.argv[2:]:
    import_runtime(runtime)
import numpy as np
from dropsight_inference.bundle import load_models
from tests.keras_bundle import corners, write_keras_bundle
from tests.torch_bundle import Corners, program_bytes, write_torch_bundle
write_keras_bundle(Path(sys.argv[1]) / "a", corners())
write_torch_bundle(Path(sys.argv[1]) / "b", program_bytes(Corners()))
models = load_models(Path(sys.argv[1]), 1)
print(models["a"].runtime.forward(np.ones((1, 4, 4, 1), np.float32)).logits.tolist())
print(models["b"].runtime.forward(np.ones((1, 1, 4, 4), np.float32)).logits.tolist())
"""


@pytest.mark.parametrize("order", [("tensorflow", "torch"), ("torch", "tensorflow")])
def test_both_answer_in_one_process(tmp_path: Path, order: tuple[str, str]) -> None:
    for name in order:
        require(
            importlib.util.find_spec(name), f"{name} is not installed (requirements/runtimes.txt)"
        )

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), *order],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-2:] == ["[[12.0, -4.0]]", "[[12.0, -4.0]]"]
