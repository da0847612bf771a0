"""Laws of the 0–100 scale: identity in the middle, strictly inside the ends, never a tie, smooth, either direction."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.scale import interval_hundred, to_hundred

UP = {"low": 1.0, "high": 5.0}
DOWN = {"low": 1.0, "high": 5.0, "lower_is_better": True}
ratings = st.floats(-7, 13)  # two scale widths beyond either end


@settings(deadline=None)
@given(ratings, ratings)
def test_strictly_increasing_or_decreasing(a, b):
    if abs(a - b) > 1e-6:
        assert (to_hundred(a, UP) < to_hundred(b, UP)) == (a < b)
        assert (to_hundred(a, DOWN) > to_hundred(b, DOWN)) == (a < b)


@settings(deadline=None)
@given(st.floats(allow_nan=False))
def test_always_inside(rating):
    for mapping in (UP, DOWN):
        assert 0 < to_hundred(rating, mapping) < 100


@settings(deadline=None)
@given(st.floats(1.4, 4.6))
def test_linear_from_ten_to_ninety_and_reversed(rating):
    assert to_hundred(rating, UP) == pytest.approx(25 * (rating - 1))
    assert to_hundred(rating, DOWN) == pytest.approx(100 - 25 * (rating - 1))


@settings(deadline=None)
@given(ratings)
def test_directions_mirror_each_other(rating):
    assert to_hundred(rating, UP) + to_hundred(rating, DOWN) == pytest.approx(100)


@pytest.mark.parametrize("joint", [1.4, 4.6])
def test_continuous_with_slope_where_the_tails_begin(joint):
    step = 1e-5
    below, at, above = to_hundred(np.array([joint - step, joint, joint + step]), UP)
    assert (at - below) / step == pytest.approx(25, rel=1e-3)
    assert (above - at) / step == pytest.approx(25, rel=1e-3)


def test_ends_by_hand():
    assert to_hundred(5.0, UP) == pytest.approx(100 - 10 / math.e)
    assert to_hundred(1.0, UP) == pytest.approx(10 / math.e)
    assert to_hundred(1.0, DOWN) == pytest.approx(100 - 10 / math.e)


def test_shapes_and_nan():
    values = to_hundred(np.array([[3.0, math.nan]]), UP)
    assert values.shape == (1, 2)
    assert values[0, 0] == 50
    assert math.isnan(values[0, 1])


@settings(deadline=None)
@given(ratings, st.floats(0, 4))
def test_interval_holds_what_it_held_on_the_ratings_scale(rating, half_width):
    for mapping in (UP, DOWN):
        value, low, high = interval_hundred(rating, half_width, mapping)
        assert low <= value <= high
        assert {float(low), float(high)} == {float(to_hundred(rating + s * half_width, mapping)) for s in (-1, 1)}


def test_infinite_interval_is_the_whole_scale():
    _, low, high = interval_hundred(3.0, math.inf, UP)
    assert (low, high) == (pytest.approx(0), pytest.approx(100))


@pytest.mark.parametrize("mapping", [{}, {"low": 1, "high": 1}, {"low": 2, "high": 1}, {"low": 0, "high": math.inf}])
def test_bad_mappings_are_refused(mapping):
    with pytest.raises(ContriqueError, match="low < high"):
        to_hundred(1.0, mapping)


def test_no_interval_is_nan_and_the_value_stays():
    value, low, high = interval_hundred(3.0, None, UP)
    assert value == to_hundred(3.0, UP)
    assert math.isnan(low)
    assert math.isnan(high)
