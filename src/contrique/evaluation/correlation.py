"""How well predictions agree with ratings: SROCC, PLCC, KROCC, RMSE, and PLCC after the field's 5-parameter logistic.

Every function takes predictions x and ratings y, both (N,) and finite, and returns a float. Predictions are expected
in the ratings' own direction, so that positive is good. What has no answer (fewer than two images, constant x or y)
is nan, never 0: a method that gives every image the same number has no rank correlation.
"""

import numpy as np

from contrique.errors import ContriqueError, need

MIN_LOGISTIC = 10
"""Fewer images than this are mapped by a straight line: five parameters would pass through almost anything."""

SLOPES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CENTRES = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
"""Starts of the logistic's β₂ and β₃ in standard deviations of x: from nearly straight to nearly a step, left to
right. All 54 are tried and the best ``REFINED`` refined, so that the answer does not hang on one lucky start."""

REFINED = 3

SLOPE_LIMITS = (0.05, 50.0)
CENTRE_LIMITS = (-5.0, 5.0)
"""Where β₂ and β₃ may go, in the same units: beyond, the curve is a straight line or a step between two images."""

LEAST_RANGE = 1e-150
"""Values within it count as the same: the squares of their differences vanish in float64."""


def plcc(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Pearson's linear correlation: Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²), −1 to 1."""
    x_N, y_N = _pair(x_N, y_N)
    if _flat(x_N) or _flat(y_N):
        return float("nan")
    x_N, y_N = x_N / np.abs(x_N).max(), y_N / np.abs(y_N).max()  # no overflow in the squares
    x_N, y_N = x_N - x_N.mean(), y_N - y_N.mean()
    return float(np.clip(x_N @ y_N / (np.linalg.norm(x_N) * np.linalg.norm(y_N)), -1.0, 1.0))


def srocc(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, ties sharing their mean rank, −1 to 1."""
    x_N, y_N = _pair(x_N, y_N)
    return plcc(_ranks(x_N), _ranks(y_N))


def krocc(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Kendall's τ-b: (concordant − discordant) / √((pairs untied in x)(pairs untied in y)), −1 to 1."""
    x_N, y_N = _pair(x_N, y_N)
    agree = untied_x = untied_y = 0
    for i in range(1, len(x_N)):  # every pair once, one row at a time: memory stays linear
        sign_x, sign_y = np.sign(x_N[:i] - x_N[i]), np.sign(y_N[:i] - y_N[i])
        agree += int(sign_x @ sign_y)
        untied_x += int(np.count_nonzero(sign_x))
        untied_y += int(np.count_nonzero(sign_y))
    return agree / float(np.sqrt(untied_x) * np.sqrt(untied_y)) if untied_x and untied_y else float("nan")


def rmse(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Root mean squared error √(mean (x−y)²), in units of y; x must already be on y's scale."""
    x_N, y_N = _pair(x_N, y_N)
    return float(np.sqrt(np.mean((x_N - y_N) ** 2))) if len(x_N) else float("nan")


def logistic(x_N: np.ndarray, beta_5: np.ndarray) -> np.ndarray:
    """The 5-parameter logistic f(x) = β₁(½ − 1/(1+e^{β₂(x−β₃)})) + β₄x + β₅ (Sheikh et al., IEEE TIP 2006).

    Computed as β₁ tanh(β₂(x−β₃)/2)/2 + β₄x + β₅, which is the same and cannot overflow.
    """
    b1, b2, b3, b4, b5 = np.asarray(beta_5, dtype=np.float64)
    x_N = np.asarray(x_N, dtype=np.float64)
    return b1 * np.tanh(b2 * (x_N - b3) / 2) / 2 + b4 * x_N + b5


def fit_logistic(x_N: np.ndarray, y_N: np.ndarray) -> np.ndarray:
    """Fit the 5-parameter logistic that takes predictions to ratings with the least squared error.

    For given β₂ and β₃ the other three are linear least squares, so only two are searched (variable projection,
    Golub and Pereyra 1973), from the best of a grid of starts (``SLOPES`` × ``CENTRES``) and within stated limits.
    β₂ is positive; β₁ takes the sign, so predictions of the opposite direction fit as well. The straight line is
    always a candidate: it is the answer where nothing is better, with fewer than ``MIN_LOGISTIC`` images, or for
    constant x.

    Returns:
        β₁ … β₅, float64 (5,).

    Raises:
        MissingExtra: SciPy is not installed.
    """
    x_N, y_N = _pair(x_N, y_N)
    if len(x_N) == 0:
        raise ContriqueError("a logistic cannot be fitted to no images")
    if _flat(x_N):
        return np.array([0.0, 1.0, 0.0, 0.0, y_N.mean()])
    centre, spread = x_N.mean(), x_N.std()
    z_N = (x_N - centre) / spread

    def linear(b2: float, b3: float) -> tuple[np.ndarray, np.ndarray]:
        basis_N3 = np.stack([np.tanh(b2 * (z_N - b3) / 2) / 2, z_N, np.ones_like(z_N)], axis=1)
        weights_3 = np.linalg.lstsq(basis_N3, y_N, rcond=1e-10)[0]
        return weights_3, basis_N3 @ weights_3 - y_N

    slope, offset = np.polyfit(z_N, y_N, 1)
    best, least = np.array([0.0, 1.0, 0.0, slope, offset]), float(np.sum((slope * z_N + offset - y_N) ** 2))
    if len(x_N) >= MIN_LOGISTIC and not _flat(y_N):
        optimize = need("scipy.optimize", "evaluate", "the 5-parameter logistic")
        limits = np.log(SLOPE_LIMITS[0]), np.log(SLOPE_LIMITS[1])
        starts = [(np.log(b2), b3) for b2 in SLOPES for b3 in CENTRES]
        starts.sort(key=lambda p: np.sum(linear(np.exp(p[0]), p[1])[1] ** 2))
        for start in starts[:REFINED]:
            found = optimize.least_squares(
                lambda p: linear(np.exp(p[0]), p[1])[1],
                start,
                bounds=([limits[0], CENTRE_LIMITS[0]], [limits[1], CENTRE_LIMITS[1]]),
                max_nfev=50,
            )
            if 2 * found.cost < least:
                b1, b4, b5 = linear(np.exp(found.x[0]), found.x[1])[0]
                best, least = np.array([b1, np.exp(found.x[0]), found.x[1], b4, b5]), 2 * float(found.cost)
    b1, b2, b3, b4, b5 = best  # from standard deviations back to x
    return np.array([b1, b2 / spread, centre + b3 * spread, b4 / spread, b5 - b4 * centre / spread])


def plcc_logistic(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Pearson's correlation of f(x) with y, f the 5-parameter logistic fitted to these very images, 0 to 1.

    The way most papers report PLCC. Never below |PLCC|, and without a sign: the fit turns predictions round. Where
    ``fit_logistic`` falls back to a straight line it is |PLCC|.
    """
    x_N, y_N = _pair(x_N, y_N)
    if _flat(x_N) or _flat(y_N):
        return float("nan")
    fitted = plcc(logistic(x_N, fit_logistic(x_N, y_N)), y_N)
    plain = abs(plcc(x_N, y_N))
    return plain if np.isnan(fitted) else max(fitted, plain)


def rmse_logistic(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """RMSE after the 5-parameter logistic, in units of the ratings: the field's RMSE, for predictions of any scale."""
    x_N, y_N = _pair(x_N, y_N)
    return rmse(logistic(x_N, fit_logistic(x_N, y_N)), y_N) if len(x_N) else float("nan")


def _pair(x_N: np.ndarray, y_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x_N, y_N = np.asarray(x_N, dtype=np.float64), np.asarray(y_N, dtype=np.float64)
    if x_N.ndim != 1 or x_N.shape != y_N.shape:
        raise ContriqueError(f"expected as many predictions as ratings, got shapes {x_N.shape} and {y_N.shape}")
    if not (np.isfinite(x_N).all() and np.isfinite(y_N).all()):
        raise ContriqueError("predictions and ratings must be finite: leave out images without either")
    return x_N, y_N


def _flat(x_N: np.ndarray) -> bool:
    """Whether all values are the same, or so nearly that the squares of their differences vanish in float64."""
    return len(x_N) < 2 or bool(x_N.max() - x_N.min() < LEAST_RANGE)


def _ranks(x_N: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean rank."""
    _, inverse_N, counts = np.unique(x_N, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse_N]
