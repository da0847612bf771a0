"""From predicted ratings to the 0–100 scale that every score of contrique is on: higher is better, never a tie.

The mapping of a model's card is ``{"low": a, "high": b, "lower_is_better": bool}``: a and b are the ends of the
ratings' scale, in the ratings' units, and v = 100 (r − a)/(b − a), or 100 − v where lower ratings are better. From 10
to 90 the score is v. A prediction can leave the ratings' scale, so the last tenth on either side is an exponential
tail,

    100 − 10 e^{−(v−90)/10}  above 90,      10 e^{(v−10)/10}  below 10,

with slope 1 where they begin: strictly increasing, smooth, and inside (0, 100) for every prediction. (In float64 the
upper tail stops growing about three and a half scale widths above the end; a score is then the last number below 100.)
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from contrique.errors import ContriqueError

TAIL = 10.0
"""Where the tails begin, counted from either end of the scale. Part of the meaning of every score: never changes."""


def check_mapping(mapping: Mapping[str, Any]) -> None:
    """Raise ContriqueError unless low < high and both are finite numbers."""
    try:
        good = np.isfinite(mapping["low"]) and np.isfinite(mapping["high"]) and mapping["low"] < mapping["high"]
    except (KeyError, TypeError):
        good = False
    if not good:
        raise ContriqueError(f"a mapping needs finite low < high in the ratings' units, got {dict(mapping)}")


def to_hundred(ratings: np.ndarray | float, mapping: Mapping[str, Any]) -> np.ndarray:
    """Map predicted ratings to scores.

    Args:
        ratings: any shape, on the ratings' own scale and in their own direction; ±inf allowed, nan stays nan.
        mapping: ``low``, ``high`` and optionally ``lower_is_better`` (default false).

    Returns:
        float64 of the same shape, inside (0, 100), higher is better.

    Raises:
        ContriqueError: the mapping has no finite low < high.
    """
    return bent(to_points(ratings, mapping))


def to_points(ratings: np.ndarray | float, mapping: Mapping[str, Any]) -> np.ndarray:
    """The straight part of ``to_hundred``, v at the top of this file: float64, higher is better, without bounds."""
    check_mapping(mapping)
    low, high = float(mapping["low"]), float(mapping["high"])
    with np.errstate(over="ignore"):  # to ±inf, which the tails take to the ends
        value = 100 * ((np.asarray(ratings, dtype=np.float64) - low) / (high - low))
    return 100 - value if mapping.get("lower_is_better", False) else value


def bent(value: np.ndarray) -> np.ndarray:
    """From points without bounds to scores inside (0, 100): the tails, in which order stays as it is."""
    upper = 100 - TAIL * np.exp(-np.maximum(value - (100 - TAIL), 0) / TAIL)
    lower = TAIL * np.exp(np.minimum(value - TAIL, 0) / TAIL)
    value = np.where(value > 100 - TAIL, upper, np.where(value < TAIL, lower, value))
    return np.clip(value, np.nextafter(0, 1), np.nextafter(100, 0))


def interval_hundred(
    ratings: np.ndarray | float, half_width: float | None, mapping: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Map predictions and their interval r ± half_width to scores (value, low, high).

    The mapping is monotone, so the mapped interval holds the mapped rating exactly when r ± half_width holds it.
    Without a half-width, where nobody measured one, low and high are nan.
    """
    half_width = math.nan if half_width is None else half_width
    ratings = np.asarray(ratings, dtype=np.float64)
    one, other = to_hundred(ratings - half_width, mapping), to_hundred(ratings + half_width, mapping)
    return to_hundred(ratings, mapping), np.minimum(one, other), np.maximum(one, other)
