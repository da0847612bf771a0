"""Ridge that also learns from images nobody rated: which of two must score better, and which two must score alike.

Shapes: N rated images, M pairs, D features, B rows of one fold.

With d the difference of two images' features, the regressor's w is the least of

    ‖y − b − X w‖² + α ‖w‖² + μ Σ_ordered max(0, δ − w·d)² + ν Σ_alike (w·d)²

An ordered pair whose better image already scores better by the margin δ costs nothing; all of them together weigh as
much as the rated images do, μ = N / M_ordered, and pairs alike a share of that. The first is the ranking machine of
Chapelle and Keerthi (Efficient algorithms for ranking with SVMs, Information Retrieval 13, 2010, their equation 1) with
ratings beside it; the second asks for an invariance as Simard and others do (Tangent prop, NIPS 1991), by differences
in place of derivatives.

Solved as they do, by Newton's method, which for such a function ends after finitely many steps (Mangasarian, A finite
Newton method for classification, Optimization Methods and Software 17, 2002), but in the space of pairs: with
K = XᵀX + α and the ridge solution w₀, the solution is w₀ + K⁻¹ Dᵀ β, β = weight × what a pair lacks, 0 where it lacks
nothing. One product S = D K⁻¹ Dᵀ then serves every step, and, corrected for the rows left out, every held-out fold:

    (K − X_BᵀX_B)⁻¹ = K⁻¹ + K⁻¹X_Bᵀ (I − H_BB)⁻¹ X_B K⁻¹
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.regressor import Regressor

if TYPE_CHECKING:
    from contrique.evaluation.ridge import RidgePath

MARGIN = 0.25
"""δ, in deviations of the (first set's) ratings: docs/experiments.md, 18."""

ALIKE = 0.3
"""What all pairs of images that must score alike weigh together, the rated images being 1: docs/experiments.md, 19."""

MOST = 2000
"""Pairs of one kind at most: a solve takes their cube, and 2,000 gave what 4,000 did."""

STEPS = 50
"""Newton steps at most; five are usual."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of images by the difference of their features.

    Attributes:
        differences_MD: raw features of the better image less those of the other; of two that are alike, in any order.
        alike_M: whether the two must score alike (else the first better).
        rows_M: for pairs made of a rated image its position among the rated; −1 for others.
        photographs_M: for the others, numbers of the photographs they were made of; −1 for pairs of rated images.
    """

    differences_MD: np.ndarray
    alike_M: np.ndarray
    rows_M: np.ndarray
    photographs_M: np.ndarray

    def __post_init__(self) -> None:
        """Check shapes and values.

        Raises:
            ContriqueError: they do not fit each other, or differences are not finite.
        """
        count = len(self.differences_MD)
        if self.differences_MD.ndim != 2 or any(
            part.shape != (count,) for part in (self.alike_M, self.rows_M, self.photographs_M)
        ):
            raise ContriqueError("pairs need differences (M, D) and three vectors (M,)")
        if not np.isfinite(self.differences_MD).all():
            raise ContriqueError("differences of features must be finite")

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.differences_MD)

    def only(self, keep_M: np.ndarray) -> "Pairs":
        """Some of the pairs: a mask, or positions."""
        return Pairs(self.differences_MD[keep_M], self.alike_M[keep_M], self.rows_M[keep_M], self.photographs_M[keep_M])

    def among(self, rows: np.ndarray, count: int) -> "Pairs":
        """For a fit to ``rows`` of ``count`` rated images: without pairs of the others, positions counted anew."""
        place_N = np.full(count, -1)
        place_N[rows] = np.arange(len(rows))
        kept = self.only((self.rows_M < 0) | (place_N[self.rows_M] >= 0))
        rows_M = np.where(kept.rows_M < 0, -1, place_N[kept.rows_M])
        return Pairs(kept.differences_MD, kept.alike_M, rows_M, kept.photographs_M)

    def moved(self, by: int) -> "Pairs":
        """With positions of rated images counted from ``by`` on."""
        return Pairs(
            self.differences_MD,
            self.alike_M,
            np.where(self.rows_M < 0, -1, self.rows_M + by),
            self.photographs_M,
        )

    def drawn(self, seed: int) -> "Pairs":
        """At most ``MOST`` of the ordered ones and as many of those alike, at random."""
        order_M = np.random.default_rng(seed).permutation(len(self))
        return self.only(np.sort(np.concatenate([order_M[self.alike_M[order_M] == kind][:MOST] for kind in (0, 1)])))

    def for_ratings(self, lower_is_better: bool) -> "Pairs":
        """The same pairs where a better image has the lower rating: differences the other way round."""
        sign = -1 if lower_is_better else 1
        return Pairs(sign * self.differences_MD, self.alike_M, self.rows_M, self.photographs_M)

    @classmethod
    def joined(cls, parts: "list[Pairs]") -> "Pairs":
        """Several as one."""
        return cls(
            np.concatenate([part.differences_MD for part in parts]),
            np.concatenate([part.alike_M for part in parts]),
            np.concatenate([part.rows_M for part in parts]),
            np.concatenate([part.photographs_M for part in parts]),
        )


