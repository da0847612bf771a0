"""Bias by category: a model made to flatter one category is found out, one that is merely noisy is not."""

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.bias import bootstrap_mean, by_category, in_points
from contrique.evaluation.correlation import srocc


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of SROCC only: the error's decide what is biased."""
    monkeypatch.setattr("contrique.evaluation.bias.SROCC_RESAMPLES", 39)


def made(flattery: float, *, seed: int = 0, images: int = 400) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Predictions, ratings and a category of a quarter of the images, which are predicted too high."""
    rng = np.random.default_rng(seed)
    rated_N = rng.uniform(0, 100, images)
    special_N = np.arange(images) % 4 == 0
    return rated_N + 5 * rng.standard_normal(images) + flattery * special_N, rated_N, ["ab"[not s] for s in special_N]


def test_a_flattered_category_is_found() -> None:
    predicted_N, rated_N, labels = made(4.0)
    large, small = by_category(predicted_N, rated_N, np.arange(400), {"kind": labels})
    assert (large["category"], large["images"], small["category"], small["images"]) == ("b", 300, "a", 100)
    assert (large["biased"], small["biased"]) == (False, True)
    assert small["error"] == pytest.approx(4, abs=1.5)
    assert 0 < small["error_low"] < small["error"] < small["error_high"]
    keep_N = np.array(labels) == "a"
    assert small["srocc"] == pytest.approx(srocc(predicted_N[keep_N], rated_N[keep_N]), abs=1e-4)
    assert small["srocc_low"] < small["srocc"] < small["srocc_high"] <= 1


def test_noise_alone_is_no_bias() -> None:
    found = []
    for seed in range(4):
        predicted_N, rated_N, labels = made(0.0, seed=seed)
        found += [row["biased"] for row in by_category(predicted_N, rated_N, np.arange(400), {"kind": labels})]
    assert sum(found) <= 1  # four tables, each wrong one time in twenty


def test_intervals_know_that_images_of_a_group_are_alike() -> None:
    values_N = np.repeat(np.random.default_rng(0).standard_normal(40), 25)
    alone = bootstrap_mean(values_N, np.arange(1000)).std()
    together = bootstrap_mean(values_N, np.repeat(np.arange(40), 25)).std()
    assert together == pytest.approx(5 * alone, rel=0.1)
    assert alone == pytest.approx(values_N.std() / np.sqrt(1000), rel=0.05)


def test_small_categories_have_counts_only_and_single_ones_no_row() -> None:
    predicted_N, rated_N, _ = made(0.0)
    labels = ["rare"] * 19 + ["usual"] * 381
    rows = by_category(predicted_N, rated_N, np.arange(400), {"kind": labels, "same": ["x"] * 400})
    assert [(row["property"], row["category"]) for row in rows] == [("kind", "usual"), ("kind", "rare")]
    assert (rows[1]["images"], rows[1]["error"], rows[1]["biased"]) == (19, None, None)
    few_groups = by_category(predicted_N, rated_N, np.arange(400) // 100, {"kind": labels})
    assert few_groups[0]["srocc"] is None


def test_ratings_that_are_all_the_same_within_a_category() -> None:
    rated_N = np.repeat([50.0, 60.0], 30)
    rows = by_category(rated_N + np.arange(60) % 7, rated_N, np.arange(60), {"kind": ["a"] * 30 + ["b"] * 30})
    assert rows[0]["srocc"] is None
    assert rows[0]["error"] > 0


def test_points_run_from_the_worst_rating_to_the_best() -> None:
    ratings_N = np.array([1.0, 2, 5])
    assert in_points(ratings_N, ratings_N).tolist() == [0, 25, 100]
    assert in_points([1, 6], ratings_N, lower_is_better=True).tolist() == [100, -25]
    with pytest.raises(ContriqueError, match="all ratings are 3"):
        in_points([1], np.array([3.0, 3]))


def test_other_numbers_of_categories_than_images() -> None:
    with pytest.raises(ContriqueError, match="kind: 2 categories for 3 ratings"):
        by_category(np.zeros(3), np.zeros(3), np.arange(3), {"kind": ["a", "b"]})
