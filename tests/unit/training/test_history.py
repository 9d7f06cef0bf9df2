"""Early stopping and resuming, on numbers that can be checked on paper."""

import pytest

from training.kit.run import History

pytestmark = pytest.mark.unit


def test_an_epoch_is_best_when_nothing_before_it_was_as_good(tmp_path):
    history = History(tmp_path / "history.jsonl", "dev", "lower", patience=2)

    best = [history.add({"dev": value}) for value in (0.5, 0.3, 0.3, 0.4)]

    assert best == [True, True, False, False]
    assert history.best_epoch == 1
    assert history.is_stale


def test_higher_may_be_better(tmp_path):
    history = History(tmp_path / "history.jsonl", "map", "higher", patience=2)

    best = [history.add({"map": value}) for value in (0.5, 0.3, 0.6)]

    assert best == [True, False, True]
    assert not history.is_stale


def test_a_resumed_history_goes_on_where_it_was(tmp_path):
    path = tmp_path / "history.jsonl"
    before = History(path, "map", "higher", patience=2)
    before.add({"map": 0.7})
    before.add({"map": 0.6})

    history = History.resumed(path, "map", "higher", patience=2)

    assert history.add({"map": 0.65}) is False
    assert history.is_stale
