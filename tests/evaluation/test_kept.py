"""Predictions are kept by all they depend on, and a damaged or unwritable folder costs time, never the run."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.kept import FORMAT, remembered

SCORES_N = np.arange(10.0)
SPLIT = np.arange(6), np.arange(6, 8), np.arange(8, 10)


class Counting:
    """A method that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
        self.asked += 1
        return test + 0.25


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


def test_asked_once_for_each_split(cache: FeatureCache) -> None:
    method = Counting()
    for _ in range(3):
        predicted_M = remembered(method, cache, SCORES_N, "name", np.ones(3))(*SPLIT)
        assert predicted_M.tolist() == [8.25, 9.25]
    assert method.asked == 1
    remembered(method, cache, SCORES_N, "name", np.ones(3))(SPLIT[0], SPLIT[2], SPLIT[1])
    assert method.asked == 2


def test_what_it_depends_on_makes_another(cache: FeatureCache) -> None:
    method = Counting()
    changed = SCORES_N.copy()
    changed[0] = 99
    remembered(method, cache, SCORES_N, "name", np.ones(3))(*SPLIT)
    remembered(method, cache, SCORES_N, "other", np.ones(3))(*SPLIT)
    remembered(method, cache, SCORES_N, "name", np.zeros(3))(*SPLIT)
    remembered(method, cache, changed, "name", np.ones(3))(*SPLIT)
    assert method.asked == 4
    unseen = SCORES_N.copy()
    unseen[9] = 99  # of a test image: nobody learns from it
    remembered(method, cache, unseen, "name", np.ones(3))(*SPLIT)
    assert method.asked == 4


@pytest.mark.parametrize("damage", [b"", b"no array", b"short"])
def test_a_damaged_file_is_computed_again(cache: FeatureCache, damage: bytes) -> None:
    method = Counting()
    remembered(method, cache, SCORES_N, "name")(*SPLIT)
    (file,) = (cache.folder.parent / FORMAT).iterdir()
    if damage == b"short":
        np.save(file, np.zeros(1))
    else:
        file.write_bytes(damage)
    assert remembered(method, cache, SCORES_N, "name")(*SPLIT).tolist() == [8.25, 9.25]
    assert method.asked == 2


def test_without_a_cache_nothing_is_kept() -> None:
    method = Counting()
    for _ in range(2):
        remembered(method, None, SCORES_N, "name")(*SPLIT)
    assert method.asked == 2


def test_a_folder_that_cannot_be_written_to_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = FeatureCache(tmp_path / "cache")
    with pytest.warns(UserWarning, match="predictions are not kept"):
        predicted_M = remembered(Counting(), cache, SCORES_N, "one")(*SPLIT)
    assert predicted_M.tolist() == [8.25, 9.25]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of each split of each method it would be many lines
        assert remembered(Counting(), cache, SCORES_N, "other")(*SPLIT).tolist() == [8.25, 9.25]
