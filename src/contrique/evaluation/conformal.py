"""Intervals that hold the rating of a new image as often as they say, by split conformal prediction.

Each fold of a group-wise cross-validation is one split: a fit on the other folds, residuals on this one. Residuals of
all folds together calibrate the interval of the regressor fitted on everything (cross-conformal prediction, Vovk,
Annals of Mathematics and Artificial Intelligence 74, 2015). The half-width is the ⌈(n+1)·level⌉-th smallest |residual|.

What it promises: for new images that are exchangeable with the rated ones, coverage near the level on average over
images. Not for each kind of image, and not for photographs unlike those of the ratings. Groups are kept together, so
residuals are those of content not seen. Cross-conformal coverage is not guaranteed to the digit: ``measure_coverage``
measures it.
"""

from dataclasses import dataclass

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.regressor import fit_ridge
from contrique.evaluation.splits import group_split

LEVEL = 0.8
"""Default share of new images whose rating the interval holds."""


def half_width(residuals_N: np.ndarray, level: float = LEVEL) -> float:
    """Half the width of the interval around a prediction, in units of the residuals.

    Args:
        residuals_N: held-out residuals, any sign.
        level: wanted coverage, between 0 and 1.

    Returns:
        The ⌈(n+1)·level⌉-th smallest |residual|; inf when n is too small for the level (n < level/(1 − level)).

    Raises:
        ContriqueError: a level outside (0, 1), or residuals that are not finite.
    """
    if not 0 < level < 1:
        raise ContriqueError(f"the level of an interval lies between 0 and 1, got {level}")
    size_N = np.sort(np.abs(np.asarray(residuals_N, dtype=np.float64)))
    if not np.isfinite(size_N).all():
        raise ContriqueError("residuals must be finite")
    place = int(np.ceil((len(size_N) + 1) * level - 1e-9))  # 10 · 0.8 is 8, whatever floating point says
    return float(size_N[place - 1]) if place <= len(size_N) else float("inf")


@dataclass(frozen=True)
class Coverage:
    """Share of held-out images whose rating lay inside the interval, over random splits by group.

    Attributes:
        mean: over the splits.
        low: the least of the splits.
        high: the greatest of the splits.
        splits: one share for each split.
    """

    mean: float
    low: float
    high: float
    splits: tuple[float, ...]


def measure_coverage(
    features_ND: np.ndarray,
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    *,
    level: float = LEVEL,
    standardise: bool = True,
    splits: int = 10,
    seed: int = 0,
) -> Coverage:
    """Measure coverage honestly: fit and calibrate on 80 % of the groups, count on the other 20 %, several times.

    Args:
        features_ND: raw features.
        scores_N: ratings.
        groups_N: their groups.
        level: wanted coverage.
        standardise: as in ``fit_ridge``.
        splits: how many random splits.
        seed: of splits and folds.

    Raises:
        ContriqueError: fewer than three groups (two to calibrate on, one to count on).
    """
    scores_N, groups_N = np.asarray(scores_N, dtype=np.float64), np.asarray(groups_N)
    if len(set(groups_N.tolist())) < 3:
        raise ContriqueError("measuring coverage needs at least three groups")
    shares = []
    for split in range(splits):
        train, test = group_split(groups_N, (0.8, 0.2), seed=(seed, split))
        fit = fit_ridge(features_ND[train], scores_N[train], groups_N[train], standardise=standardise, seed=seed)
        width = half_width(scores_N[train] - fit.held_out_N, level)
        error_M = np.abs(fit.regressor.predict(features_ND[test]) - scores_N[test])
        shares.append(float(np.mean(error_M <= width)))
    return Coverage(float(np.mean(shares)), min(shares), max(shares), tuple(shares))
