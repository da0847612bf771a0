"""Small grey patches, normalised and whitened: what CORNIA and HOSA see of an image.

A patch is 7 × 7 pixels of the luminance that MATLAB's rgb2gray rounds (nss.py). Both methods take from it

    x = ((p − mean p) / √(var p + 10) − M) P,        P = V (Λ + 0.1)^−½ Vᵀ

with the variance by 48, the 10 of Coates, Lee & Ng (AISTATS 2011), and M, V Λ Vᵀ the mean and covariance of normalised
patches: whitening that stays as near to the pixels as it can (ZCA). The published P of CORNIA and HOSA, one and the
same, is symmetric, and of a patch of one value it makes √10 times that: λ = 0, so that 0.1 is all there is.

Shapes: H, W picture; N patches; 49 pixels of a patch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contrique.errors import ContriqueError

SIDE = 7
PIXELS = SIDE * SIDE
CONTRAST = 10.0
"""Added to the variance of grey levels, so that a flat patch becomes nothing and not noise."""

WHITENING = 0.1
"""Added to the eigenvalues, so that directions that hardly vary are not blown up."""

LARGEST = 1e30
"""A parameter beyond this is no parameter: its powers overflow."""

BLAS_THREADS_FROM = 2**18
"""Products of matrices up to this size (rows × columns × length) OpenBLAS does in the calling thread. Above, it takes
more threads, and where other work has the cores each product waits for them: 10,000 patches × 10,000 words took 2.3 s
in place of 0.17 s. So products here go to it in pieces of this size: 0.27 s, however busy the machine is."""


def take(grey_HW: np.ndarray, rows_N: np.ndarray, columns_N: np.ndarray) -> np.ndarray:
    """Patches by the position of their upper left pixel, uint8 (N, 7, 7).

    Raises:
        ContriqueError: the picture is smaller than a patch.
    """
    height, width = grey_HW.shape
    if min(height, width) < SIDE:
        raise ContriqueError(f"patches need {SIDE} x {SIDE} pixels, got {width} x {height}")
    windows = np.lib.stride_tricks.sliding_window_view(grey_HW, (SIDE, SIDE))
    return windows[rows_N, columns_N]


def sample(grey_HW: np.ndarray, count: int, seed: int | tuple[int, ...]) -> np.ndarray:
    """Patches at random places, no place twice, in the picture's order; all of them where there are no more.

    Args:
        grey_HW: luminance.
        count: how many.
        seed: of the places; with the picture's size it decides them, whatever the picture shows.

    Returns:
        uint8 (N, 7, 7).

    Raises:
        ContriqueError: the picture is smaller than a patch.
    """
    height, width = (side - SIDE + 1 for side in grey_HW.shape)
    places = max(height, 0) * max(width, 0)
    if count < places:
        at_N = np.sort(np.random.default_rng(seed).choice(places, count, replace=False, shuffle=False))
    else:
        at_N = np.arange(places)
    return take(grey_HW, *np.divmod(at_N, max(width, 1)))


def normalised(patches_N49: np.ndarray) -> np.ndarray:
    """(p − mean) / √(var + 10) of each patch, float64."""
    x_N49 = patches_N49.astype(np.float64)
    x_N49 -= x_N49.mean(axis=1, keepdims=True)
    variance_N = np.einsum("np,np->n", x_N49, x_N49) / (PIXELS - 1)
    x_N49 /= np.sqrt(variance_N + CONTRAST)[:, None]
    return x_N49


@dataclass(frozen=True)
class Whitening:
    """What takes the correlation of neighbours out of normalised patches.

    Attributes:
        mean_49: M, float64.
        matrix_PP: P, float64 (49, 49).
    """

    mean_49: np.ndarray
    matrix_PP: np.ndarray

    def __call__(self, patches_N49: np.ndarray) -> np.ndarray:
        """Patches as they were cut out, (N, 49), to whitened ones, float64 (N, 49)."""
        return products(normalised(patches_N49) - self.mean_49, self.matrix_PP)

    @classmethod
    def fit(cls, patches_N49: np.ndarray) -> "Whitening":
        """From patches as they were cut out.

        Raises:
            ContriqueError: there are fewer than two.
        """
        if len(patches_N49) < 2:
            raise ContriqueError(f"whitening is learned from patches, got {len(patches_N49)}")
        x_N49 = normalised(patches_N49)
        mean_49 = x_N49.mean(axis=0)
        x_N49 -= mean_49
        value_P, vector_PP = np.linalg.eigh(x_N49.T @ x_N49 / (len(x_N49) - 1))
        return cls(mean_49, (vector_PP / np.sqrt(np.maximum(value_P, 0) + WHITENING)) @ vector_PP.T)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Whitening":
        """From ``mean`` and ``whitening``.

        Raises:
            ContriqueError: one is missing, of another shape, or not finite.
        """
        return cls(array(arrays, "mean", (PIXELS,)), array(arrays, "whitening", (PIXELS, PIXELS)))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What ``from_arrays`` reads."""
        return {"mean": self.mean_49, "whitening": self.matrix_PP}


def array(arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One of the arrays as float64, checked; −1 in ``shape`` is any length from 1.

    Raises:
        ContriqueError: it is missing, of another shape, not finite, or beyond ``LARGEST``.
    """
    found = np.asarray(arrays.get(name, np.nan), np.float64)
    fits = found.ndim == len(shape) and all(
        a == b or (b < 0 and a > 0) for a, b in zip(found.shape, shape, strict=True)
    )
    if not fits:
        wanted = " x ".join("any" if side < 0 else str(side) for side in shape)
        raise ContriqueError(f"expected {name} of {wanted} numbers, got {found.shape if name in arrays else 'none'}")
    if not np.isfinite(found).all():
        raise ContriqueError(f"{name} holds values that are not finite")
    if np.abs(found).max() > LARGEST:
        raise ContriqueError(f"{name} holds values beyond {LARGEST:g}")
    return found


def products(x_NP: np.ndarray, y_PK: np.ndarray) -> np.ndarray:
    """``x @ y`` for a small y, in pieces that start no threads of BLAS."""
    step = max(1, BLAS_THREADS_FROM // y_PK.size)
    whole = len(x_NP) // step * step
    out_NK = np.empty((len(x_NP), y_PK.shape[1]), np.result_type(x_NP, y_PK))
    np.matmul(x_NP[:whole].reshape(-1, step, x_NP.shape[1]), y_PK, out=out_NK[:whole].reshape(-1, step, y_PK.shape[1]))
    np.matmul(x_NP[whole:], y_PK, out=out_NK[whole:])
    return out_NK


def summed_products(x_NK: np.ndarray, y_NP: np.ndarray) -> np.ndarray:
    """``x.T @ y`` for small K × P, in pieces that start no threads of BLAS."""
    count, width = x_NK.shape[1], y_NP.shape[1]
    step = max(1, BLAS_THREADS_FROM // (count * width))
    whole = len(x_NK) // step * step
    pieces = x_NK[:whole].reshape(-1, step, count).swapaxes(1, 2) @ y_NP[:whole].reshape(-1, step, width)
    return pieces.sum(axis=0) + x_NK[whole:].T @ y_NP[whole:]
