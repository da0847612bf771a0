"""BRISQUE, the blind/referenceless image spatial quality evaluator.

A. Mittal, A. K. Moorthy, A. C. Bovik, "No-reference image quality assessment in the spatial domain", IEEE Transactions
on Image Processing 21(12), 2012; the MATLAB release of the LIVE laboratory, which this follows.

At full and at half scale 18 numbers of the luminance's MSCN values (nss.py, zero outside the picture): shape and mean
square of a generalised Gaussian; and for the products with the left, upper, upper left neighbour and of the upper with
the left one, of an asymmetric one (α, η, σl², σr²) with

    η = (σr − σl) Γ(2/α)/Γ(1/α) √(Γ(1/α)/Γ(3/α))

A support vector regression on these 36 numbers, each scaled to −1 … 1, gives the DMOS.

Agrees with the release: goldhill 8.4256 (8.4255), TID2013's I01 10.25944 (10.25941), I04 −0.107618 (−0.107618). Known:
    - The release hands features to libsvm through text files, with six decimals and then six significant digits, which
      moves scores by 1e-4. So do we. (A later release skips the first rounding: the two published values above that
      differ are equal to twelve digits then.)
    - In areas of one grey level the sign of an MSCN value is rounding noise: there scores depend on the order of
      summing, within a few thousandths on TID2013's I03, and by points on drawings.
    - An image with no negative or no positive product at all (all black) has no features in the release; an error here.

Shapes: N images, D = 36 features.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.baselines import nss
from contrique.baselines.baseline import Baseline
from contrique.baselines.libsvm import KernelSVR, read_model, read_range
from contrique.baselines.parameters import WEIGHTS, read_shipped
from contrique.errors import ContriqueError, ModelError

if TYPE_CHECKING:
    from contrique.evaluation.protocol import Method

FEATURES = 36
SCALES = 2
FILES = MODEL, RANGE = "brisque_allmodel.libsvm", "brisque_allrange.txt"
GAMMA, COST, EPSILON = 0.05, 1024, 0.1
"""The release's RBF kernel, its C, and the ε of libsvm, on ratings from 0 to 100."""

OFFICIAL = {
    "name": "brisque-official",
    "method": "BRISQUE",
    "training": {"ratings": "LIVE image quality database, release 2, all of it (DMOS)"},
    "raw": {
        "range": "about 0 (best) to 100 (worst): DMOS of LIVE; may leave that range a little",
        "lower_is_better": True,
        "mapping": {"low": 0.0, "high": 100.0, "lower_is_better": True},
        "interval": None,
    },
}
"""The card of the authors' own parameters."""


class Brisque(Baseline):
    """BRISQUE with the parameters given.

    Args:
        card: as ``Baseline`` wants it.
        svr: the regressor on scaled features.
        low_D: the value of each feature that is scaled to −1.
        high_D: the value that is scaled to 1.
    """

    digest = "brisque-1"
    dim = FEATURES

    def __init__(self, card: dict[str, Any], svr: KernelSVR, low_D: np.ndarray, high_D: np.ndarray) -> None:
        super().__init__(card)
        self._svr, self._low_D, self._high_D = svr, low_D, high_D

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """See ``brisque_features``."""
        return brisque_features(nss.grey(image_HWC))

    def raw(self, features_ND: np.ndarray) -> np.ndarray:
        """BRISQUE's number: an estimate of DMOS, lower is better."""
        return self._svr.predict(scaled(features_ND, self._low_D, self._high_D))

    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool = False) -> "Method":
        """A support vector regression fitted anew to each split's training images, as in the paper."""

        def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
            low_D, high_D = ends(features_ND[train])
            svr = fit_svr(scaled(features_ND[train], low_D, high_D), scores_N[train])
            return svr.predict(scaled(features_ND[test], low_D, high_D))

        return predict


