"""Correlations against scipy.stats and values worked out by hand; the logistic against curves it must recover."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.evaluation.correlation import (
    fit_logistic,
    krocc,
    logistic,
    plcc,
    plcc_logistic,
    rmse,
    rmse_logistic,
    srocc,
)

# Few different values, so that ties are common.
pairs = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=40).filter(
    lambda rows: len({x for x, _ in rows}) > 1 and len({y for _, y in rows}) > 1
)


@settings(deadline=None)
@given(pairs)
def test_equal_to_scipy_with_ties(rows):
    x_N, y_N = np.array(rows, dtype=float).T
    assert plcc(x_N, y_N) == pytest.approx(scipy.stats.pearsonr(x_N, y_N).statistic, abs=1e-12)
    assert srocc(x_N, y_N) == pytest.approx(scipy.stats.spearmanr(x_N, y_N).statistic, abs=1e-12)
    assert krocc(x_N, y_N) == pytest.approx(scipy.stats.kendalltau(x_N, y_N, variant="b").statistic, abs=1e-12)


def test_by_hand():
    x_N, y_N = [1, 2, 3, 4], [10, 30, 20, 40]
    assert srocc(x_N, y_N) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert krocc(x_N, y_N) == pytest.approx((5 - 1) / 6)
    assert plcc(x_N, y_N) == pytest.approx(0.8)
    assert rmse([1, 2], [4, 6]) == pytest.approx(math.sqrt((9 + 16) / 2))


@pytest.mark.parametrize("measure", [srocc, plcc, krocc, plcc_logistic])
@pytest.mark.parametrize(("x", "y"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [5, 5, 5]), ([1], [2]), ([], [])])
def test_no_answer_is_nan(measure, x, y):
    assert math.isnan(measure(x, y))


@pytest.mark.parametrize("measure", [srocc, plcc, krocc, rmse, plcc_logistic])
def test_bad_input_is_refused(measure):
    with pytest.raises(ContriqueError, match="as many"):
        measure([1, 2], [1, 2, 3])
    with pytest.raises(ContriqueError, match="finite"):
        measure([1, math.nan, 3], [1, 2, 3])


def test_huge_values_do_not_overflow():
    assert plcc([1e300, 2e300, 3e300], [1, 2, 3]) == pytest.approx(1)


def test_logistic_is_the_formula_and_does_not_overflow():
    beta = np.array([3.0, 0.7, 2.0, -0.1, 5.0])
    x_N = np.linspace(-5, 9, 30)
    expected = 3 * (0.5 - 1 / (1 + np.exp(0.7 * (x_N - 2)))) - 0.1 * x_N + 5
    np.testing.assert_allclose(logistic(x_N, beta), expected, rtol=1e-12)
    with np.errstate(all="raise"):
        assert logistic([-1e6, 1e6], [2, 1e3, 0, 0, 1]).tolist() == [0, 2]


@pytest.mark.parametrize("direction", [1, -1])
def test_logistic_recovers_its_own_curve(direction):
    x_N = np.linspace(0, 10, 60)
    y_N = logistic(x_N, [direction * 40, 1.3, 6.0, 0.5, 50])
    assert plcc_logistic(x_N, y_N) == pytest.approx(1, abs=1e-6)
    assert rmse_logistic(x_N, y_N) < 0.05
    assert abs(plcc(x_N, y_N)) < 0.99  # else the test could not fail


def test_logistic_is_no_worse_than_scipys_from_the_usual_start():
    rng = np.random.default_rng(1)
    x_N = rng.uniform(20, 80, 120)
    y_N = 1 / (1 + np.exp(-(x_N - 55) / 6)) + 0.05 * rng.standard_normal(120)
    formula = lambda x, *beta: logistic(x, np.array(beta))  # noqa: E731
    start = [np.ptp(y_N), 1 / x_N.std(), x_N.mean(), 0, y_N.mean()]
    theirs, _ = scipy.optimize.curve_fit(formula, x_N, y_N, start, maxfev=20000)
    assert rmse_logistic(x_N, y_N) <= rmse(formula(x_N, *theirs), y_N) * (1 + 1e-6)


def test_logistic_does_not_depend_on_the_scale_of_predictions():
    rng = np.random.default_rng(2)
    x_N = rng.standard_normal(80)
    y_N = np.tanh(2 * x_N) + 0.2 * rng.standard_normal(80)
    expected = plcc_logistic(x_N, y_N)
    assert plcc_logistic(1e6 * x_N + 1e7, y_N) == pytest.approx(expected, abs=1e-6)
    assert plcc_logistic(-1e-6 * x_N, y_N) == pytest.approx(expected, abs=1e-6)


def test_differences_too_small_to_square_are_none():
    x_N, y_N = [0.0, 1e-200] * 8, np.arange(16) / 16
    assert math.isnan(plcc(x_N, y_N))
    assert math.isnan(plcc_logistic(x_N, y_N))
    assert math.isnan(plcc_logistic(y_N, x_N))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 1)), min_size=2, max_size=25))
def test_logistic_never_falls_below_the_straight_line(rows):
    x_N, y_N = np.array(rows).T
    plain, fitted = plcc(x_N, y_N), plcc_logistic(x_N, y_N)
    assert math.isnan(fitted) if math.isnan(plain) else abs(plain) <= fitted <= 1


def test_few_images_get_a_straight_line():
    x_N, y_N = [1, 2, 3, 4, 5], [1, 5, 2, 6, 3]
    assert plcc_logistic(x_N, y_N) == pytest.approx(abs(plcc(x_N, y_N)))
    assert fit_logistic(x_N, y_N)[0] == 0


def test_constant_predictions_fit_the_mean():
    np.testing.assert_allclose(logistic([7, 7], fit_logistic([7, 7, 7], [1, 2, 6])), 3)
