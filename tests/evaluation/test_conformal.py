"""The interval's quantile by hand, its guarantee on simulated data, and coverage measured through a whole fit."""

import math

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.conformal import half_width, measure_coverage, widest


def test_quantile_by_hand():
    residuals = [-1, 2, -3, 4, -5, 6, -7, 8, -9]  # n = 9: ⌈10 · 0.8⌉ = 8th, ⌈10 · 0.85⌉ = 9th
    assert half_width(residuals, 0.8) == 8
    assert half_width(residuals, 0.85) == 9
    assert half_width(residuals, 0.05) == 1


@pytest.mark.parametrize(("images", "level"), [(3, 0.8), (18, 0.95), (98, 0.99)])
def test_too_few_images_for_the_level_is_infinite(images, level):
    assert half_width(np.ones(images), level) == math.inf
    assert half_width(np.ones(images + 1), level) == 1
    assert half_width([], level) == math.inf


@pytest.mark.parametrize("level", [0, 1, -0.1, 80])
def test_levels_outside_are_refused(level):
    with pytest.raises(ContriqueError, match="between 0 and 1"):
        half_width(np.ones(10), level)


def test_residuals_that_are_not_finite_are_refused():
    with pytest.raises(ContriqueError, match="finite"):
        half_width([1.0, math.nan])


@pytest.mark.parametrize("images", [4, 9, 40])
@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy"])
def test_exchangeable_residuals_are_covered_as_often_as_promised(images, draw):
    # The theorem: level ≤ coverage ≤ level + 1/(n + 1), on average over calibration sets, for any distribution.
    rng = np.random.default_rng(0)
    calibration, new = getattr(rng, draw)((20000, images)), getattr(rng, draw)(20000)
    covered = np.mean([abs(x) <= half_width(row, 0.8) for row, x in zip(calibration, new, strict=True)])
    assert 0.8 - 0.01 <= covered <= 0.8 + 1 / (images + 1) + 0.01


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_through_the_whole_fit(level):
    rng = np.random.default_rng(1)
    features_ND = rng.standard_normal((600, 40))
    scores_N = features_ND[:, 0] + 0.5 * rng.standard_exponential(600)
    coverage = measure_coverage(features_ND, scores_N, np.arange(600) // 2, level=level, seed=2)
    assert len(coverage.splits) == 10
    assert coverage.low <= coverage.mean <= coverage.high
    assert coverage.mean == pytest.approx(level, abs=0.04)


def test_coverage_holds_for_content_not_seen():
    # Each group has an offset of its own that its features give away: only group folds see how wide the error is.
    rng = np.random.default_rng(3)
    groups_N = np.repeat(np.arange(80), 8)
    features_ND = rng.standard_normal((80, 200))[groups_N] + 0.01 * rng.standard_normal((640, 200))
    scores_N = rng.standard_normal(80)[groups_N]
    assert measure_coverage(features_ND, scores_N, groups_N).mean == pytest.approx(0.8, abs=0.08)


def test_coverage_needs_three_groups():
    with pytest.raises(ContriqueError, match="three groups"):
        measure_coverage(np.ones((4, 2)), np.arange(4.0), np.array([0, 0, 1, 1]))


def test_several_sets_are_held_by_the_widest() -> None:
    residuals_N, sets_N = np.r_[np.arange(9), 10 * np.arange(9)], np.repeat([0, 1], 9)
    assert widest(residuals_N, sets_N, 0.8) == half_width(10 * np.arange(9), 0.8) == 70
    assert widest(residuals_N, sets_N * 0, 0.8) == half_width(residuals_N, 0.8)