def load(parameters: Path | None = None) -> Brisque:
    """BRISQUE with the shipped parameters, or with the release's own from a folder.

    Raises:
        ModelError: a file is missing or damaged.
    """
    if parameters is not None:
        low_D, high_D = read_range(parameters / RANGE, FEATURES)
        return Brisque(OFFICIAL, read_model(parameters / MODEL, FEATURES), low_D, high_D)
    folder = WEIGHTS / "brisque"
    card, arrays = read_shipped(folder)
    try:
        low_D, high_D = arrays["low"].astype(np.float64), arrays["high"].astype(np.float64)
        return Brisque(card, KernelSVR.from_arrays(arrays, FEATURES), low_D, high_D)
    except (ContriqueError, LookupError) as error:
        raise ModelError(f"{folder}: {error}") from error


def brisque_features(grey_HW: np.ndarray) -> np.ndarray:
    """The 36 features of brisque_feature.m.

    Args:
        grey_HW: luminance, 0 to 255.

    Returns:
        float64 (36,): full scale, then half scale.

    Raises:
        ContriqueError: the image has none, because it is all black or smooth beyond measure.
    """
    parts = []
    plane_HW = grey_HW
    for scale in range(SCALES):
        if scale:
            plane_HW = nss.halve(plane_HW)
        parts.append(_one_scale(_moments(plane_HW), plane_HW.size))
    features_D = np.concatenate(parts)
    if not np.isfinite(features_D).all():
        raise ContriqueError("BRISQUE has no answer: the image has no contrast")
    return features_D


def _moments(plane_HW: np.ndarray) -> np.ndarray:
    """Moments of the whole picture, (5, M), strip by strip."""
    height, width = plane_HW.shape
    step = max(1, nss.STRIP // width)
    total = np.zeros((5, 1, nss.MOMENTS))
    above_RW, _ = nss.mscn(plane_HW, height - 1, height, replicate=False)  # circshift: above the first is the last row
    for top in range(0, height, step):
        strip_RW, _ = nss.mscn(plane_HW, top, min(top + step, height), replicate=False)
        total += nss.moments(strip_RW[None], above_RW)
        above_RW = strip_RW[-1:]
    return total[:, 0]


def _one_scale(moments_5M: np.ndarray, size: int) -> np.ndarray:
    shapes = nss.shapes()
    at, square = nss.fit_ggd(moments_5M[0], size)
    at_4, left_4, right_4 = nss.fit_aggd(moments_5M[1:], size)
    eta_4 = (right_4 - left_4) * shapes.shift[at_4] * shapes.width[at_4]
    products = np.stack([shapes.alpha[at_4], eta_4, left_4**2, right_4**2], axis=1)
    return np.concatenate([[shapes.alpha[at], square], products.ravel()])


def scaled(features_ND: np.ndarray, low_D: np.ndarray, high_D: np.ndarray) -> np.ndarray:
    """Features on −1 … 1, not clipped, with the digits that the release's text files leave of them."""
    written_ND = np.round(np.asarray(features_ND, np.float64), 6)
    scaled_ND = -1 + 2 * (written_ND - low_D) / (high_D - low_D)
    return np.array([[float(f"{x:.6g}") for x in row] for row in scaled_ND.tolist()])


def ends(features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest value of each feature, never the same."""
    low_D, high_D = features_ND.min(axis=0).astype(np.float64), features_ND.max(axis=0).astype(np.float64)
    return low_D, np.where(high_D > low_D, high_D, low_D + 1)


def fit_svr(
    x_ND: np.ndarray, scores_N: np.ndarray, *, gamma: float = GAMMA, cost: float = COST, epsilon: float = EPSILON
) -> KernelSVR:
    """Fit an ε-SVR to scaled features; ratings are brought to 0–100 for it, the scale the release's C is for.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    from contrique.errors import need

    svm = need("sklearn.svm", "evaluate", "training BRISQUE")
    low, span = float(np.min(scores_N)), float(np.ptp(scores_N)) or 1.0
    svr = svm.SVR(kernel="rbf", gamma=gamma, C=cost, epsilon=epsilon).fit(x_ND, 100 * (scores_N - low) / span)
    scale = span / 100
    return KernelSVR(svr.support_vectors_, svr.dual_coef_[0] * scale, gamma, -(svr.intercept_[0] * scale + low))
