"""Minimum-variance colour palette (X. Wu, "Color quantization by dynamic programming and principal analysis", 1992).

What MATLAB's ``rgb2ind(image, n)`` computes, greedily: the box of colours with the largest squared error is cut in two
along its widest-spread axis, where the two halves' squared error is least, until there are n boxes. Colours are counted
on a grid of 32 × 32 × 32, over at most 65,536 pixels spread evenly over the image.
"""

import math

import numpy as np

MAX_PIXELS = 65_536


def minimum_variance_palette(image_HWC: np.ndarray, colors: int) -> np.ndarray:
    """The palette of an image.

    Args:
        image_HWC: uint8 RGB.
        colors: wanted number of colours, ≥ 1.

    Returns:
        uint8 (n, 3), n ≤ colors; fewer where the image has fewer colours on the grid.
    """
    stride = math.ceil(math.sqrt(image_HWC.shape[0] * image_HWC.shape[1] / MAX_PIXELS))
    pixels = image_HWC[::stride, ::stride].reshape(-1, 3)
    grid = (pixels >> 3).astype(np.int32)
    cell = grid[:, 0] << 10 | grid[:, 1] << 5 | grid[:, 2]
    count = np.bincount(cell, minlength=32**3)
    occupied = np.flatnonzero(count)
    # Per occupied cell: number of pixels, and their sum of red, green and blue.
    weight = count[occupied].astype(np.float64)
    sums = np.stack([np.bincount(cell, pixels[:, c], 32**3)[occupied] for c in range(3)], axis=1)
    axes = np.stack([occupied >> 10, occupied >> 5 & 31, occupied & 31])

    boxes = [np.arange(len(occupied))]
    errors = [_spread(weight, sums)]
    while len(boxes) < colors:
        worst = int(np.argmax([error.sum() for error in errors]))
        if errors[worst].sum() <= 0 or len(boxes[worst]) < 2:
            break
        box = boxes[worst]
        halves = _cut(box, axes[int(np.argmax(errors[worst]))][box], weight[box], sums[box])
        boxes[worst : worst + 1] = halves
        errors[worst : worst + 1] = [_spread(weight[half], sums[half]) for half in halves]
    means = [sums[box].sum(axis=0) / weight[box].sum() for box in boxes]
    return np.rint(means).astype(np.uint8)


def _spread(weight: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Squared error of red, green and blue about the mean of a box; zero for a box of one cell."""
    return (sums * sums / weight[:, None]).sum(axis=0) - sums.sum(axis=0) ** 2 / weight.sum()


def _cut(box: np.ndarray, position: np.ndarray, weight: np.ndarray, sums: np.ndarray) -> list[np.ndarray]:
    """Split a box at the grid position on one axis that leaves the least squared error."""
    if position.min() == position.max():
        return [box[:1], box[1:]]
    n = np.cumsum(np.bincount(position, weight, 32))
    total = np.stack([np.cumsum(np.bincount(position, sums[:, c], 32)) for c in range(3)], axis=1)
    inside = np.flatnonzero((n[:-1] > 0) & (n[:-1] < n[-1]))
    left, right = n[inside], n[-1] - n[inside]
    gain = (total[inside] ** 2).sum(axis=1) / left + ((total[-1] - total[inside]) ** 2).sum(axis=1) / right
    at = inside[int(np.argmax(gain))]
    return [box[position <= at], box[position > at]]
