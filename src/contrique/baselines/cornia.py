"""CORNIA, codebook representation for no-reference image assessment.

P. Ye, J. Kumar, L. Kang, D. Doermann, "Unsupervised feature learning framework for no-reference image quality
assessment", CVPR 2012; the authors' MATLAB release, whose encoding, constants and training this follows.

10,000 patches of 7 × 7 pixels x, normalised and whitened (patches.py), are projected on the words c_k of a codebook,
each divided by its length, and the greatest projection to either side is kept:

    max(0, max_x x·c_k) for all k,    then max(0, max_x −x·c_k) for all k

With 10,000 words that is 20,000 features. A linear ν-SVR (C = 1, ν = 0.5) on these, each scaled to −1 … 1 by its least
and greatest in training, gives the DMOS; ratings are brought to 0–100 for it, LIVE's scale.

The release's codebook may not be passed on and was not at hand: what ships is learned by us (codebook.py,
docs/baselines.md), so no value of the release can be checked. Its whitening could be: M and P are what ``Whitening``
says. Known deviations:
    - The release draws patches anew each time, so its scores are never twice the same. Here the picture's height and
      width decide where the 10,000 are, whatever it shows: the same picture always has the same features. A picture
      with no more places than that gives all of them, as in the release.
    - Projections are made in single precision: features differ from double ones by less than 10⁻⁵.
    - Ratings of any scale are brought to 0–100 before training.

Shapes: N images or patches, K words, 49 pixels of a patch, D = 2 K features.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contrique.baselines import nss
from contrique.baselines.linear import LinearBaseline, LinearRegressor, fit_nu_svr, on_hundred
from contrique.baselines.parameters import CARD, WEIGHTS, digest_of, read_matlab, read_method
from contrique.baselines.patches import BLAS_THREADS_FROM, PIXELS, Whitening, array, sample
from contrique.errors import ContriqueError, ModelError

CODEBOOK, WHITENING = "CSIQ_codebook_BS7.mat", "CSIQ_whitening_param.mat"
FILES = (CODEBOOK, f"cornia_{CODEBOOK}")
WORDS = 10_000
PATCHES = 10_000
COST, NU = 1.0, 0.5

WIDTH = 100
"""Words that are multiplied in one product, with as many patches as keep it in one thread (53)."""

GROUP = 25
"""Products whose results wait for their maximum at once: half a megabyte, and beyond that 2 MB for the patches; never
patches × words, which would be 400 MB."""


class Cornia(LinearBaseline):
    """CORNIA with the codebook and regressor given.

    Args:
        card: as ``LinearBaseline`` wants it.
        words_KP: the words, any length; pixels of a patch run down its columns, as MATLAB's im2col has them.
        whitening: what patches are whitened by.
        regressor: None with a codebook that is for the protocol only.
    """

    def __init__(
        self, card: dict[str, Any], words_KP: np.ndarray, whitening: Whitening, regressor: LinearRegressor | None
    ) -> None:
        super().__init__(card, regressor)
        self._whitening = whitening
        self._blocks_GPW = blocks(words_KP)
        self.digest = digest_of("cornia-1", words_KP, whitening.mean_49, whitening.matrix_PP)
        self.dim = 2 * len(words_KP)

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """See ``encode``; float32 (D,)."""
        x_NP = self._whitening(patches(nss.grey(image_HWC)))
        return encode(x_NP.astype(np.float32), self._blocks_GPW, self.dim // 2)

    def candidates(self, features_ND: np.ndarray, scores_N: np.ndarray) -> list[LinearRegressor]:
        """The one regressor of the paper."""
        return fit(features_ND, scores_N)


def fit(features_ND: np.ndarray, scores_N: np.ndarray, costs: Sequence[float] = (COST,)) -> list[LinearRegressor]:
    """The regression of the paper with each cost, for ratings on any scale.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    return on_hundred(lambda y_N: fit_nu_svr(features_ND, y_N, costs=costs, nu=NU), scores_N)


