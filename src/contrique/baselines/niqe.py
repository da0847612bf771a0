"""NIQE, the natural image quality evaluator: a distance from undistorted photographs, learned from no opinions.

A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal Processing
Letters 20(3), 2013; the MATLAB release of the LIVE laboratory, which this follows.

The luminance is cut into blocks of 96 × 96 (what is left at the right and below is dropped), 48 × 48 at half scale. A
block has 18 numbers a scale, from its MSCN values (nss.py, edges of the picture go on): of an asymmetric generalised
Gaussian fitted to them α and (βl + βr)/2; and of those fitted to the products with the left, upper, upper left
neighbour and of the upper with the left one, the block closed to a ring, α, η = (βr − βl) Γ(2/α)/Γ(1/α), βl, βr; with
β = σ √(Γ(1/α)/Γ(3/α)). A Gaussian N(μ, Σ) is fitted to the blocks, and its distance to the one of pristine images is

    √( (μ₁ − μ₂)ᵀ ((Σ₁ + Σ₂)/2)⁺ (μ₁ − μ₂) )

Agrees with the release: TID2013's I04 3.65492152354 (3.65492152354), I03, which has flat areas, 15.744 (15.754). Known:
    - In areas of one grey level the sign of an MSCN value is rounding noise: there scores depend on the order of
      summing, within hundredths on TID2013's I03, and by points on drawings.
    - An image of a single block has no covariance: here it counts as zero. (The release then takes mean and variance
      over the 36 numbers instead of over blocks, by a slip of MATLAB's for row vectors.)
    - Blocks without negative or positive values are left out as nanmean and nancov do: of the mean only where they have
      no number, of the covariance as a whole. An image of nothing else is an error, as is one smaller than a block.

Shapes: N images, B blocks, D = 36 numbers of a block, F = 36 + 36·37/2 = 702 features of an image: μ and Σ.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.baselines import nss
from contrique.baselines.baseline import Baseline
from contrique.baselines.parameters import WEIGHTS, read_matlab, read_shipped
from contrique.errors import ContriqueError, ModelError

if TYPE_CHECKING:
    from contrique.evaluation.protocol import Method

NUMBERS = 36
SCALES = 2
BLOCK = 96
SHARPNESS = 0.75
"""Pristine blocks are those sharper than this share of their image's sharpest."""

FLAT_SIGMA, FLAT_SHARE = 0.5, 0.01
"""A block is no pristine one where more than this share of it has a σ of less than half a grey level: blown-out sky and
drawings, whose MSCN values are rounding. The release has no such rule, and no such images among its 125."""

FILE = "niqe_modelparameters.mat"
FILES = (FILE,)
RAW = {
    "range": "0 (best) upwards without end; photographs have about 2 to 10",
    "lower_is_better": True,
    "mapping": {"low": 0.0, "high": 10.0, "lower_is_better": True},
    "interval": None,
}
"""What the number means, and how it comes to lie on 0–100: 100 − 10 · NIQE, bent to stay inside beyond 10 and 90. By
convention and not by fit, as NIQE knows no opinions."""

OFFICIAL = {
    "name": "niqe-official",
    "method": "NIQE",
    "training": {"images": "125 undistorted photographs from Flickr and the Berkeley segmentation set"},
    "raw": RAW,
}
"""The card of the authors' own parameters."""

_UPPER = np.triu_indices(NUMBERS)


class Niqe(Baseline):
    """NIQE with the pristine model given.

    Args:
        card: as ``Baseline`` wants it.
        mean_D: μ of pristine blocks.
        covariance_DD: their Σ.
    """

    digest = "niqe-1"
    dim = NUMBERS + _UPPER[0].size
    learns = False

    def __init__(self, card: dict[str, Any], mean_D: np.ndarray, covariance_DD: np.ndarray) -> None:
        super().__init__(card)
        self._mean_D, self._covariance_DD = mean_D, covariance_DD

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """Mean and covariance (F,) of the image's blocks."""
        mean_D, covariance_DD = gaussian(block_features(nss.grey(image_HWC)))
        return np.concatenate([mean_D, covariance_DD[_UPPER]])

    def raw(self, features_NF: np.ndarray) -> np.ndarray:
        """NIQE's number: the distance, lower is better."""
        covariance_NDD = np.zeros((len(features_NF), NUMBERS, NUMBERS))
        covariance_NDD[:, _UPPER[0], _UPPER[1]] = covariance_NDD[:, _UPPER[1], _UPPER[0]] = features_NF[:, NUMBERS:]
        away_ND = self._mean_D - features_NF[:, :NUMBERS]
        pairs = zip(away_ND, (self._covariance_DD + covariance_NDD) / 2, strict=True)
        return np.array([np.sqrt(max(0.0, away_D @ pinv(mean_DD) @ away_D)) for away_D, mean_DD in pairs])

    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool = False) -> "Method":
        """NIQE learns nothing from ratings: its numbers, in the ratings' direction."""
        from contrique.evaluation.protocol import as_given

        raw_N = self.raw(np.asarray(features_ND, np.float64))
        return as_given(raw_N if lower_is_better else -raw_N)


