"""Natural scene statistics, what BRISQUE and NIQE are made of: normalised luminance and how its neighbours multiply.

    MSCN(i, j) = (x − μ) / (σ + 1),    μ = Σ w x,    σ = √|Σ w x² − μ²|

with w the 7×7 Gaussian of deviation 7/6 that sums to 1 (Ruderman 1994; Mittal, Moorthy & Bovik 2012). Of an undistorted
photograph the MSCN values are nearly Gaussian, and the products of neighbours follow an asymmetric generalised Gaussian
(AGGD). Both are fitted by matching moments, over the grid 0.2 : 0.001 : 10 of shapes (Lasmar, Stitou & Berthoumieu
2009). Everything here follows the MATLAB releases, number for number: their ``rgb2gray``, their anti-aliased bicubic
``imresize``, their order of summing; a picture is taken in strips of rows that stay in the processor's cache.

Shapes: H, W picture; R, W strip of rows; B blocks of h × w values each; M moments (``MOMENTS``).
"""

import functools
import math
from typing import NamedTuple

import numpy as np

RED, GREEN, BLUE = 0.298936021293775, 0.587043074451121, 0.114020904255103
"""MATLAB's rgb2gray: the first row of the inverse of the NTSC matrix."""

KERNEL = np.array(
    [
        0.012560200468474732,
        0.07882796468173005,
        0.23729607711717066,
        0.34263151546524956,
        0.23729607711717066,
        0.07882796468173005,
        0.012560200468474732,
    ]
)
"""One side of w, by singular value decomposition of the 7×7 window as MATLAB's filter2 takes it apart. Its last bits
matter in flat areas, where the sign of x − μ is rounding noise; so it stands here and is not computed."""

BICUBIC = np.array([-0.01171875, -0.03515625, 0.11328125, 0.43359375])
"""First half of imresize's eight weights at scale ½: the cubic of a = −½, stretched to twice its width, at distances
3.5, 2.5, 1.5 and 0.5 (Keys 1981); they sum to ½."""

STRIP = 32_768
"""Values of a picture that are worked on at once: ten such arrays fit into a megabyte or two of cache."""

DOT = 8_192
"""Longest sum of products handed to BLAS at once: OpenBLAS takes threads for more than 10,000, which then wait for a
core that other threads of ours have."""

MOMENTS = 5
"""Number of negative and of positive values, sum of squares of either, sum of absolute values."""

CANCELLED = 1e-6
"""Where one side's share of the squares is below this, it is summed by itself and not as a difference."""


