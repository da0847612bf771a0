"""HOSA, high order statistics aggregation.

J. Xu, P. Ye, Q. Li, H. Du, Y. Liu, D. Doermann, "Blind image quality assessment based on high order statistics
aggregation", IEEE Transactions on Image Processing 25(9), 2016; the authors' MATLAB release, which this follows.

Patches of 7 × 7 pixels are taken on a grid with steps of ⌊√(pixels / 10,000)⌋ from the picture without two pixels at
each border, normalised and whitened (patches.py). Each is given to the 5 nearest of 100 words c_k of a codebook with
weights ∝ e^(−0.05 d²) that sum to 1. Of the patches of a word, weighted by w (made to sum to 1 over them),

    m − c_k,    s² − s²_k,    g / (s³ + 10⁻⁴) − g_k       with m = Σ w x,  s² = Σ w (x − m)²,  g = Σ w (x − m)³

are what the image has differently from the word's own patches in mean, variance and skewness, 49 numbers each. All
14,700 to the signed power of 0.2, then divided by their length, go to a linear support vector regression: liblinear's
L2-loss one with a bias of 1 (the release's solver 11) and ε = 0.1, liblinear's own, on ratings from 0 to 100. The notes
of the release say C = 1 for all of TID2013 and 128 else; here each split takes the one that does better on validation.

Agrees with what is published for the release's two images: 69.5532 (69.55) and 12.3904 (12.39). As in the release, a
word whose patches vary by no more than 10⁻⁸ in all (a single patch, a flat picture) has only the mean's residual, and
one without patches has zeros. Known deviations:
    - Where a word has a single patch, the MATLAB code multiplies the mean's residual by a weight: that of the patch for
      its *fifth* word, by a loop variable left over. Here, as in the paper's formula and in the value published, the
      only weight is 1. (With the slip the first image has 69.7332; the second has no such word.)
    - Sums run in another order, which moves a score by less than 10⁻⁶.
    - Under 11 pixels a side there is no patch: an error here.

Shapes: N patches, K words, 49 pixels of a patch, D = 3 · 49 · K features: all means, word by word, then all variances,
then all skewnesses.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from contrique.baselines import nss
from contrique.baselines.linear import LinearBaseline, LinearRegressor, fit_l2_svr, on_hundred
from contrique.baselines.parameters import CARD, WEIGHTS, digest_of, read_matlab, read_method
from contrique.baselines.patches import PIXELS, SIDE, Whitening, array, products, summed_products, take
from contrique.errors import ContriqueError, ModelError

CODEBOOK, WHITENING, MODEL = "codebook_hosa.mat", "whitening_param.mat", "hosa_live_model.mat"
FILES = tuple(prefix + name for name in (CODEBOOK, MODEL) for prefix in ("", "hosa_"))
WORDS = 100
NEAREST = 5
GAMMA = 0.05
POWER = 0.2
BORDER = 2
GRID = 10_000
"""About how many patches are taken: up to 40,000, of a picture just below the size at which steps grow to 2."""

LEAST_VARIANCE = 1e-8
SKEWNESS_FLOOR = 1e-4
COSTS, EPSILON = (1.0, 128.0), 0.1

BLOCK = 4_096
"""Patches that are encoded at once. With 100 words an image takes 14 MB, or 30 MB with the most patches it can have."""

OFFICIAL = {
    "name": "hosa-official",
    "method": "HOSA",
    "training": {"ratings": "LIVE image quality database, release 2, all of it (DMOS)", "codebook": "CSIQ"},
    "raw": {
        "range": "about 0 (best) to 100 (worst): DMOS of LIVE; may leave that range a little",
        "lower_is_better": True,
        "mapping": {"low": 0.0, "high": 100.0, "lower_is_better": True},
        "interval": None,
    },
}
"""The card of the authors' own parameters."""


class Codebook(NamedTuple):
    """What each word's own patches are like, float64 (K, 49) each.

    Attributes:
        mean_KP: the word itself.
        variance_KP: of its patches, number by number.
        skewness_KP: the same.
    """

    mean_KP: np.ndarray
    variance_KP: np.ndarray
    skewness_KP: np.ndarray


