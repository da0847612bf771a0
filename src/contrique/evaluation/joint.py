"""One ridge for several rated sets, each on a scale of its own: the scales and the weights are found together.

Shapes: N rated images of all sets, K sets, D features.

Every set's ratings r are taken to the first set's scale by a straight line s = aₖ r + cₖ, aₖ > 0, a₁ = 1, c₁ = 0, and
one vector of weights w is fitted to all of them, an image each. Shared weights and fitted lines are the idea of the
nested least squares of Voran (An iterated nested least-squares algorithm for fitting multiple data sets, NTIA
TM-03-397, 2002), which takes for aₖ what leaves the least squared error on the first set's scale. That error is least
where aₖ is small: with ridge, and ratings that features explain in part, the further sets shrink (measured: to half of
the right slope). Here the lines are those of greatest likelihood instead, as Box and Cox choose the scale of a response
(Journal of the Royal Statistical Society B 26, 1964): the density of ratings as they were given has the factor Π aₖ^Nₖ,
which a small aₖ pays for.

For a strength α the error that ridge leaves is aᵀ Q a, Q = ``RidgePath.unexplained(α)``, with an intercept for each set
(so cₖ takes up what the sets' means differ by). Gaussian errors of one unknown deviation then ask for the least of

    N log(aᵀ Q a) − 2 Σ Nₖ log aₖ,   that is, up to a common factor, the a > 0 with  aₖ (Q a)ₖ = Nₖ.

There is one such a, since ½ aᵀ Q a − Σ Nₖ log aₖ is convex (Marshall and Olkin, Numerische Mathematik 12, 1968). Where
the sets have nothing in common it gives all of them the same error for an image; what they do share moves it.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.pairs import PairedRidge, Pairs
from contrique.evaluation.ridge import FOLDS, Fit, RidgePath
from contrique.evaluation.splits import group_folds, group_split

ROUNDS = 1000
PRECISION = 1e-8
"""Damped Newton steps for the slopes: at most so many, or until their length (its square is what is left) is below."""


@dataclass(frozen=True)
class JointFit:
    """A regressor for several sets, with what its cross-validation saw.

    Attributes:
        fit: the regressor, on the first set's scale; its strength; each row's held-out prediction on that scale.
        slopes_K: aₖ > 0.
        shifts_K: cₖ.
        scores_N: all ratings on the first set's scale.
        paired: what fitted the pairs, where there were any.
    """

    fit: Fit
    slopes_K: np.ndarray
    shifts_K: np.ndarray
    scores_N: np.ndarray
    paired: PairedRidge | None = None

    def on_first_scale(self, scores_M: np.ndarray, sets_M: np.ndarray) -> np.ndarray:
        """Ratings of the sets' images on the first set's scale."""
        return self.slopes_K[sets_M] * scores_M + self.shifts_K[sets_M]


def fit_joint(
    features_ND: np.ndarray,
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    sets_N: np.ndarray,
    *,
    pairs: Pairs | None = None,
    standardise: bool = True,
    seed: int = 0,
) -> JointFit:
    """Fit on everything; strength by folds that keep groups together. One set is exactly ``fit_ridge``.

    The strength is that of the least squared error of held-out predictions, each set's in units of its deviation. It
    and the lines are those of the ratings alone; pairs come in after.

    Args:
        features_ND: raw features of rated images.
        scores_N: their ratings, each set's on its own scale, but all in one direction.
        groups_N: their groups; equal numbers are one group whatever the set.
        sets_N: the set of each image, 0 to K − 1; each has two groups and two ratings at least.
        pairs: of images that must score one better, or both alike; ``rows_M`` are positions among the rated images.
        standardise: as in ``RidgePath``.
        seed: of the folds.

    Raises:
        ContriqueError: bad shapes, values that are not finite, or a set with a single group or rating.
    """
    scores_N, sets_N = np.asarray(scores_N, dtype=np.float64), np.asarray(sets_N)
    if sets_N.max() == 0:
        path, folds_N = (
            RidgePath(features_ND, scores_N, standardise=standardise),
            group_folds(groups_N, FOLDS, seed=seed),
        )
        fit, paired = _with_pairs(path, folds_N, path.best(folds_N), pairs, float(np.std(scores_N)))
        return JointFit(fit, np.ones(1), np.zeros(1), scores_N, paired)
    deviation_K = np.array([np.std(scores_N[sets_N == k]) for k in range(sets_N.max() + 1)])
    if not (deviation_K > 0).all():
        raise ContriqueError("each set needs ratings that differ")
    folds_N = joint_folds(groups_N, sets_N, FOLDS, seed=seed)
    z_N = scores_N / deviation_K[sets_N]
    path = RidgePath(features_ND, z_N, standardise=standardise, sets_N=sets_N)
    strengths_A = path.strengths()
    least = np.inf
    for strength, left_KK in zip(strengths_A, path.unexplained(strengths_A), strict=True):
        across_K = deviation_K[0] * balanced(left_KK, np.bincount(sets_N))  # from z to the first set's scale
        scaled_N = across_K[sets_N] * z_N
        here = path.rated(scaled_N)
        held_out_N = here.held_out(folds_N, np.array([strength]))[:, 0]
        error = np.mean(((held_out_N - scaled_N) / across_K[sets_N]) ** 2)
        if error <= least:
            least, best = error, (here, across_K / deviation_K, held_out_N, strength)
    here, slopes_K, held_out_N, strength = best
    fit = Fit(here.regressors(np.array([strength]))[0], float(strength), held_out_N)
    fit, paired = _with_pairs(here, folds_N, fit, pairs, deviation_K[0])
    fitted_N = fit.regressor.predict(features_ND)
    shifts_K = np.zeros(len(slopes_K))
    for k in range(1, len(slopes_K)):  # a set's mean rating meets its mean prediction, as the first set's does
        shifts_K[k] = np.mean(fitted_N[sets_N == k] - slopes_K[k] * scores_N[sets_N == k])
    fit = replace(fit, held_out_N=fit.held_out_N + shifts_K[sets_N])
    return JointFit(fit, slopes_K, shifts_K, slopes_K[sets_N] * scores_N + shifts_K[sets_N], paired)


def _with_pairs(
    path: RidgePath, folds_N: np.ndarray, fit: Fit, pairs: Pairs | None, deviation: float
) -> tuple[Fit, PairedRidge | None]:
    """The same fit with pairs, if there are any."""
    if pairs is None or not len(pairs):
        return fit, None
    paired = PairedRidge(path, fit.strength, pairs, deviation)
    return Fit(paired.regressor(), fit.strength, paired.held_out(folds_N)), paired


def balanced(left_KK: np.ndarray, counts_K: np.ndarray) -> np.ndarray:
    """The a > 0 with aₖ (Q a)ₖ proportional to Nₖ, and a₁ = 1, by Newton's method.

    Steps are damped by 1/(1 + λ), λ their length in the metric of the Hessian, which converges from anywhere for
    functions such as this one (Nesterov and Nemirovskii, Interior-Point Polynomial Algorithms in Convex Programming,
    1994, 2.2).

    Args:
        left_KK: Q, symmetric, not negative definite, its diagonal above 0.
        counts_K: Nₖ > 0.
    """
    share_K = counts_K / np.min(counts_K)  # all at least 1: with that every damped step stays above 0
    slopes_K = np.sqrt(share_K / np.diag(left_KK))
    for _ in range(ROUNDS):
        gradient_K = left_KK @ slopes_K - share_K / slopes_K
        step_K = np.linalg.solve(left_KK + np.diag(share_K / slopes_K**2), gradient_K)
        decrement = np.sqrt(max(gradient_K @ step_K, 0.0))
        slopes_K -= step_K / (1 + decrement)
        if decrement < PRECISION:
            break
    return slopes_K / slopes_K[0]


def joint_folds(groups_N: np.ndarray, sets_N: np.ndarray, folds: int, *, seed: int = 0) -> np.ndarray:
    """Folds that keep groups together and have every set in two folds at least, as even as ``group_folds`` in each.

    Sets of few groups are dealt first; a group that was met in another set keeps its fold.

    Raises:
        ContriqueError: a set with a single group, or one whose groups all lie in one fold of another set.
    """
    _, group_N = np.unique(groups_N, return_inverse=True)
    fold_G = np.full(group_N.max() + 1, -1)
    members = [np.flatnonzero(sets_N == k) for k in range(np.max(sets_N) + 1)]
    if any(len(np.unique(group_N[rows])) < 2 for rows in members):
        raise ContriqueError("a set has fewer than two groups, by itself or joined by images that other sets have too")
    for rows in sorted(members, key=lambda rows: (len(np.unique(group_N[rows])), len(rows))):
        group_M, dealt_M = group_N[rows], group_folds(group_N[rows], folds, seed=seed)
        new_M = fold_G[group_M] < 0
        fold_G[group_M[new_M]] = dealt_M[new_M]
        if len(np.unique(fold_G[group_M])) < 2:
            raise ContriqueError("all images of one set share content with a few of another: leave one of them out")
    return fold_G[group_N]


def joint_split(
    groups_N: np.ndarray, sets_N: np.ndarray, seed: int | tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions of 80 % of the images, and of the other 20 %, by groups and within each set of three groups or more.

    Sets of two groups are only learned from. A group that is drawn in one set is left out in all.

    Returns:
        None where a set would be left with a single group to learn from, or none is left to test on.
    """
    drawn = np.zeros(len(groups_N), dtype=bool)
    for k in range(np.max(sets_N) + 1):
        rows = np.flatnonzero(sets_N == k)
        if len(np.unique(groups_N[rows])) >= 3:
            drawn[rows[group_split(groups_N[rows], (0.8, 0.2), seed=seed)[1]]] = True
    test_N = np.isin(groups_N, groups_N[drawn])
    learned = [len(np.unique(groups_N[~test_N & (sets_N == k)])) for k in range(np.max(sets_N) + 1)]
    return None if min(learned) < 2 or not test_N.any() else (np.flatnonzero(~test_N), np.flatnonzero(test_N))


def joint_groups(features_ND: np.ndarray, groups_N: np.ndarray, sets_N: np.ndarray) -> np.ndarray:
    """Groups of several sets as numbers of their own: a group of one set is no group of another.

    Except where an image is in both, told by its features: then the two groups share content and become one. (All-zero
    features, which an undistorted image has against its reference, tell nothing.)

    Returns:
        int64 (N,).
    """
    _, own_N = np.unique(np.stack([sets_N, groups_N], axis=1), axis=0, return_inverse=True)
    leader_G = list(range(own_N.max() + 1))

    def lead(group: int) -> int:
        while leader_G[group] != group:
            group = leader_G[group]
        return group

    seen: dict[bytes, int] = {}
    for row, features_D in enumerate(features_ND):
        if features_D.any():
            other = seen.setdefault(hashlib.sha256(features_D.tobytes()).digest(), row)
            if sets_N[other] != sets_N[row]:
                leader_G[lead(own_N[row])] = lead(own_N[other])
    return np.array([lead(group) for group in own_N], dtype=np.int64)
