"""From features and ratings to regressor, mapping, interval and card."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.fitting import fit_features, fit_model
from contrique.evaluation.ratings import Ratings
from contrique.scale import interval_hundred


@pytest.fixture(scope="module")
def rated() -> tuple[np.ndarray, Ratings]:
    rng = np.random.default_rng(0)
    features_ND = rng.standard_normal((300, 20)).astype(np.float32)
    scores_N = 3 + features_ND[:, 0] + 0.3 * rng.standard_normal(300)
    names = tuple(f"{i}.png" for i in range(300))
    paths = tuple(map(Path, names))
    return features_ND, Ratings(names, paths, scores_N, np.arange(300) // 2, False, "set/s.csv", "d", "scene")


def test_card_says_what_was_done(rated: tuple[np.ndarray, Ratings]) -> None:
    features_ND, ratings = rated
    _, about, agreement = fit_features(features_ND, ratings, level=0.8)
    assert (about["ratings"], about["images"], about["groups"]) == ("set/s.csv", 300, 150)
    assert (about["direction"], about["full_reference"]) == ("higher is better", False)
    low, high = ratings.scores.min(), ratings.scores.max()
    assert about["mapping"] == {"low": low, "high": high, "lower_is_better": False}
    interval = about["interval"]
    assert interval["level"] == 0.8
    assert interval["half_width"] == pytest.approx(0.3 * 1.2816, rel=0.2)  # the normal's 80 %
    assert interval["half_width_points"] == pytest.approx(100 * interval["half_width"] / (high - low))
    assert interval["coverage"] == pytest.approx(0.8, abs=0.05)
    assert interval["coverage_low"] <= interval["coverage"] <= interval["coverage_high"]
    assert agreement["srocc"] > 0.9
    assert agreement["plcc"] > 0.9


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_scores_of_new_images_go_up_with_quality_and_intervals_hold(
    rated: tuple[np.ndarray, Ratings], lower_is_better: bool
) -> None:
    features_ND, ratings = rated
    sign = -1 if lower_is_better else 1
    ratings = replace(ratings, scores=sign * ratings.scores, lower_is_better=lower_is_better)
    regressor, about, _ = fit_features(features_ND, ratings)
    rng = np.random.default_rng(1)
    new_MD = rng.standard_normal((2000, 20))
    quality_M = 3 + new_MD[:, 0] + 0.3 * rng.standard_normal(2000)
    mapping = about["mapping"]
    value, low, high = interval_hundred(regressor.predict(new_MD), about["interval"]["half_width"], mapping)
    truth = interval_hundred(sign * quality_M, 0, mapping)[0]
    assert np.corrcoef(value, quality_M)[0, 1] > 0.9
    assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.8, abs=0.04)


def test_scale_ends_can_be_given(rated: tuple[np.ndarray, Ratings]) -> None:
    _, about, _ = fit_features(*rated, scale_min=1, scale_max=5)
    assert about["mapping"] == {"low": 1.0, "high": 5.0, "lower_is_better": False}
    with pytest.raises(ContriqueError, match="low < high"):
        fit_features(*rated, scale_min=5, scale_max=1)


def test_two_groups_have_no_measured_coverage(rated: tuple[np.ndarray, Ratings]) -> None:
    features_ND, ratings = rated
    ratings = replace(ratings, groups=np.arange(300) % 2)
    assert fit_features(features_ND, ratings)[1]["interval"]["coverage"] is None


def test_what_cannot_be_fitted_says_why(rated: tuple[np.ndarray, Ratings]) -> None:
    features_ND, ratings = rated
    with pytest.raises(ContriqueError, match="at least two groups"):
        fit_features(features_ND, replace(ratings, groups=np.zeros(300, int)))
    with pytest.raises(ContriqueError, match="the same rating"):
        fit_features(features_ND, replace(ratings, scores=np.ones(300)))
    few = np.arange(300) < 6
    with pytest.raises(ContriqueError, match="6 images are too few for an interval that holds 90% of ratings"):
        fit_features(features_ND[few], ratings.only(few), level=0.9)


@pytest.fixture(scope="module")
def two(rated: tuple[np.ndarray, Ratings]) -> tuple[np.ndarray, list[Ratings]]:
    """The rated images, and better ones of another set, rated from 100 (worst) to 0 and with less noise."""
    features_ND, ratings = rated
    rng = np.random.default_rng(2)
    more_MD = (rng.standard_normal((90, 20)) + np.eye(20)[0]).astype(np.float32)
    names = tuple(f"b{i}.png" for i in range(90))
    scores_M = 100 - 20 * (3 + more_MD[:, 0] + 0.15 * rng.standard_normal(90))
    more = Ratings(names, tuple(map(Path, names)), scores_M, np.arange(90) // 9, True, "other/o.csv", "e", "reference")
    return np.concatenate([features_ND, more_MD]), [ratings, more]


def test_intervals_hold_new_images_of_each_set(two: tuple[np.ndarray, list[Ratings]]) -> None:
    regressor, about, agreement = fit_features(*two)
    first, second = about["sets"]
    assert second["slope"] == pytest.approx(-1 / 20, rel=0.2)
    assert (second["direction"], second["groups"], second["ratings"]) == ("lower is better", 10, "other/o.csv")
    assert (about["images"], about["groups"], about["ratings"]) == (390, 160, "set/s.csv and other/o.csv")
    assert "set/s.csv" in about["scale"]
    half = about["interval"]["half_width"]
    rng = np.random.default_rng(3)
    for part, shift, noise in ((first, 0, 0.3), (second, 1, 0.15)):
        new_MD = rng.standard_normal((2000, 20)) + shift * np.eye(20)[0]
        quality_M = 3 + new_MD[:, 0] + noise * rng.standard_normal(2000)
        inside = np.mean(np.abs(regressor.predict(new_MD) - quality_M) <= half)
        assert inside >= 0.75
        assert part["coverage"] == pytest.approx(inside, abs=0.12)
        assert part["coverage_low"] <= part["coverage"] <= part["coverage_high"]
    assert about["interval"]["coverage"] == pytest.approx(0.82, abs=0.06)
    assert [one["ratings"] for one in agreement["sets"]] == ["set/s.csv", "other/o.csv"]
    weighted = (300 * agreement["sets"][0]["plcc"] + 90 * agreement["sets"][1]["plcc"]) / 390
    assert agreement["plcc"] == pytest.approx(weighted)


def test_a_list_of_one_set_is_that_set(rated: tuple[np.ndarray, Ratings]) -> None:
    features_ND, ratings = rated
    (one, *cards), (other, *others) = fit_features(features_ND, ratings), fit_features(features_ND, [ratings])
    assert np.array_equal(one.coef_D, other.coef_D)
    assert cards == others


def test_what_cannot_be_fitted_together(two: tuple[np.ndarray, list[Ratings]]) -> None:
    features_ND, (first, second) = two
    with pytest.raises(ContriqueError, match="references"):
        fit_features(features_ND, [first, replace(second, references=second.paths)])
    with pytest.raises(ContriqueError, match=r"other/o\.csv: all 90 images have the same rating 7"):
        fit_features(features_ND, [first, replace(second, scores=np.full(90, 7.0))])
    with pytest.raises(ContriqueError, match=r"other/o\.csv: a fit needs images of at least two groups"):
        fit_features(features_ND, [first, replace(second, groups=np.zeros(90, int))])
    few = np.arange(90) < 18
    with pytest.raises(ContriqueError, match=r"other/o\.csv: 18 images are too few"):
        fit_features(np.concatenate([features_ND[:300], features_ND[300:318]]), [first, second.only(few)], level=0.95)
    with pytest.raises(ContriqueError, match="one set at least"):
        fit_features(features_ND, [])
    with pytest.raises(ContriqueError, match="3 notes on the ratings of 2 sets"):
        fit_model([first, second], name="x", about=["a", "b", "c"])
