"""The net of bright-spots: its normalisation, its targets, and going on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.unit

torch = pytest.importorskip("torch", reason="the recipe needs torch")
pytest.importorskip("scipy", reason="the recipe needs scipy")
pytest.importorskip("tqdm", reason="the recipe needs tqdm")

from training.bright_spots.augment import stretched  # noqa: E402
from training.bright_spots.network import Candidates, Normalise  # noqa: E402
from training.bright_spots.settings import Recipe  # noqa: E402
from training.bright_spots.spots import Spot  # noqa: E402
from training.bright_spots.targets import target_maps  # noqa: E402
from training.bright_spots.train import Training  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the recipe trains; several threads wait for each other on a machine with other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def noise(level: float, spread: float, side: int = 64) -> Any:
    values = np.random.default_rng(1).normal(level, spread, (1, 1, side, side))
    return torch.from_numpy(values.astype(np.float32))


def test_normalised_noise_has_a_mean_of_zero_and_a_spread_of_one():
    normal = torch.sinh(Normalise()(noise(5000.0, 40.0, 256)))
    assert float(normal.mean()) == pytest.approx(0.0, abs=0.05)
    assert float(normal.std()) == pytest.approx(1.0, abs=0.05)


def test_offset_and_gain_change_nothing():
    plain = noise(1000.0, 20.0)
    plain[0, 0, 30:34, 30:34] += 300.0
    other = plain * 7.0 + 5000.0
    assert torch.allclose(Normalise()(plain), Normalise()(other), atol=0.02)


def test_a_bright_object_hardly_moves_the_background_beside_it():
    quiet = noise(1000.0, 20.0, 128)
    crowded = quiet.clone()
    crowded[0, 0, 40:60, 40:60] += 20_000.0
    away = torch.ones(128, 128, dtype=torch.bool)
    away[36:64, 36:64] = False
    moved = torch.sinh(Normalise()(crowded))[0, 0] - torch.sinh(Normalise()(quiet))[0, 0]
    assert float(moved[away].abs().mean()) < 0.3


def test_a_frame_of_one_value_gives_numbers():
    assert bool(torch.isfinite(Normalise()(torch.full((1, 1, 32, 32), 7.0))).all())


def test_the_stretch_of_training_is_that_of_the_pipeline():
    """uint16 over the full range, as `dropsight.imaging.windowing` does it."""
    from dropsight.imaging.windowing import FullRange, shades

    values = np.random.default_rng(2).integers(300, 900, (20, 20)).astype(np.uint16)
    assert np.array_equal(
        stretched(values.astype(np.float64)), shades(values, FullRange.of(values))
    )


def test_targets_of_two_points_that_touch_have_two_peaks():
    maps = target_maps([Spot(10.5, 10.5, 1.0), Spot(12.5, 10.5, 1.0)], 24, 24)
    chance = maps[0, 10]
    assert chance[10] == chance[12] == 1.0
    assert chance[11] < 0.5
    # Offsets lead from the middle of a pixel to the centre; the side is 5 widths.
    assert maps[1:3, 10, 10].tolist() == [0.0, 0.0]
    assert float(np.exp(maps[3, 10, 12])) == pytest.approx(5.0)


def test_only_peaks_are_candidates_and_they_are_in_pixels_of_the_input():
    def fixed(x: Any) -> Any:
        maps = torch.full((1, 4, 8, 8), -9.0)
        maps[0, 0, 3, 5], maps[0, 0, 3, 4], maps[0, 0, 6, 1] = 2.0, 1.0, 0.0
        maps[0, 1], maps[0, 2], maps[0, 3] = 0.25, -0.25, float(np.log(6.0))
        return maps

    table = Candidates(fixed, 8, 8)(torch.zeros(1, 1, 8, 8))
    assert table.shape == (1, 5, 16)
    found = table[0][:, table[0, 4] > 0.1].T
    expected = [[1.75, 6.25, 6.0, 6.0, 0.5], [5.75, 3.25, 6.0, 6.0, 0.8808]]
    assert torch.allclose(found[found[:, 0].argsort()], torch.tensor(expected), atol=1e-3)


def test_a_run_that_was_stopped_ends_where_a_whole_one_does(tmp_path: Path):
    recipe = replace(Recipe(), side=32, frames=4, batch=2, dev_frames=1, patience=9)

    class Silent:
        def figures(self, figures: object, epoch: int) -> None: ...

    whole = Training(recipe, tmp_path / "whole", 2)
    whole.run_all(Silent())  # type: ignore[arg-type]
    first = Training(recipe, tmp_path / "parts", 2)
    stop_after_one(first)
    with pytest.raises(KeyboardInterrupt):
        first.run_all(Silent())  # type: ignore[arg-type]
    second = Training(recipe, tmp_path / "parts", 2)
    second.restore()
    second.run_all(Silent())  # type: ignore[arg-type]
    assert len(second.history.entries) == 2
    for name, weight in whole.net.state_dict().items():
        assert torch.allclose(weight, second.net.state_dict()[name], atol=1e-5), name


def stop_after_one(training: Training) -> None:
    """Ctrl-C in the second epoch."""
    run_epoch = training.run_epoch

    def interrupted(epoch: int) -> dict[str, float]:
        if epoch == 1:
            raise KeyboardInterrupt
        return run_epoch(epoch)

    training.run_epoch = interrupted  # type: ignore[method-assign]
