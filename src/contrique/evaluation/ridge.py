"""Ridge regression on frozen features: every strength from one eigendecomposition, the strength by group folds.

Shapes: N rated images, D features, A strengths, R = min(N − 1, D) eigenvalues, B rows of one fold.

Ridge with a free intercept minimises ‖y − b − X w‖² + α‖w‖². Centring X and y removes b; with the eigendecomposition
X Xᵀ = U Λ Uᵀ (N < D) or Xᵀ X = V Λ Vᵀ (D ≤ N), every α costs one diagonal division:

    w = Xᵀ U (Λ + α)⁻¹ Uᵀ y      or      w = V (Λ + α)⁻¹ Vᵀ Xᵀ y

The same decomposition gives the predictions of all held-out folds exactly, without fitting them: with the hat matrix
H = 1/N + Z (Λ + α)⁻¹ Zᵀ, Z = X V, the residuals of fold B by a fit on all other folds are (I − H_BB)⁻¹ (y − Hy)_B
(Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd ed., 7.10, in its block form). Images of
several sets share w and have an intercept for each set: X and y are then centred within each set, and 1/N becomes 1/N_k
between rows of set k, 0 between sets.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.regressor import Regressor
from contrique.evaluation.splits import group_folds

FOLDS = 10
"""Folds for choosing the strength: the held-out fits see 90 % of the data, and more folds are cheaper, not dearer."""

CONSTANT = 1e-6
"""A column whose deviation is below this share of its mean is constant: float32 features carry rounding of 1e-7."""


class RidgePath:
    """Ridge for any number of strengths, from one eigendecomposition.

    Args:
        features_ND: finite features, N ≥ 2.
        scores_N: finite ratings.
        standardise: divide every column by its deviation over these rows (constant columns get weight 0), so that one
            strength fits columns of any size; the strengths then act on standardised columns.
        sets_N: the set of each row, 0 to K − 1, none of them empty, where each set has an intercept of its own; one
            intercept for all if left out. The deviation of a column is then that around the means of the sets.

    Raises:
        ContriqueError: shapes that do not fit, fewer than two rows, or values that are not finite.
    """

    def __init__(
        self,
        features_ND: np.ndarray,
        scores_N: np.ndarray,
        *,
        standardise: bool = True,
        sets_N: np.ndarray | None = None,
    ) -> None:
        x_ND = np.array(features_ND, dtype=np.float64)
        y_N = np.asarray(scores_N, dtype=np.float64)
        if x_ND.ndim != 2 or y_N.shape != x_ND.shape[:1] or x_ND.shape[0] < 2 or x_ND.shape[1] < 1:
            raise ContriqueError(
                f"expected features (N, D) and scores (N,) with N ≥ 2, got {x_ND.shape} and {y_N.shape}"
            )
        if not (np.isfinite(x_ND).all() and np.isfinite(y_N).all()):
            raise ContriqueError("features and scores must be finite: leave out images that could not be read")
        self._set_N = np.zeros(len(y_N), dtype=np.int64) if sets_N is None else np.asarray(sets_N)
        self._members = [np.flatnonzero(self._set_N == k) for k in range(self._set_N.max() + 1)]
        self._mean_KD = np.empty((len(self._members), x_ND.shape[1]))
        for k, rows in enumerate(self._members):
            if len(self._members) == 1:  # in place: no copy of all features
                self._mean_KD[k] = x_ND.mean(axis=0)
                x_ND -= self._mean_KD[k]
            else:
                self._mean_KD[k] = x_ND[rows].mean(axis=0)
                x_ND[rows] -= self._mean_KD[k]
        self._scale_D = np.ones(x_ND.shape[1])
        self._constant_D = np.zeros(x_ND.shape[1], dtype=bool)
        if standardise:
            self._scale_D = np.sqrt(np.einsum("nd,nd->d", x_ND, x_ND) / len(x_ND))
            self._constant_D = self._scale_D <= CONSTANT * np.abs(self._mean_KD).max(axis=0)
            self._scale_D[self._constant_D] = 1.0
            x_ND[:, self._constant_D] = 0.0
            x_ND /= self._scale_D
        self._x_ND = x_ND
        self._dual = x_ND.shape[0] < x_ND.shape[1]
        if self._dual:
            gram_NN = x_ND @ x_ND.T
            # Centring made each set's constant vector an eigenvector of eigenvalue 0, mixed with others of 0. They
            # belong to the intercepts: given twice the trace for their eigenvalue, they come out last, and are dropped.
            shift = 2 * (np.trace(gram_NN) or 1.0)
            for rows in self._members:
                for row in rows:
                    gram_NN[row, rows] += shift / len(rows)
            lam_R, self._basis = (part[..., : -len(self._members)] for part in np.linalg.eigh(gram_NN))  # U (N, N − K)
        else:
            lam_R, self._basis = np.linalg.eigh(x_ND.T @ x_ND)  # V (D, D)
        self._lam_R = np.maximum(lam_R, 0.0)
        self._rate(y_N)

    def _rate(self, y_N: np.ndarray) -> None:
        """Take in the ratings."""
        self._y_N = y_N
        self._center_K = np.array([y_N[rows].mean() for rows in self._members])
        y_N = y_N - self._center_K[self._set_N]
        self._right_R = self._basis.T @ (y_N if self._dual else self._x_ND.T @ y_N)

    def __len__(self) -> int:
        """How many rated images."""
        return len(self._y_N)

    def rated(self, scores_N: np.ndarray) -> "RidgePath":
        """The same features with other ratings, without another decomposition."""
        path = copy.copy(self)
        path._rate(np.asarray(scores_N, dtype=np.float64))
        return path

    def unexplained(self, strengths_A: np.ndarray) -> np.ndarray:
        """What ridge leaves of the sets' ratings: tᵢᵀ (I − H) tⱼ, tₖ the centred ratings of set k and 0 elsewhere.

        Args:
            strengths_A: strengths, each > 0.

        Returns:
            float64 (A, K, K), symmetric, not negative definite. ‖y − b − X w‖² + α‖w‖² at the ridge solution for the
            ratings Σ aₖ tₖ is aᵀ (that) a.
        """
        own_NK = self._set_N[:, None] == np.arange(len(self._members))
        t_NK = own_NK * (self._y_N - self._center_K[self._set_N])[:, None]
        right_RK = self._basis.T @ (t_NK if self._dual else self._x_ND.T @ t_NK)
        left = []
        for strength in _positive(strengths_A):
            if self._dual:
                left.append(right_RK.T @ (right_RK * (strength / (self._lam_R + strength))[:, None]))
            else:
                left.append(t_NK.T @ t_NK - right_RK.T @ (right_RK / (self._lam_R + strength)[:, None]))
        return np.array(left)

    def strengths(self) -> np.ndarray:
        """The grid searched: 29 values, four to a decade, from 1e-5 to 100 times the mean eigenvalue.

        Relative to the eigenvalues, so that it fits few or many images, few or many features; the last values
        shrink everything to the mean rating.
        """
        mean = self._lam_R.sum() / min(len(self._y_N) - len(self._members), self._x_ND.shape[1])
        return (mean if mean > 0 else 1.0) * np.logspace(-5, 2, 29)

    def regressors(self, strengths_A: np.ndarray) -> list[Regressor]:
        """The ridge solution for each strength, equal to ``sklearn.linear_model.Ridge(alpha=strength)``.

        Of several sets, the intercept is the first one's.
        """
        shrunk_RA = self._right_R[:, None] / (self._lam_R[:, None] + _positive(strengths_A))
        coef_AD = (self._basis @ shrunk_RA).T
        coef_AD = (coef_AD @ self._x_ND if self._dual else coef_AD) / self._scale_D
        return [Regressor(coef_D, float(self._center_K[0] - coef_D @ self._mean_KD[0])) for coef_D in coef_AD]

    def held_out(self, folds_N: np.ndarray, strengths_A: np.ndarray) -> np.ndarray:
        """Predict every row by the ridge fitted on all other folds (column scales stay those of all rows).

        Args:
            folds_N: the fold of each row; at least two different ones, in each set.
            strengths_A: strengths, each > 0.

        Returns:
            float64 (N, A), on the ratings' scale; of several sets, each with the intercept of its own other folds.
        """
        strengths_A = _positive(strengths_A)
        folds_N = np.asarray(folds_N)
        names = np.unique(folds_N)
        if folds_N.shape != self._y_N.shape or len(names) < 2:
            raise ContriqueError(f"expected a fold for each of {len(self._y_N)} rows and at least two folds")
        predicted_NA = np.empty((len(self._y_N), len(strengths_A)))
        for name in names:
            rows = np.flatnonzero(folds_N == name)
            for column, (rest_BB, residual_B, _) in enumerate(self.without(rows, strengths_A)):
                predicted_NA[rows, column] = self._y_N[rows] - np.linalg.solve(rest_BB, residual_B)
        return predicted_NA

    def without(self, rows: np.ndarray, strengths_A: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """What a fit without some rows takes: (I − H)_BB / c, (y − H y)_B / c and c > 0, for each strength.

        (I − H)_BB⁻¹ (y − H y)_B are the rows' residuals by that fit. c is α where N < D: it cancels, and with it the
        loss of digits for small α; else 1.
        """
        same_BB = self._set_N[rows, None] == self._set_N[rows]
        size_B = np.bincount(self._set_N)[self._set_N[rows]]
        part_BR = self._basis[rows] if self._dual else self._x_ND[rows] @ self._basis
        for strength in strengths_A:
            shrunk_BR = part_BR / (self._lam_R + strength)
            if self._dual:  # I − H = α U (Λ + α)⁻¹ Uᵀ
                yield shrunk_BR @ part_BR.T, shrunk_BR @ self._right_R, strength
            else:  # I − H = I − 1/N − Z (Λ + α)⁻¹ Zᵀ
                centred_B = self._y_N[rows] - self._center_K[self._set_N[rows]]
                rest_BB = np.eye(len(rows)) - same_BB / size_B - shrunk_BR @ part_BR.T
                yield rest_BB, centred_B - shrunk_BR @ self._right_R, 1.0

    def best(self, folds_N: np.ndarray) -> "Fit":
        """The fit on everything with the strength of least held-out error."""
        strengths_A = self.strengths()
        predicted_NA = self.held_out(folds_N, strengths_A)
        best = best_strength(predicted_NA, self._y_N)
        return Fit(self.regressors(strengths_A[best : best + 1])[0], float(strengths_A[best]), predicted_NA[:, best])

    def scaled(self, differences_MD: np.ndarray) -> np.ndarray:
        """Differences of raw features in the units of the columns; 0 in constant ones."""
        return np.where(self._constant_D, 0.0, np.asarray(differences_MD, dtype=np.float64) / self._scale_D)

    def inverse(self, vectors_MD: np.ndarray, strength: float) -> np.ndarray:
        """(XᵀX + α)⁻¹ times vectors in the units of the columns: float64 (M, D)."""
        if self._dual:  # (1 − Xᵀ U (Λ + α)⁻¹ Uᵀ X) / α
            pulled_MR = (vectors_MD @ self._x_ND.T) @ self._basis / (self._lam_R + strength)
            return (vectors_MD - (pulled_MR @ self._basis.T) @ self._x_ND) / strength
        return (vectors_MD @ self._basis / (self._lam_R + strength)) @ self._basis.T

    def at(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features of some rows, centred and in the units of the columns, and their ratings."""
        return self._x_ND[rows], self._y_N[rows]

    def moved(self, by_D: np.ndarray, strength: float) -> Regressor:
        """The ridge solution with ``by_D`` added to its weights, which are in the units of the columns."""
        coef_D = self.regressors(np.array([strength]))[0].coef_D + by_D / self._scale_D
        return Regressor(coef_D, float(self._center_K[0] - coef_D @ self._mean_KD[0]))


