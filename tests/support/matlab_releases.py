"""The MATLAB releases of BRISQUE and NIQE, line for line and as slow: what the fast ones are checked against.

Written with SciPy and two-dimensional filters, so that it shares nothing with what it checks but the definitions.
"""

import math
import warnings

import numpy as np
from scipy import ndimage, special

GRID = 0.2 + 0.001 * np.arange(9801)


def window() -> np.ndarray:
    """fspecial('gaussian', 7, 7/6)."""
    x, y = np.meshgrid(np.arange(-3, 4), np.arange(-3, 4))
    h = np.exp(-(x * x + y * y) / (2 * (7 / 6) ** 2))
    return h / h.sum()


def imresize_half(x: np.ndarray) -> np.ndarray:
    """imresize(x, 0.5), by its general way: weights for each position, indices mirrored by table."""
    for axis in (0, 1):
        x = np.moveaxis(x, axis, 0)
        n = x.shape[0]
        rows = []
        for out in range(1, math.ceil(n / 2) + 1):
            u = out / 0.5 + 0.5 * (1 - 1 / 0.5)
            index = math.floor(u - 4) + np.arange(10)
            weights = 0.5 * cubic(0.5 * (u - index))
            table = np.concatenate([np.arange(n), np.arange(n)[::-1]])
            rows.append(weights / weights.sum() @ x[table[np.mod(index - 1, 2 * n)]])
        x = np.moveaxis(np.array(rows), 0, axis)
    return x


def cubic(x: np.ndarray) -> np.ndarray:
    """imresize's kernel."""
    a = np.abs(x)
    near, far = 1.5 * a**3 - 2.5 * a**2 + 1, -0.5 * a**3 + 2.5 * a**2 - 4 * a + 2
    return near * (a <= 1) + far * ((a > 1) & (a <= 2))


def mscn(x: np.ndarray, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """MSCN and σ; mode is SciPy's name for the padding."""
    mu = ndimage.correlate(x, window(), mode=mode)
    sigma = np.sqrt(np.abs(ndimage.correlate(x * x, window(), mode=mode) - mu * mu))
    return (x - mu) / (sigma + 1), sigma


def aggd(values: np.ndarray) -> tuple[float, float, float]:
    """estimateaggdparam: α, σl, σr."""
    ratio = special.gamma(2 / GRID) ** 2 / (special.gamma(1 / GRID) * special.gamma(3 / GRID))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        left, right = np.sqrt(np.mean(values[values < 0] ** 2)), np.sqrt(np.mean(values[values > 0] ** 2))
        lean = left / right
        r = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
        difference = (ratio - r * (lean**3 + 1) * (lean + 1) / (lean**2 + 1) ** 2) ** 2
    return GRID[0 if np.isnan(difference).all() else np.argmin(difference)], left, right


def ggd(values: np.ndarray) -> tuple[float, float]:
    """estimateggdparam: α, σ²."""
    ratio = special.gamma(1 / GRID) * special.gamma(3 / GRID) / special.gamma(2 / GRID) ** 2
    return GRID[np.argmin(np.abs(np.mean(values**2) / np.mean(np.abs(values)) ** 2 - ratio))], np.mean(values**2)


def brisque_feature(grey: np.ndarray) -> np.ndarray:
    """36 features."""
    x, features = grey.astype(np.float64), []
    for _ in range(2):
        structure, _ = mscn(x, "constant")
        features += ggd(structure)
        for shift in ((0, 1), (1, 0), (1, 1), (-1, 1)):
            alpha, left, right = aggd(structure * np.roll(structure, shift, (0, 1)))
            const = np.sqrt(special.gamma(1 / alpha)) / np.sqrt(special.gamma(3 / alpha))
            mean = (right - left) * (special.gamma(2 / alpha) / special.gamma(1 / alpha)) * const
            features += [alpha, mean, left**2, right**2]
        x = imresize_half(x)
    return np.array(features)


def niqe_feature(grey: np.ndarray) -> np.ndarray:
    """36 features of each block."""
    height, width = (side // 96 * 96 for side in grey.shape)
    x, scales = grey[:height, :width].astype(np.float64), []
    for side in (96, 48):
        structure, _ = mscn(x, "nearest")
        rows = []
        for top in range(0, x.shape[0], side):
            for left_edge in range(0, x.shape[1], side):
                rows.append(niqe_block(structure[top : top + side, left_edge : left_edge + side]))
        scales.append(np.array(rows))
        x = imresize_half(x)
    return np.concatenate(scales, axis=1)


def niqe_block(block: np.ndarray) -> list[float]:
    """18 features of one block."""
    alpha, left, right = aggd(block)
    width = np.sqrt(special.gamma(1 / alpha) / special.gamma(3 / alpha))
    numbers = [alpha, (left + right) * width / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        alpha, left, right = aggd(block * np.roll(block, shift, (0, 1)))
        width = np.sqrt(special.gamma(1 / alpha) / special.gamma(3 / alpha))
        mean = (right - left) * width * (special.gamma(2 / alpha) / special.gamma(1 / alpha))
        numbers += [alpha, mean, left * width, right * width]
    return numbers