def grey(image_HWC: np.ndarray) -> np.ndarray:
    """Luminance as MATLAB's rgb2gray rounds it: uint8 RGB (H, W, 3) to uint8 (H, W)."""
    image_HWC = np.asarray(image_HWC)
    grey_HW = np.empty(image_HWC.shape[:2], np.uint8)
    step = max(1, STRIP // image_HWC.shape[1])
    for top in range(0, len(image_HWC), step):
        red, green, blue = (np.ascontiguousarray(image_HWC[top : top + step, :, c], np.float64) for c in range(3))
        red *= RED
        green *= GREEN
        red += green
        blue *= BLUE
        red += blue
        red += 0.5
        grey_HW[top : top + step] = red  # the cast cuts off what is behind the point
    return grey_HW


def halve(plane_HW: np.ndarray) -> np.ndarray:
    """``imresize(plane, 0.5)``: half the height and width, rounded up; edges mirrored, values not clipped. float64."""
    height, width = ((side + 1) // 2 for side in plane_HW.shape)
    rows, columns = (_mirrored(side) for side in plane_HW.shape)
    half_HW = np.empty((height, width))
    step = max(1, STRIP // plane_HW.shape[1])
    for top in range(0, height, step):
        bottom = min(top + step, height)
        taken = plane_HW[rows[2 * top : 2 * bottom + 6]].astype(np.float64, copy=False)
        half_HW[top:bottom] = _half_rows(_half_rows(taken).T[columns]).T
    return half_HW


def _mirrored(side: int) -> np.ndarray:
    """Positions −3 … of one side that the weights of every second position reach, mirrored back into the picture."""
    position = np.mod(np.arange(-3, 2 * ((side + 1) // 2) + 3), 2 * side)
    return np.minimum(position, 2 * side - 1 - position)


def _half_rows(x: np.ndarray) -> np.ndarray:
    count = x.shape[0] - 7
    half = BICUBIC[3] * (x[3 : 3 + count : 2] + x[4 : 4 + count : 2])
    for tap in (2, 1, 0):
        half += BICUBIC[tap] * (x[tap : tap + count : 2] + x[7 - tap : 7 - tap + count : 2])
    return half


def mscn(plane_HW: np.ndarray, top: int, bottom: int, *, replicate: bool) -> tuple[np.ndarray, np.ndarray]:
    """Normalised luminance of some rows.

    Args:
        plane_HW: the whole picture, 0 to 255.
        top: first row.
        bottom: row after the last.
        replicate: outside the picture its edge goes on (NIQE's imfilter); else it is 0 (BRISQUE's filter2).

    Returns:
        mscn_RW and σ_RW, float64.
    """
    height, width = plane_HW.shape
    stride = width + 6
    x = np.zeros((bottom - top + 6, stride))
    first, last = max(top - 3, 0), min(bottom + 3, height)
    above, below = first - top + 3, last - top + 3
    x[above:below, 3:-3] = plane_HW[first:last]
    if replicate:
        x[:above], x[below:] = x[above], x[below - 1]
        x[:, :3], x[:, -3:] = x[:, 3:4], x[:, -4:-3]
    flat = x.ravel()
    mean = _smooth(flat, stride)
    sigma = _smooth(flat * flat, stride)
    sigma -= mean * mean
    np.abs(sigma, out=sigma)
    np.sqrt(sigma, out=sigma)
    result = np.subtract(flat[3 * stride + 3 : 3 * stride + 3 + mean.size], mean, out=mean)
    result /= sigma + 1
    shape = (bottom - top, stride)
    return result.reshape(shape)[:, :width], sigma.reshape(shape)[:, :width]


def _smooth(flat: np.ndarray, stride: int) -> np.ndarray:
    """Rows of ``stride`` values, one after the other, six more than come out; the last six of each row are void."""
    size = flat.size - 6 * stride
    columns = np.zeros(size + 6)
    out = np.multiply(flat[3 * stride : 3 * stride + size], KERNEL[3], out=columns[:size])
    pair = np.empty(size)
    for tap in (2, 1, 0):
        np.add(flat[tap * stride : tap * stride + size], flat[(6 - tap) * stride : (6 - tap) * stride + size], out=pair)
        pair *= KERNEL[tap]
        out += pair
    return np.correlate(columns, KERNEL, "valid")


def moments(blocks_Bhw: np.ndarray, above_Bw: np.ndarray | None = None) -> np.ndarray:
    """Moments of values, and of their products with four neighbours.

    Args:
        blocks_Bhw: MSCN values. Each block is closed to a ring both ways, as circshift does.
        above_Bw: the row above each block, where it is not its own last row.

    Returns:
        float64 (5, B, M): of the values themselves; of the products with the left, upper, upper left neighbour, and of
        those of the upper with the left neighbour (the circshift pairs (−1, 1) and (1, −1)). Those of strips add up.
    """
    count, height, width = blocks_Bhw.shape
    stride = width + 1
    ring = np.zeros((count, (height + 1) * stride))
    cells = ring.reshape(count, height + 1, stride)
    cells[:, 1:, 1:] = blocks_Bhw
    every = np.empty((5, count, MOMENTS))
    every[0] = _moments(ring)
    cells[:, 0, 1:] = blocks_Bhw[:, -1] if above_Bw is None else above_Bw
    cells[:, :, 0] = cells[:, :, -1]
    here, left, upper, corner = ring[:, stride + 1 :], ring[:, stride:-1], ring[:, 1:-stride], ring[:, : -stride - 1]
    product = np.empty(here.shape)
    for place, (one, other) in enumerate(((here, left), (here, upper), (here, corner), (upper, left)), 1):
        np.multiply(one, other, out=product)
        product[:, width::stride] = 0  # the ring's own column is no value of the block; zeros count for nothing
        every[place] = _moments(product)
    return every


def _moments(x_BN: np.ndarray) -> np.ndarray:
    size_BN = np.abs(x_BN)
    square, signed = _dot(x_BN, x_BN), _dot(x_BN, size_BN)
    negative, positive = (square - signed) / 2, (square + signed) / 2
    if (np.minimum(negative, positive) < CANCELLED * square).any():
        low, high = np.minimum(x_BN, 0), np.maximum(x_BN, 0)
        negative, positive = _dot(low, low), _dot(high, high)
    counts = [[np.count_nonzero(side) for side in sign] for sign in (x_BN < 0, x_BN > 0)]
    return np.stack([*counts, negative, positive, size_BN.sum(axis=1)], axis=1)


def _dot(one_BN: np.ndarray, other_BN: np.ndarray) -> np.ndarray:
    """Sum of products of each row, in pieces so short that BLAS does not start threads for them: ours run already."""
    starts = range(0, one_BN.shape[1], DOT)
    return np.sum([np.vecdot(one_BN[:, at : at + DOT], other_BN[:, at : at + DOT]) for at in starts], axis=0)


class Shapes(NamedTuple):
    """The grid of shapes α, and what is looked up for each.

    Attributes:
        alpha: 0.2 : 0.001 : 10.
        ratio: Γ(2/α)² / (Γ(1/α) Γ(3/α)), strictly increasing: (mean |x|)² / mean x² of shape α.
        width: √(Γ(1/α) / Γ(3/α)), from deviation to scale β.
        shift: Γ(2/α) / Γ(1/α), from β to mean |x|.
    """

    alpha: np.ndarray
    ratio: np.ndarray
    width: np.ndarray
    shift: np.ndarray


@functools.cache
def shapes() -> Shapes:
    """The grid; made once, in a few milliseconds."""
    alpha = np.arange(200, 10_001) / 1000
    one, two, three = (np.array([math.gamma(k / a) for a in alpha.tolist()]) for k in (1, 2, 3))
    return Shapes(alpha, two**2 / (one * three), np.sqrt(one / three), two / one)


def fit_aggd(moments_M: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit asymmetric generalised Gaussians, as estimateaggdparam does.

    Args:
        moments_M: (..., M).
        size: number of values behind each.

    Returns:
        Positions in ``shapes()`` (...,), and deviation of the negative and of the positive values, nan where there are
        none (the position is then 0, as MATLAB's min of nothing but NaN is).
    """
    below, above, negative, positive, absolute = np.moveaxis(moments_M, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        left, right = np.sqrt(negative / below), np.sqrt(positive / above)
        lean = left / right
        ratio = (absolute / size) ** 2 / ((negative + positive) / size)
        ratio = ratio * (lean**3 + 1) * (lean + 1) / (lean**2 + 1) ** 2
    return _nearest(shapes().ratio, ratio), left, right


def fit_ggd(moments_M: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit generalised Gaussians, as estimateggdparam does: positions in ``shapes()``, and mean squares."""
    square = (moments_M[..., 2] + moments_M[..., 3]) / size
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = square / (moments_M[..., 4] / size) ** 2
    return len(shapes().ratio) - 1 - _nearest(1 / shapes().ratio[::-1], ratio), square


def _nearest(increasing_A: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Position of the nearest; 0 for what is not finite."""
    right = np.clip(np.searchsorted(increasing_A, values), 1, len(increasing_A) - 1)
    nearer = values - increasing_A[right - 1] <= increasing_A[right] - values
    return np.where(np.isfinite(values), right - nearer, 0)
