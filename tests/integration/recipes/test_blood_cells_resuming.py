"""A run of blood-cells that was cut off and resumed ends with the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the recipes need torch")
pytest.importorskip("tqdm", reason="the recipes need tqdm")

from training.blood_cells.data import Sample  # noqa: E402
from training.blood_cells.settings import PLATELETS, RBC, WBC, Phase, Recipe  # noqa: E402
from training.blood_cells.train import Training, train  # noqa: E402

pytestmark = pytest.mark.integration

SMALL = Recipe(
    width=128,
    height=128,
    phases=(Phase(1, 64, 64, 0.5, False), Phase(1, 128, 128, 0.0, True)),
    passes=2,
    batch=4,
    unlabelled_score=0.0,  # every guess of the young net is one to spare
)


class Silent:
    """In the place of MLflow."""

    def figures(self, figures: Mapping[str, float], epoch: int) -> None: ...


@pytest.fixture
def samples() -> list[Sample]:
    """Four frames of noise, with one object of each label."""
    random = np.random.default_rng(0)
    boxes = np.array([[8, 8, 40, 40], [50, 20, 110, 80], [20, 60, 34, 74]], np.float32)
    labels = np.array([RBC, WBC, PLATELETS])
    return [
        Sample(random.integers(0, 255, (128, 128, 3), np.uint8), boxes, labels) for _ in range(4)
    ]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(recipe: Recipe, samples: list[Sample], run: Path, resume: bool) -> Training:
    run.mkdir(exist_ok=True)
    training = Training(recipe, samples, samples[:2], run)
    if resume:
        training.restore()
    train(training, Silent())  # type: ignore[arg-type]
    return training


def test_a_resumed_run_ends_where_one_in_a_piece_ends(samples: list[Sample], tmp_path: Path):
    whole = trained(SMALL, samples, tmp_path / "whole", resume=False)

    # Cut off after the first epoch: patience of nothing ends a run there.
    first = trained(replace(SMALL, patience=0), samples, tmp_path / "cut", resume=False)
    assert first.epoch == 1
    rest = trained(SMALL, samples, tmp_path / "cut", resume=True)

    assert rest.epoch == whole.epoch == 2
    assert rest.history.entries == whole.history.entries
    for name, weights in whole.ema.module.state_dict().items():
        torch.testing.assert_close(rest.ema.module.state_dict()[name], weights, rtol=0, atol=0)
