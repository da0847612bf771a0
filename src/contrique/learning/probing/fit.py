"""A probe's two fits: multinomial logistic regression for the kind, ridge within each kind for the level.

The logistic regression minimises the mean over N views of −log p(kind | x) plus λ/2 ‖W‖² (intercepts are free): the
loss of scikit-learn's ``LogisticRegression`` with C = 1/(λ N). It is convex, so L-BFGS finds the one minimum. From a
strong λ to a weak one each fit begins where the one before ended; the λ of least loss on photographs held out is kept.

Shapes: N views, D standardised features, K kinds, R views of one kind.
"""

from collections.abc import Sequence

import numpy as np

from contrique.errors import need
from contrique.evaluation.ridge import CONSTANT, RidgePath, best_strength
from contrique.evaluation.splits import group_folds

STRENGTHS = tuple(10.0**power for power in (0.5, 0, -0.5, -1, -1.5, -2, -2.5))
"""λ searched, from strong to weak."""

ITERATIONS = 50
"""Most steps of L-BFGS for one λ; each costs two products of X with a matrix of K columns."""


FOLDS = 5
"""Folds for choosing the strength of the levels' regression."""


def standardiser(features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column, float32; a column that is constant, but for rounding, has deviation 1."""
    mean_D = features_ND.mean(axis=0, dtype=np.float64)
    parts = np.array_split(features_ND, len(features_ND) // 1000 + 1)  # a copy in float64 of a part, not of all
    scale_D = np.sqrt(sum(((part_ND - mean_D) ** 2).sum(axis=0) for part_ND in parts) / len(features_ND))
    scale_D[scale_D <= CONSTANT * np.abs(mean_D)] = 1.0
    return mean_D.astype(np.float32), scale_D.astype(np.float32)


def log_loss(logit_NK: np.ndarray, kind_N: np.ndarray) -> float:
    """Mean of −log p(kind) over views."""
    logit_NK = logit_NK - logit_NK.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logit_NK).sum(axis=1)) - logit_NK[np.arange(len(kind_N)), kind_N]))


def fit_kinds(
    x_ND: np.ndarray,
    kind_N: np.ndarray,
    kinds: int,
    strength: float,
    start: np.ndarray | None = None,
    *,
    tolerance: float = 1e-5,
    iterations: int = ITERATIONS,
) -> np.ndarray:
    """Multinomial logistic regression.

    Args:
        x_ND: standardised features, float32 or float64: products are computed in that type.
        kind_N: 0 to K − 1.
        kinds: K.
        strength: λ, above 0.
        start: where to begin, as returned; zeros if left out.
        tolerance: the gradient's largest entry at which the search ends.
        iterations: most steps.

    Returns:
        float64 (K, D + 1): weights, the intercept in the last column.

    Raises:
        MissingExtra: scipy is not installed.
    """
    optimize = need("scipy.optimize", "learn", "contrique probe")
    truth_NK = np.eye(kinds, dtype=x_ND.dtype)[kind_N]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        both = flat.reshape(kinds, -1)
        weight_KD = both[:, :-1]
        logit_NK = x_ND @ weight_KD.T.astype(x_ND.dtype) + both[:, -1].astype(x_ND.dtype)
        value = log_loss(logit_NK, kind_N) + strength / 2 * np.vdot(weight_KD, weight_KD)
        likely_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
        miss_NK = likely_NK / likely_NK.sum(axis=1, keepdims=True) - truth_NK
        gradient = np.empty_like(both)
        gradient[:, :-1] = miss_NK.T @ x_ND / len(x_ND) + strength * weight_KD
        gradient[:, -1] = miss_NK.mean(axis=0)
        return float(value), gradient.ravel()

    begin = np.zeros((kinds, x_ND.shape[1] + 1)) if start is None else start
    options = {"maxiter": iterations, "gtol": tolerance, "ftol": 0}
    found = optimize.minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(kinds, -1)


def choose_strength(
    x_ND: np.ndarray,
    kind_N: np.ndarray,
    held_MD: np.ndarray,
    held_M: np.ndarray,
    kinds: int,
    strengths: Sequence[float] = STRENGTHS,
) -> tuple[float, np.ndarray]:
    """The λ of least loss on views of other photographs, and the fit with it; ends when the loss has begun to grow.

    Args:
        x_ND: features to fit to, and
        kind_N: their kinds.
        held_MD: features of other photographs, and
        held_M: their kinds.
        kinds: K.
        strengths: from strong to weak.
    """
    least, best, fit = np.inf, (strengths[0], np.zeros((kinds, x_ND.shape[1] + 1))), None
    for strength in strengths:
        fit = fit_kinds(x_ND, kind_N, kinds, strength, fit)
        lost = log_loss(held_MD @ fit[:, :-1].T.astype(x_ND.dtype) + fit[:, -1], held_M)
        if lost > least:
            break
        least, best = lost, (strength, fit)
    return best


def fit_levels(
    x_ND: np.ndarray, kind_N: np.ndarray, level_N: np.ndarray, photo_N: np.ndarray, kinds: int, *, seed: int = 0
) -> np.ndarray:
    """For each kind a straight line from features to level, by ridge on the views of that kind.

    One strength serves all kinds: that of least squared error over folds that keep photographs together.

    Args:
        x_ND: standardised features.
        kind_N: kinds; those with fewer than two photographs or only one level get their mean level.
        level_N: 0 to 5.
        photo_N: the photograph of each view.
        kinds: K.
        seed: of the folds.

    Returns:
        float64 (K, D + 1): weights, the intercept in the last column.
    """
    fit_KD = np.zeros((kinds, x_ND.shape[1] + 1))
    lines: dict[int, np.ndarray] = {}
    predicted, known = [], []
    for kind in range(kinds):
        rows = np.flatnonzero(kind_N == kind)
        fit_KD[kind, -1] = level_N[rows].mean() if len(rows) else 0
        if len(np.unique(level_N[rows])) < 2 or len(np.unique(photo_N[rows])) < 2:
            continue
        path = RidgePath(x_ND[rows], level_N[rows], standardise=False)
        strengths = path.strengths()
        predicted.append(path.held_out(group_folds(photo_N[rows], FOLDS, seed=seed), strengths))
        known.append(level_N[rows])
        lines[kind] = np.array([[*one.coef_D, one.intercept] for one in path.regressors(strengths)], np.float32)
    if lines:
        best = best_strength(np.concatenate(predicted), np.concatenate(known))
        for kind, line_AD in lines.items():
            fit_KD[kind] = line_AD[best]
    return fit_KD