class Hosa(LinearBaseline):
    """HOSA with the codebook and regressor given.

    Args:
        card: as ``LinearBaseline`` wants it.
        codebook: the words.
        whitening: what the words' patches were whitened by; pixels of a patch run along its rows.
        regressor: None with a codebook that is for the protocol only.
    """

    def __init__(
        self, card: dict[str, Any], codebook: Codebook, whitening: Whitening, regressor: LinearRegressor | None
    ) -> None:
        super().__init__(card, regressor)
        self._codebook, self._whitening = codebook, whitening
        self.digest = digest_of("hosa-1", *codebook, whitening.mean_49, whitening.matrix_PP)
        self.dim = 3 * codebook.mean_KP.size

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """See ``encode``; float64 (D,)."""
        return encode(self._whitening(grid(nss.grey(image_HWC))), self._codebook)

    def candidates(self, features_ND: np.ndarray, scores_N: np.ndarray) -> list[LinearRegressor]:
        """One regressor for each of the paper's costs."""
        return fit(features_ND, scores_N)


def fit(features_ND: np.ndarray, scores_N: np.ndarray, costs: Sequence[float] = COSTS) -> list[LinearRegressor]:
    """The regression of the paper with each cost, for ratings on any scale, which is brought to 0–100 for it."""
    return on_hundred(lambda y_N: fit_l2_svr(features_ND, y_N, costs=costs, epsilon=EPSILON), scores_N)


def load(parameters: Path | None = None) -> Hosa:
    """HOSA with the shipped parameters, the release's own, or a codebook that ``contrique codebook`` wrote.

    Args:
        parameters: a folder with the release's three files, named as there or with ``hosa_`` before it, or with ours.

    Raises:
        ModelError: a file is missing or damaged.
        MissingExtra: the release's files need SciPy.
    """
    if parameters is not None and not (parameters / CARD).exists():
        return _official(parameters)
    folder = WEIGHTS / "hosa" if parameters is None else parameters
    card, arrays = read_method(folder, "HOSA")
    try:
        mean_KP = array(arrays, "words", (-1, PIXELS))
        variance_KP, skewness_KP = (array(arrays, name, mean_KP.shape) for name in ("variance", "skewness"))
        codebook = Codebook(mean_KP, variance_KP, skewness_KP)
        if len(mean_KP) < NEAREST:
            raise ContriqueError(f"HOSA needs {NEAREST} words, got {len(mean_KP)}")
        regressor = LinearRegressor.from_arrays(arrays, 3 * mean_KP.size)
        return Hosa(card, codebook, Whitening.from_arrays(arrays), regressor)
    except ContriqueError as error:
        raise ModelError(f"{folder}: {error}") from error


def _official(folder: Path) -> Hosa:
    def file(name: str) -> Path:
        plain = folder / name
        return plain if plain.exists() else folder / f"hosa_{name}"

    shape = (PIXELS, WORDS)
    fields = {f"codebook_hosa.{name}_cb": shape for name in ("centroid", "variance", "skewness")}
    codebook = Codebook(*(np.ascontiguousarray(x.T) for x in read_matlab(file(CODEBOOK), fields)))
    mean_1P, matrix_PP = read_matlab(file(WHITENING), {"M": (1, PIXELS), "P": (PIXELS, PIXELS)})
    weight, bias = read_matlab(
        file(MODEL),
        {"hosa_live_model.w": (1, 3 * PIXELS * WORDS + 1), "hosa_live_model.bias": (1, 1)},
    )
    regressor = LinearRegressor(weight[0, :-1], float(weight[0, -1] * bias[0, 0]))
    return Hosa(OFFICIAL, codebook, Whitening(mean_1P[0], matrix_PP), regressor)