def load(parameters: Path | None = None) -> Niqe:
    """NIQE with the shipped pristine model, or with the release's own from a folder.

    Raises:
        ModelError: a file is missing or damaged.
        MissingExtra: the release's file needs SciPy.
    """
    if parameters is not None:
        shapes = {"mu_prisparam": (1, NUMBERS), "cov_prisparam": (NUMBERS, NUMBERS)}
        mean_1D, covariance_DD = read_matlab(parameters / FILE, shapes)
        return Niqe(OFFICIAL, mean_1D[0], covariance_DD)
    folder = WEIGHTS / "niqe"
    card, arrays = read_shipped(folder)
    try:
        return Niqe(card, arrays["mean"].reshape(NUMBERS), arrays["covariance"].reshape(NUMBERS, NUMBERS))
    except (LookupError, ValueError) as error:
        raise ModelError(f"{folder}: {error}") from error


def block_features(grey_HW: np.ndarray) -> np.ndarray:
    """The numbers of each block.

    Args:
        grey_HW: luminance, 0 to 255.

    Returns:
        float64 (B, 36), nan where a block has no such number. Blocks run along the rows.

    Raises:
        ContriqueError: the image is smaller than a block.
    """
    plane_HW = cropped(grey_HW)
    parts = []
    for scale in range(SCALES):
        if scale:
            plane_HW = nss.halve(plane_HW)
        side = BLOCK >> scale
        rows = []
        for top in range(0, plane_HW.shape[0], side):
            mscn_RW, _ = nss.mscn(plane_HW, top, top + side, replicate=True)
            rows.append(_numbers(nss.moments(mscn_RW.reshape(side, -1, side).swapaxes(0, 1)), side * side))
        parts.append(np.concatenate(rows))
    return np.concatenate(parts, axis=1)


def cropped(grey_HW: np.ndarray) -> np.ndarray:
    """The part that blocks cover.

    Raises:
        ContriqueError: the image is smaller than a block.
    """
    height, width = (side // BLOCK * BLOCK for side in grey_HW.shape)
    if not height or not width:
        raise ContriqueError(f"NIQE needs {BLOCK} x {BLOCK} pixels, got {grey_HW.shape[1]} x {grey_HW.shape[0]}")
    return grey_HW[:height, :width]


def _numbers(moments_5BM: np.ndarray, size: int) -> np.ndarray:
    """18 numbers for each block, (B, 18)."""
    shapes = nss.shapes()
    at_5B, left_5B, right_5B = nss.fit_aggd(moments_5BM, size)
    left_5B, right_5B = left_5B * shapes.width[at_5B], right_5B * shapes.width[at_5B]
    alpha_5B, eta_5B = shapes.alpha[at_5B], (right_5B - left_5B) * shapes.shift[at_5B]
    numbers = [alpha_5B[0], (left_5B[0] + right_5B[0]) / 2]
    for pair in range(1, 5):
        numbers += [alpha_5B[pair], eta_5B[pair], left_5B[pair], right_5B[pair]]
    return np.stack(numbers, axis=1)


def gaussian(blocks_BD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of blocks, as nanmean and nancov take them.

    Returns:
        float64 (D,) and (D, D), the covariance by B − 1, and zero for a single block.

    Raises:
        ContriqueError: no block has all its numbers.
    """
    whole_B = np.isfinite(blocks_BD).all(axis=1)
    if not whole_B.any():
        raise ContriqueError("NIQE has no answer: the image has no contrast")
    away_BD = blocks_BD[whole_B] - blocks_BD[whole_B].mean(axis=0)
    return np.nanmean(blocks_BD, axis=0), away_BD.T @ away_BD / max(1, len(away_BD) - 1)


def pinv(matrix_DD: np.ndarray) -> np.ndarray:
    """Pseudo-inverse of a symmetric matrix with MATLAB's tolerance, D · eps(greatest singular value)."""
    value_D, vector_DD = np.linalg.eigh(matrix_DD)
    size_D = np.abs(value_D)
    keep_D = size_D > NUMBERS * np.spacing(size_D.max())
    return (vector_DD[:, keep_D] / value_D[keep_D]) @ vector_DD[:, keep_D].T


def fit_pristine(greys: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Fit the pristine model, as estimatemodelparam.m does, to the sharp blocks of undistorted photographs.

    Args:
        greys: luminance of each image, (H, W), 0 to 255.

    Returns:
        Mean (36,) and covariance (36, 36), number of images and of blocks used.
    """
    kept = [block_features(grey_HW)[pristine(grey_HW)] for grey_HW in greys]
    blocks_BD = np.concatenate(kept)
    return *gaussian(blocks_BD), len(kept), len(blocks_BD)


def pristine(grey_HW: np.ndarray) -> np.ndarray:
    """Which blocks of an undistorted photograph show what such photographs are like: bool (B,)."""
    plane_HW = cropped(grey_HW)
    _, sigma_HW = nss.mscn(plane_HW, 0, len(plane_HW), replicate=True)
    height, width = (side // BLOCK for side in plane_HW.shape)
    blocks = sigma_HW.reshape(height, BLOCK, width, BLOCK)
    sharpness_B = blocks.mean(axis=(1, 3)).ravel()
    flat_B = (blocks < FLAT_SIGMA).mean(axis=(1, 3)).ravel()
    return (sharpness_B > SHARPNESS * sharpness_B.max()) & (flat_B <= FLAT_SHARE)
