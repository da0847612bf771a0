"""Linear support vector regression, as CORNIA and HOSA are trained, for many more features than images.

The prediction is w·x + b. Two ways to it, both from the products of images with each other (N × N), never from a copy
of all features at another precision:

    L2 loss   min ½‖w‖² + ½b² + C Σ max(0, |w·x + b − y| − ε)²        liblinear's solver 11 with a bias of 1 (HOSA)
    ν-SVR     min ½‖w‖² + C (ν N ε + Σ max(0, |w·x + b − y| − ε))     libsvm's -s 4 -t 0 (CORNIA)

With w = Xᵀβ the first is a piecewise quadratic problem in N numbers, and Newton's method on it ends at the exact
solution after a few linear systems (Chapelle, "Training a support vector machine in the primal", Neural Computation
19, 2007). The second is scikit-learn's, on a precomputed kernel.

Shapes: N images, D features.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.baselines.baseline import Baseline
from contrique.baselines.patches import array
from contrique.errors import ContriqueError, ModelError, need

if TYPE_CHECKING:
    from contrique.evaluation.protocol import Method

COLUMNS = 2_048
"""Features that are worked on at once."""

STEPS = 200
"""More than Newton's method ever took; where it has not ended then, something is wrong with the features."""


@dataclass(frozen=True)
class LinearRegressor:
    """w·x + b.

    Attributes:
        weight_D: w.
        bias: b.
    """

    weight_D: np.ndarray
    bias: float

    def predict(self, features_ND: np.ndarray) -> np.ndarray:
        """Predictions (N,), float64."""
        parts = range(0, len(self.weight_D), COLUMNS)
        return self.bias + sum(features_ND[:, at : at + COLUMNS] @ self.weight_D[at : at + COLUMNS] for at in parts)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a safetensors file holds, float32."""
        return {"weight": self.weight_D.astype(np.float32), "bias": np.array([self.bias], np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], features: int) -> "LinearRegressor | None":
        """From ``weight`` and ``bias``; None where there is neither.

        Raises:
            ContriqueError: one is missing, of another shape, or not finite.
        """
        if "weight" not in arrays and "bias" not in arrays:
            return None
        return cls(array(arrays, "weight", (features,)), float(array(arrays, "bias", (1,))[0]))


class LinearBaseline(Baseline):
    """A baseline whose number is a linear regression on its features.

    Args:
        card: as ``Baseline`` wants it; ``raw`` is None just where there is no regressor.
        regressor: None with features that are for the protocol only.

    Raises:
        ContriqueError: the card tells of a regressor that is not there, or does not tell of the one that is.
    """

    def __init__(self, card: dict[str, Any], regressor: LinearRegressor | None) -> None:
        super().__init__(card)
        if (regressor is None) != (card["raw"] is None):
            raise ContriqueError("the card's raw and the regressor's weight and bias go together: one is missing")
        self._regressor = regressor

    @abstractmethod
    def candidates(self, features_ND: np.ndarray, scores_N: np.ndarray) -> list[LinearRegressor]:
        """The regressors of the method's paper, fitted to ratings on any scale and in any direction: one or several."""

    def raw(self, features_ND: np.ndarray) -> np.ndarray:
        """The method's number: an estimate of DMOS, lower is better.

        Raises:
            ModelError: there is no regressor.
        """
        if self._regressor is None:
            raise ModelError(f"{self.name} has features for contrique evaluate, but no regressor and so no scores")
        return self._regressor.predict(features_ND)

    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool = False) -> "Method":
        """The method's regressor fitted anew to each split's training images; of several the best on validation.

        That is the one of the greatest PLCC there, as for ridge (``protocol.ridge_on``); the first where none has any.
        """
        from contrique.evaluation.correlation import plcc

        def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
            fitted = self.candidates(features_ND[train], scores_N[train])
            best = 0
            if len(fitted) > 1:
                seen_ND, seen_N = features_ND[validation], scores_N[validation]
                best = int(np.argmax(np.nan_to_num([plcc(one.predict(seen_ND), seen_N) for one in fitted], nan=-2.0)))
            return fitted[best].predict(features_ND[test])

        return predict


def on_hundred(fit: Callable[[np.ndarray], list[LinearRegressor]], scores_N: np.ndarray) -> list[LinearRegressor]:
    """Fit to ratings brought to 0–100, which published costs are for, and bring regressors back to their scale."""
    low, span = float(np.min(scores_N)), float(np.ptp(scores_N)) or 1.0
    fitted = fit(100 * (np.asarray(scores_N, np.float64) - low) / span)
    return [LinearRegressor(one.weight_D * (span / 100), one.bias * (span / 100) + low) for one in fitted]