def load(parameters: Path | None = None) -> Cornia:
    """CORNIA with the shipped parameters, with a codebook that ``contrique codebook`` wrote, or with the release's.

    Args:
        parameters: a folder of ours, or one with the release's CSIQ_codebook_BS7.mat and CSIQ_whitening_param.mat
            (named so or with ``cornia_`` before it). The release's regressor is not read.

    Raises:
        ModelError: a file is missing or damaged.
        MissingExtra: the release's files need SciPy.
    """
    if parameters is not None and not (parameters / CARD).exists():
        return _official(parameters)
    folder = WEIGHTS / "cornia" if parameters is None else parameters
    card, arrays = read_method(folder, "CORNIA")
    try:
        words_KP = array(arrays, "words", (-1, PIXELS))
        regressor = LinearRegressor.from_arrays(arrays, 2 * len(words_KP))
        return Cornia(card, words_KP, Whitening.from_arrays(arrays), regressor)
    except ContriqueError as error:
        raise ModelError(f"{folder}: {error}") from error


def _official(folder: Path) -> Cornia:
    def file(name: str) -> Path:
        prefixed = folder / f"cornia_{name}"
        return prefixed if prefixed.exists() else folder / name

    (words_PK,) = read_matlab(file(CODEBOOK), {"codebook0": (PIXELS, WORDS)})
    mean_1P, matrix_PP = read_matlab(file(WHITENING), {"M": (1, PIXELS), "P": (PIXELS, PIXELS)})
    card = {"name": "cornia-official", "method": "CORNIA", "training": {"codebook": "CSIQ"}, "raw": None}
    return Cornia(card, np.ascontiguousarray(words_PK.T), Whitening(mean_1P[0], matrix_PP), None)


def patches(grey_HW: np.ndarray) -> np.ndarray:
    """The patches of an image, uint8 (N, 49), their pixels down the columns.

    Raises:
        ContriqueError: the picture is smaller than a patch.
    """
    return sample(grey_HW, PATCHES, seed=grey_HW.shape).swapaxes(1, 2).reshape(-1, PIXELS)


def blocks(words_KP: np.ndarray) -> np.ndarray:
    """Words of unit length in the shape that products want, float32 (G, 49, 100); what is missing at the end is 0."""
    unit_KP = words_KP / (np.linalg.norm(words_KP, axis=1, keepdims=True) + 1e-20)
    padded_KP = np.zeros((-(-len(unit_KP) // WIDTH) * WIDTH, PIXELS), np.float32)
    padded_KP[: len(unit_KP)] = unit_KP
    return np.ascontiguousarray(padded_KP.reshape(-1, WIDTH, PIXELS).swapaxes(1, 2))


def encode(x_NP: np.ndarray, blocks_GPW: np.ndarray, count: int) -> np.ndarray:
    """Features of whitened patches.

    Args:
        x_NP: float32.
        blocks_GPW: words as ``blocks`` has them.
        count: K.

    Returns:
        float32 (2 K,).
    """
    high_GW = np.zeros((len(blocks_GPW), WIDTH), np.float32)
    low_GW = np.zeros_like(high_GW)
    step = BLAS_THREADS_FROM // (WIDTH * PIXELS)
    room = np.empty((min(GROUP, len(blocks_GPW)), step, WIDTH), np.float32)
    for first in range(0, len(blocks_GPW), GROUP):
        group = slice(first, first + GROUP)
        words = blocks_GPW[group]
        for start in range(0, len(x_NP), step):
            part_NP = x_NP[start : start + step]
            z = np.matmul(part_NP, words, out=room[: len(words), : len(part_NP)])
            np.maximum(high_GW[group], z.max(axis=1), out=high_GW[group])
            np.minimum(low_GW[group], z.min(axis=1), out=low_GW[group])
    return np.concatenate([high_GW.ravel()[:count], -low_GW.ravel()[:count]])