@dataclass(frozen=True)
class Fit:
    """A regressor fitted on everything, with what its cross-validation saw.

    Attributes:
        regressor: fitted on all rows with the chosen strength.
        strength: ridge α, on standardised columns where they were standardised.
        held_out_N: each row's prediction by a fit that had not seen its group.
    """

    regressor: Regressor
    strength: float
    held_out_N: np.ndarray


def best_strength(predicted_MA: np.ndarray, scores_M: np.ndarray) -> int:
    """Index of the strength with the least mean squared error; the stronger of equals.

    Squared error and not SROCC: over all images in cross-validation it is what ridge minimises and what sets the width
    of the interval, and it is smooth in the strength.
    """
    error_A = np.mean((predicted_MA - scores_M[:, None]) ** 2, axis=0)
    return int(len(error_A) - 1 - np.argmin(error_A[::-1]))


def fit_ridge(
    features_ND: np.ndarray,
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    *,
    standardise: bool = True,
    seed: int = 0,
) -> Fit:
    """Fit on everything, with the strength of least error over folds that keep groups together.

    Args:
        features_ND: raw features of rated images.
        scores_N: their ratings, any scale and direction.
        groups_N: their groups; at least two different ones.
        standardise: as in ``RidgePath``.
        seed: of the folds.

    Raises:
        ContriqueError: bad shapes, values that are not finite, or fewer than two groups.
    """
    path = RidgePath(features_ND, scores_N, standardise=standardise)
    return path.best(group_folds(groups_N, FOLDS, seed=seed))


def _positive(strengths_A: np.ndarray) -> np.ndarray:
    strengths_A = np.atleast_1d(np.asarray(strengths_A, dtype=np.float64))
    if not (strengths_A > 0).all():
        raise ContriqueError(f"ridge strengths must be above 0, got {strengths_A.min()}")
    return strengths_A