def gram(x_ND: np.ndarray, scale_D: np.ndarray | None = None, shift_D: np.ndarray | None = None) -> np.ndarray:
    """Products of the rows of ``x * scale + shift`` with each other, float64 (N, N)."""
    kernel_NN = np.zeros((len(x_ND), len(x_ND)))
    for start in range(0, x_ND.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        x_NC = x_ND[:, part]
        if scale_D is not None and shift_D is not None:
            x_NC = x_NC * scale_D[part].astype(x_ND.dtype) + shift_D[part].astype(x_ND.dtype)
        kernel_NN += x_NC @ x_NC.T
    return kernel_NN


def fit_l2_svr(x_ND: np.ndarray, y_N: np.ndarray, *, costs: Sequence[float], epsilon: float) -> list[LinearRegressor]:
    """Linear regressions with squared ε-insensitive loss and a bias that is penalised like a weight, one for each cost.

    Raises:
        ContriqueError: features or ratings that are not finite.
    """
    kernel_NN = gram(x_ND)
    kernel_NN += 1
    betas = (solve_l2_svr(kernel_NN, y_N, cost=cost, epsilon=epsilon) for cost in costs)
    return [LinearRegressor(beta_N @ x_ND, float(beta_N.sum())) for beta_N in betas]


def solve_l2_svr(kernel_NN: np.ndarray, y_N: np.ndarray, *, cost: float, epsilon: float) -> np.ndarray:
    """β (N,) of the L2 loss from the products of images with each other, each with a 1 for the bias.

    Raises:
        ContriqueError: products or ratings that are not finite.
    """
    if not (np.isfinite(kernel_NN).all() and np.isfinite(y_N).all()):
        raise ContriqueError("features and ratings must be finite")

    def loss(beta_N: np.ndarray, fitted_N: np.ndarray) -> float:
        over_N = np.maximum(np.abs(fitted_N - y_N) - epsilon, 0)
        return float(beta_N @ fitted_N / 2 + cost * (over_N @ over_N))

    beta_N, fitted_N = np.zeros(len(y_N)), np.zeros(len(y_N))
    least = loss(beta_N, fitted_N)
    for _ in range(STEPS):
        away_N = fitted_N - y_N
        active = np.flatnonzero(np.abs(away_N) > epsilon)
        system = kernel_NN[np.ix_(active, active)]
        system[np.diag_indices(len(active))] += 1 / (2 * cost)
        step_N = -beta_N  # to 0 for those that are not active, and for the others to the solution of the system
        step_N[active] += np.linalg.solve(system, y_N[active] + np.sign(away_N[active]) * epsilon)
        change_N = kernel_NN @ step_N
        tries = ((loss(beta_N + part * step_N, fitted_N + part * change_N), part) for part in 0.5 ** np.arange(20))
        new, part = next(((new, part) for new, part in tries if new < least), (least, 0.0))
        if new >= least * (1 - 1e-12):
            break
        beta_N, fitted_N, least = beta_N + part * step_N, fitted_N + part * change_N, new
    return beta_N


def fit_nu_svr(x_ND: np.ndarray, y_N: np.ndarray, *, costs: Sequence[float], nu: float) -> list[LinearRegressor]:
    """Linear ν-SVRs on features scaled to −1 … 1 by the least and greatest of each, one for each cost.

    A feature that never varies is left out.

    The kernel takes 8 N² bytes (2 GB for 16,000 images), and libsvm as much again for its own copy.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    svm = need("sklearn.svm", "evaluate", "training CORNIA")
    low_D, high_D = x_ND.min(axis=0).astype(np.float64), x_ND.max(axis=0).astype(np.float64)
    varies_D = high_D > low_D
    scale_D = np.where(varies_D, 2 / np.where(varies_D, high_D - low_D, 1), 0)
    shift_D = np.where(varies_D, 1 - scale_D * high_D, 0)
    kernel_NN = gram(x_ND, scale_D, shift_D)
    fitted = []
    for cost in costs:
        svr = svm.NuSVR(kernel="precomputed", C=cost, nu=nu).fit(kernel_NN, y_N)
        beta_S = svr.dual_coef_[0]
        weight_D = beta_S @ x_ND[svr.support_] * scale_D + beta_S.sum() * shift_D
        fitted.append(LinearRegressor(weight_D * scale_D, float(svr.intercept_[0] + weight_D @ shift_D)))
    return fitted
