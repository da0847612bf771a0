"""Is a model as right about one kind of image as about another? Errors and SROCC by category, with intervals.

The error of an image is its held-out prediction less its rating, on 0–100 where higher is better: positive means that
the model flatters it. Chance is in which contents were photographed, so intervals are percentile bootstraps over groups
of images that share content (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). Many categories
are looked at together, so one counts as biased only where the interval at ``LEVEL`` divided by the number of categories
(Bonferroni) leaves out 0.

Shapes: N images, G groups, B resamples.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.correlation import srocc
from contrique.evaluation.significance import bootstrap_srocc

LEVEL = 0.05
RESAMPLES = 9999
SROCC_RESAMPLES = 999
LEAST_IMAGES = 20
"""Of fewer images (or fewer than six groups) nothing is said."""
LEAST_GROUPS = 6
BLOCK = 4_000_000
"""Numbers drawn at a time, to bound the memory."""


def in_points(values_N: np.ndarray, ratings_N: np.ndarray, *, lower_is_better: bool = False) -> np.ndarray:
    """Ratings, or predictions of them, on 0–100, higher is better: the worst of ``ratings_N`` is 0, the best 100.

    Raises:
        ContriqueError: all ratings are the same.
    """
    low, high = float(np.min(ratings_N)), float(np.max(ratings_N))
    if low == high:
        raise ContriqueError(f"all ratings are {low:g}: they have no range to measure errors by")
    share_N = (np.asarray(values_N, dtype=np.float64) - low) / (high - low)
    return 100 * (1 - share_N if lower_is_better else share_N)


def by_category(
    predicted_N: np.ndarray,
    rated_N: np.ndarray,
    groups_N: np.ndarray,
    categories: Mapping[str, Sequence[str]],
    *,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Mean error and SROCC within each category.

    Args:
        predicted_N: held-out predictions in points, see ``in_points``.
        rated_N: ratings in points.
        groups_N: images of one group are drawn together.
        categories: by property (such as brightness) the category of each image (such as dark). A property of which all
            images have the same category is left out.
        seed: of the resamples.

    Returns:
        Rows, the largest category of a property first: ``property``, ``category``, ``images``, ``rated`` (mean rating),
        ``error`` (mean, signed), ``error_low`` and ``error_high`` (95 %), ``srocc``, ``srocc_low`` and ``srocc_high``
        (95 %), ``biased`` (see above). Of too small a category all numbers but ``images`` and ``rated`` are None, as
        are SROCCs without an answer.

    Raises:
        ContriqueError: another number of categories than of images.
    """
    predicted_N, rated_N, groups_N = (np.asarray(values) for values in (predicted_N, rated_N, groups_N))
    parts = []
    for name, labels in categories.items():
        labels_N = np.asarray(labels, dtype=str)
        if labels_N.shape != rated_N.shape or predicted_N.shape != rated_N.shape:
            raise ContriqueError(f"{name}: {labels_N.size} categories for {rated_N.size} ratings")
        values, counts = np.unique(labels_N, return_counts=True)
        if len(values) > 1:
            parts += [(name, str(values[at]), labels_N == values[at]) for at in np.argsort(-counts, kind="stable")]
    level = LEVEL / max(1, len(parts))
    rows = []
    for name, value, keep_N in parts:
        mine = predicted_N[keep_N], rated_N[keep_N], groups_N[keep_N]
        about = {"property": name, "category": value, "images": int(keep_N.sum()), "rated": _round(mine[1].mean())}
        rows.append(about | _measured(*mine, level, seed))
    return rows


def _measured(
    predicted_N: np.ndarray, rated_N: np.ndarray, groups_N: np.ndarray, level: float, seed: int
) -> dict[str, Any]:
    names = ("error", "error_low", "error_high", "srocc", "srocc_low", "srocc_high", "biased")
    if len(rated_N) < LEAST_IMAGES or len(np.unique(groups_N)) < LEAST_GROUPS:
        return dict.fromkeys(names)
    errors_N = predicted_N - rated_N
    means_B = bootstrap_mean(errors_N, groups_N, seed=seed)
    low, high = np.quantile(means_B, (LEVEL / 2, 1 - LEVEL / 2))
    outer_low, outer_high = np.quantile(means_B, (level / 2, 1 - level / 2))
    srocc_B = bootstrap_srocc(predicted_N[None, None], rated_N, groups_N, resamples=SROCC_RESAMPLES, seed=seed)[0]
    spread = np.nanquantile(srocc_B, (LEVEL / 2, 1 - LEVEL / 2)) if np.isfinite(srocc_B).any() else (np.nan, np.nan)
    numbers = (errors_N.mean(), low, high, srocc(predicted_N, rated_N), *spread)
    found = {name: _round(number) for name, number in zip(names, numbers, strict=False)}
    return found | {"biased": bool(outer_low > 0 or outer_high < 0)}


def bootstrap_mean(
    values_N: np.ndarray, groups_N: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """The mean of values in resamples of as many groups as there are, drawn with replacement, (B,)."""
    numbers_N = np.unique(groups_N, return_inverse=True)[1]
    sums_G, counts_G = np.bincount(numbers_N, values_N), np.bincount(numbers_N)
    rng, step = np.random.default_rng(seed), max(1, BLOCK // len(counts_G))
    means = []
    for start in range(0, resamples, step):
        drawn_BG = rng.integers(len(counts_G), size=(min(step, resamples - start), len(counts_G)))
        means.append(sums_G[drawn_BG].sum(axis=1) / counts_G[drawn_BG].sum(axis=1))
    return np.concatenate(means)


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
