"""Largest errors: the images that were made to be wrong, in both directions, whatever the scale of predictions."""

import numpy as np
import pytest
from example_result import example_result

from contrique.evaluation.failures import by_rank, held_out, largest_errors
from contrique.evaluation.protocol import as_given, compare

NAMES = list("abcdef")


def test_both_directions_largest_first() -> None:
    rated_N = np.array([10.0, 20, 30, 40, 50, 60])
    found = largest_errors(NAMES, rated_N + np.array([0, 5, -7, 9, -1, 0]), rated_N, most=2)
    assert found["overrated"] == [
        {"name": "d", "rated": 40.0, "predicted": 49.0},
        {"name": "b", "rated": 20.0, "predicted": 25.0},
    ]
    assert [one["name"] for one in found["underrated"]] == ["c", "e"]


def test_a_lower_rating_is_better_for_dmos() -> None:
    rated_N = np.array([10.0, 20, 30])
    found = largest_errors(NAMES, rated_N + np.array([4, -4, 0]), rated_N, lower_is_better=True)
    assert [one["name"] for one in found["overrated"]] == ["b"]
    assert [one["name"] for one in found["underrated"]] == ["a"]


def test_predictions_of_another_scale_go_by_rank() -> None:
    rated_N = np.random.default_rng(0).permutation(60) / 60
    said_N = 500 * rated_N**3 - 3000
    said_N[rated_N == 0.25] = 1e9  # the fourth part of the way up is said to be the best
    result = compare({"other": as_given(said_N)}, rated_N, np.arange(60), splits=[(np.arange(9), [], np.arange(60))])
    places_T, predicted_T = held_out(result, result["methods"][0])
    assert places_T.tolist() == list(range(60))
    error_T = predicted_T - rated_N
    assert error_T[rated_N == 0.25] == pytest.approx(59 / 60 - 0.25)
    np.testing.assert_allclose(error_T[rated_N < 0.25], 0, atol=1e-12)
    np.testing.assert_allclose(error_T[rated_N > 0.25], -1 / 60)


def test_a_method_fitted_to_the_ratings_keeps_its_numbers() -> None:
    result = example_result({"mine": 90.0}, splits=1)
    result["methods"][0]["about"]["fit"] = "each split"
    assert held_out(result, result["methods"][0])[1].tolist() == result["methods"][0]["predictions"][0]
    across = held_out(result | {"split": "cross-set"}, result["methods"][0])[1]
    assert sorted(across) == sorted(result["scores"][at] for at in result["tests"][0])


def test_ranks_of_equal_predictions_share_the_mean() -> None:
    assert by_rank(np.array([3.0, 1, 3, 9]), np.array([10.0, 20, 40, 80])).tolist() == [30, 10, 30, 80]


def test_an_image_in_several_test_parts_counts_with_its_mean() -> None:
    result = example_result({"one": 0.0}, splits=4)
    result["methods"][0]["about"]["fit"] = "each split"
    result["tests"] = [[0, 1, 2], [2, 1], [3], list(range(4, 60))]
    result["scores"] = list(map(float, range(60)))
    result["methods"][0]["predictions"] = [[0, 1, 1], [3, 1], [3], list(range(4, 60))]
    places_T, predicted_T = held_out(result, result["methods"][0])
    assert places_T.tolist() == list(range(60))
    np.testing.assert_allclose(predicted_T, np.arange(60))


def test_a_method_that_says_the_same_of_all_errs_by_the_mean() -> None:
    result = example_result({"flat": np.inf})
    places_T, predicted_T = held_out(result, result["methods"][0])
    np.testing.assert_allclose(predicted_T, np.array(result["scores"])[places_T].mean())