def grid(grey_HW: np.ndarray) -> np.ndarray:
    """The patches of an image, uint8 (N, 49), their pixels along the rows.

    Raises:
        ContriqueError: the picture has none.
    """
    if min(grey_HW.shape) < SIDE + 2 * BORDER:
        height, width = grey_HW.shape
        raise ContriqueError(f"HOSA needs {SIDE + 2 * BORDER} pixels a side, got {width} x {height}")
    step = max(1, int((grey_HW.size / GRID) ** 0.5))
    inner_HW = grey_HW[BORDER:-BORDER, BORDER:-BORDER]
    rows, columns = (np.arange(0, side - SIDE + 1, step) for side in inner_HW.shape)
    return take(inner_HW, np.repeat(rows, len(columns)), np.tile(columns, len(rows))).reshape(-1, PIXELS)


def encode(x_NP: np.ndarray, codebook: Codebook) -> np.ndarray:
    """Features of whitened patches, float64 (D,)."""
    words_KP = codebook.mean_KP
    count = len(words_KP)
    total_K = np.zeros(count)
    moments = np.zeros((3, count, PIXELS))  # Σ w x, Σ w x², Σ w x³ for each word
    near_N5 = np.empty((len(x_NP), NEAREST), np.int64)
    for start in range(0, len(x_NP), BLOCK):
        part = slice(start, start + BLOCK)
        near_N5[part], weight_N5 = assign(x_NP[part], words_KP)
        total_K += np.bincount(near_N5[part].ravel(), weight_N5.ravel(), minlength=count)
        moments += _moments(x_NP[part], near_N5[part], weight_N5, count)
    mean_KP, square_KP, cube_KP = moments / np.where(total_K > 0, total_K, 1)[:, None]
    variance_KP = np.maximum(square_KP - mean_KP**2, 0)
    third_KP = cube_KP - 3 * mean_KP * square_KP + 2 * mean_KP**3
    away = np.stack(
        [
            mean_KP - words_KP,
            variance_KP - codebook.variance_KP,
            third_KP / (variance_KP**1.5 + SKEWNESS_FLOOR) - codebook.skewness_KP,
        ]
    )
    for word in np.flatnonzero(variance_KP.sum(axis=1) < 1):  # rare: now as exactly as the release, without weights
        mine_NP = x_NP[(near_N5 == word).any(axis=1)]
        if len(mine_NP) < 2 or mine_NP.var(axis=0, ddof=1).sum() <= LEAST_VARIANCE:
            away[1:, word] = 0
    away[:, total_K == 0] = 0
    features_D = away.ravel()
    features_D = np.sign(features_D) * np.abs(features_D) ** POWER
    return features_D / (np.linalg.norm(features_D) + 1e-20)


def assign(x_NP: np.ndarray, words_KP: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest words of each patch, nearest first, and its weights for them: (N, 5) each."""
    distance_NK = products(x_NP, np.ascontiguousarray(-2 * words_KP.T))
    distance_NK += np.einsum("kp,kp->k", words_KP, words_KP)
    distance_NK += np.einsum("np,np->n", x_NP, x_NP)[:, None]
    row_N = np.arange(len(x_NP))
    near_N5 = np.empty((len(x_NP), NEAREST), np.int64)
    weight_N5 = np.empty((len(x_NP), NEAREST))
    for place in range(NEAREST):  # five times the least is five times as fast as a partial sort
        near_N5[:, place] = nearest_N = distance_NK.argmin(axis=1)
        weight_N5[:, place] = distance_NK[row_N, nearest_N]
        distance_NK[row_N, nearest_N] = np.inf
    weight_N5 = np.exp(GAMMA * (weight_N5[:, :1] - weight_N5))  # from the nearest on: not all 0 if that is far away
    return near_N5, weight_N5 / weight_N5.sum(axis=1, keepdims=True)


def _moments(x_NP: np.ndarray, near_N5: np.ndarray, weight_N5: np.ndarray, count: int) -> np.ndarray:
    """Σ w x, Σ w x² and Σ w x³ of each word, (3, K, 49)."""
    weight_NK = np.zeros((len(x_NP), count))
    np.put_along_axis(weight_NK, near_N5, weight_N5, axis=1)
    power_NP = np.ones_like(x_NP)
    sums = np.empty((3, count, PIXELS))
    for place in range(3):
        power_NP *= x_NP
        sums[place] = summed_products(weight_NK, power_NP)
    return sums
