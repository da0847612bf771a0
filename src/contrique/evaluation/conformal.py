"""Intervals that hold the rating of a new image as often as they say, by split conformal prediction.

Each fold of a group-wise cross-validation is one split: a fit on the other folds, residuals on this one. Residuals of
all folds together calibrate the interval of the regressor fitted on everything (cross-conformal prediction, Vovk,
Annals of Mathematics and Artificial Intelligence 74, 2015). The half-width is the ⌈(n+1)·level⌉-th smallest |residual|.

What it promises: for new images that are exchangeable with the rated ones, coverage near the level on average over
images. Not for each kind of image, and not for photographs unlike those of the ratings. Groups are kept together, so
residuals are those of content not seen. Cross-conformal coverage is not guaranteed to the digit: ``measure_coverage``
measures it.

A model of several rated sets has one interval, as wide as the widest that one of them asks for: a new image may be like
those of any set. Sets that are easier to predict are then held more often than the level says.
"""

from dataclasses import dataclass

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.joint import fit_joint, joint_split
from contrique.evaluation.pairs import Pairs

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
        sets: the same of each set's own images; None for a set of too few groups to be tested on.
    """

    mean: float
    low: float
    high: float
    splits: tuple[float, ...]
    sets: "tuple[Coverage | None, ...]" = ()

    @classmethod
    def of(cls, shares: list[float], sets: "tuple[Coverage | None, ...]" = ()) -> "Coverage":
        """The coverage of some splits."""
        return cls(float(np.mean(shares)), min(shares), max(shares), tuple(shares), sets)


def widest(residuals_N: np.ndarray, sets_N: np.ndarray, level: float = LEVEL) -> float:
    """The greatest ``half_width`` of the sets: wide enough for each of them."""
    return max(half_width(residuals_N[sets_N == k], level) for k in range(np.max(sets_N) + 1))


def measure_coverage(
    features_ND: np.ndarray,
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    *,
    level: float = LEVEL,
    standardise: bool = True,
    splits: int = 10,
    seed: int = 0,
    sets_N: np.ndarray | None = None,
    pairs: Pairs | None = None,
) -> Coverage | None:
    """Measure coverage honestly: fit and calibrate on 80 % of the groups, count on the other 20 %, several times.

    With several sets all is fitted anew each time, the scales too, and what is counted are ratings on the first set's
    scale, as the fit to the 80 % has it.

    Args:
        features_ND: raw features.
        scores_N: ratings.
        groups_N: their groups.
        level: wanted coverage.
        standardise: as in ``fit_ridge``.
        splits: how many random splits.
        seed: of splits and folds.
        sets_N: the set of each image, as for ``fit_joint``; one set if left out.
        pairs: as for ``fit_joint``; those made of images that are counted are left out.

    Returns:
        Over the splits; None where no split leaves each set groups enough.

    Raises:
        ContriqueError: no set has three groups (two to calibrate on, one to count on).
    """
    scores_N, groups_N = np.asarray(scores_N, dtype=np.float64), np.asarray(groups_N)
    sets_N = np.zeros(len(scores_N), dtype=np.int64) if sets_N is None else np.asarray(sets_N)
    if max(len(set(groups_N[sets_N == k].tolist())) for k in range(sets_N.max() + 1)) < 3:
        raise ContriqueError("measuring coverage needs at least three groups")
    together: list[float] = []
    each: list[list[float]] = [[] for _ in range(sets_N.max() + 1)]
    for split in range(splits):
        parts = joint_split(groups_N, sets_N, (seed, split))
        if parts is None:
            continue
        train, test = parts
        data = features_ND[train], scores_N[train], groups_N[train], sets_N[train]
        some = None if pairs is None else pairs.among(train, len(scores_N))
        joint = fit_joint(*data, pairs=some, standardise=standardise, seed=seed)
        width = widest(joint.scores_N - joint.fit.held_out_N, sets_N[train], level)
        truth_M = joint.on_first_scale(scores_N[test], sets_N[test])
        inside_M = np.abs(joint.fit.regressor.predict(features_ND[test]) - truth_M) <= width
        together.append(float(np.mean(inside_M)))
        for k in np.unique(sets_N[test]):
            each[k].append(float(np.mean(inside_M[sets_N[test] == k])))
    return Coverage.of(together, tuple(Coverage.of(one) if one else None for one in each)) if together else None
