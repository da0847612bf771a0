"""Which images a method gets most wrong: held-out predictions against ratings, in both directions.

Predictions of a method fitted to these ratings are in their units and stay as they are. Those of other methods have a
scale of their own (NIQE's, or that of other ratings), and go by rank: the image that is n-th by prediction is given the
n-th of the ratings. An image that was in the test part of several splits counts with the mean of its predictions.

Shapes: N images, T of them in a test part.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST = 6
"""How many images of each direction are shown."""


def held_out(result: dict[str, Any], row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """What a method said of the images it had not seen, in units of the ratings.

    Args:
        result: what ``contrique.evaluation.table.measure`` gives.
        row: one of its ``methods``.

    Returns:
        Positions of the T images that were in some test part, int64 and sorted; and the prediction for each, float64.
    """
    at = np.concatenate([np.asarray(test, dtype=np.int64) for test in result["tests"]])
    said = np.concatenate([np.asarray(values, dtype=np.float64) for values in row["predictions"]])
    places_T, of = np.unique(at, return_inverse=True)
    mean_T = np.bincount(of, said) / np.bincount(of)
    fitted_here = (row.get("about") or {}).get("fit") == "each split" and result.get("split") != "cross-set"
    return places_T, mean_T if fitted_here else by_rank(mean_T, np.asarray(result["scores"])[places_T])


def by_rank(predicted_N: np.ndarray, rated_N: np.ndarray) -> np.ndarray:
    """Predictions of any scale, in the ratings' direction, as the ratings of equal rank; equal ones share the mean."""
    values, of_N = np.unique(predicted_N, return_inverse=True)
    sorted_N = np.sort(np.asarray(rated_N, dtype=np.float64))
    place_N = np.argsort(np.argsort(of_N, kind="stable"), kind="stable")
    return (np.bincount(of_N, sorted_N[place_N]) / np.bincount(of_N, minlength=len(values)))[of_N]


def largest_errors(
    names: Sequence[str],
    predicted_N: Sequence[float] | np.ndarray,
    rated_N: Sequence[float] | np.ndarray,
    *,
    lower_is_better: bool = False,
    most: int = MOST,
) -> dict[str, list[dict[str, Any]]]:
    """The images of largest error in each direction.

    Args:
        names: of the images.
        predicted_N: held-out predictions in units of the ratings.
        rated_N: the ratings.
        lower_is_better: whether a lower rating is a better image.
        most: how many of each direction.

    Returns:
        ``overrated`` (predicted better than rated) and ``underrated``: lists of ``name``, ``rated`` and ``predicted``,
        the largest error first. An image without error is in neither.
    """
    predicted_N, rated_N = np.asarray(predicted_N, dtype=np.float64), np.asarray(rated_N, dtype=np.float64)
    better_N = (predicted_N - rated_N) * (-1 if lower_is_better else 1)
    order = np.argsort(better_N, kind="stable")
    return {
        "overrated": [_one(names, predicted_N, rated_N, at) for at in order[::-1][:most] if better_N[at] > 0],
        "underrated": [_one(names, predicted_N, rated_N, at) for at in order[:most] if better_N[at] < 0],
    }


def _one(names: Sequence[str], predicted_N: np.ndarray, rated_N: np.ndarray, at: int) -> dict[str, Any]:
    rated, predicted = (float(f"{values[at]:.4g}") for values in (rated_N, predicted_N))
    return {"name": names[at], "rated": rated, "predicted": predicted}