class PairedRidge:
    """Ridge of one strength with pairs.

    Args:
        path: the rated images with their ratings.
        strength: α.
        pairs: not empty.
        deviation: of the (first set's) ratings, the unit of the margin.
    """

    def __init__(self, path: "RidgePath", strength: float, pairs: Pairs, deviation: float) -> None:
        self._path, self._strength, self._pairs = path, strength, pairs
        d_MD = path.scaled(pairs.differences_MD)
        inverse_DM = path.inverse(d_MD, strength).T
        self._own_MM = d_MD @ inverse_DM
        self._to_rows_NM = path.at(np.arange(len(path)))[0] @ inverse_DM
        self._start_M = pairs.differences_MD @ path.regressors(np.array([strength]))[0].coef_D
        self._margin_M = np.where(pairs.alike_M, 0.0, MARGIN * deviation)
        alike = int(pairs.alike_M.sum())
        weights = len(path) / max(len(pairs) - alike, 1), ALIKE * len(path) / max(alike, 1)
        self._weight_M = np.where(pairs.alike_M, weights[1], weights[0])
        self._beta_M = np.zeros(len(pairs))
        self._beta_M = self._solve(self._own_MM, self._start_M, np.ones(len(pairs), dtype=bool))

    def regressor(self) -> Regressor:
        """Fitted to all ratings and pairs."""
        d_D = self._path.scaled(self._beta_M @ self._pairs.differences_MD)
        return self._path.moved(self._path.inverse(d_D, self._strength), self._strength)

    def held_out(self, folds_N: np.ndarray) -> np.ndarray:
        """Predict every rated image by a fit that saw neither its fold nor pairs made of that fold's images.

        Returns:
            float64 (N,).
        """
        held_out_N = np.empty(len(folds_N))
        fold_M = np.where(self._pairs.rows_M < 0, -1, folds_N[self._pairs.rows_M])
        for fold in np.unique(folds_N):
            rows = np.flatnonzero(folds_N == fold)
            to_BM, y_B = self._to_rows_NM[rows], self._path.at(rows)[1]
            rest_BB, residual_B, by = next(self._path.without(rows, np.array([self._strength])))
            out_B, out_BM = np.linalg.solve(rest_BB, residual_B), np.linalg.solve(by * rest_BB, to_BM)
            own_MM, start_M = self._own_MM + to_BM.T @ out_BM, self._start_M - to_BM.T @ out_B
            held_out_N[rows] = y_B - out_B + out_BM @ self._solve(own_MM, start_M, fold_M != fold)
        return held_out_N

    def order_kept(self) -> tuple[float, float]:
        """The share of ordered pairs whose better image scores better: by ridge alone, and held out.

        Held out is by five fits, each without the pairs of a fifth of the photographs. Both are nan without ordered
        pairs, the second also where these come from a single photograph.
        """
        ordered = np.flatnonzero(~self._pairs.alike_M)
        photographs, place_O = np.unique(self._pairs.photographs_M[ordered], return_inverse=True)
        if len(photographs) < 2:
            return float(np.mean(self._start_M[ordered] > 0)) if len(ordered) else float("nan"), float("nan")
        right_M = np.zeros(len(self._pairs), dtype=bool)
        for part in range(min(5, len(photographs))):
            used_M = np.ones(len(self._pairs), dtype=bool)
            used_M[ordered[place_O % 5 == part]] = False
            beta_M = self._solve(self._own_MM, self._start_M, used_M)
            right_M |= ~used_M & (self._start_M + self._own_MM @ beta_M > 0)
        return float(np.mean(self._start_M[ordered] > 0)), float(np.mean(right_M[ordered]))

    def _solve(self, own_MM: np.ndarray, start_M: np.ndarray, used_M: np.ndarray) -> np.ndarray:
        """β by Newton's method, from the pairs that lack something in the fit to everything.

        A step is halved until it lowers the sum.
        """

        def lacking(beta_M: np.ndarray) -> tuple[np.ndarray, float]:
            lack_M = self._margin_M - start_M - own_MM @ beta_M
            active_M = used_M & (self._pairs.alike_M | (lack_M > 0))
            return active_M, float(beta_M @ own_MM @ beta_M + self._weight_M[active_M] @ lack_M[active_M] ** 2)

        beta_M = np.zeros(len(start_M))
        active_M, cost = lacking(beta_M)
        if self._beta_M.any():
            active_M = used_M & (self._beta_M != 0)
        for _ in range(STEPS):
            active = np.flatnonzero(active_M)
            whole_M = np.zeros(len(start_M))
            if len(active):
                parts = own_MM[np.ix_(active, active)], 1 / self._weight_M[active], (self._margin_M - start_M)[active]
                whole_M[active] = _solved(*parts)
            step = 1.0
            next_active_M, next_cost = lacking(whole_M)
            while next_cost > cost * (1 + 1e-9) and step > 1e-6:
                step /= 2
                next_active_M, next_cost = lacking(beta_M + step * (whole_M - beta_M))
            beta_M = beta_M + step * (whole_M - beta_M)
            done = step == 1.0 and np.array_equal(next_active_M, active_M)
            active_M, cost = next_active_M, next_cost
            if done:
                break
        return beta_M


def _solved(own_AA: np.ndarray, add_A: np.ndarray, right_A: np.ndarray) -> np.ndarray:
    """(S + diag(add))⁻¹ right.

    A column that hardly varies among the rated images and does between pairs makes S so large that rounding leaves it
    with eigenvalues below 0: then as much is added to the diagonal as it takes.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    for lift in (0.0, *np.logspace(-16, 0, 9)):
        system_AA = own_AA.copy()
        system_AA[np.diag_indices(len(add_A))] += add_A + lift * np.trace(own_AA)
        try:
            factor = cho_factor(system_AA, lower=True, overwrite_a=True, check_finite=False)
            break
        except LinAlgError:
            continue
    else:
        raise ContriqueError("pairs cannot be fitted: their features differ by too much for the numbers here")
    return cho_solve(factor, right_A, check_finite=False)
