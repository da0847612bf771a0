"""From features and ratings to regressor, mapping, interval and card."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.fitting import fit_features
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
