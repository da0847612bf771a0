"""Minimum-variance colour palette (X. Wu, "Color quantization by dynamic programming and principal analysis", 1992).

What MATLAB's ``rgb2ind(image, n)`` computes, greedily: the box of colours with the largest squared error is cut in two
along its widest-spread axis, where the two halves' squared error is least, until there are n boxes. Colours are counted
on a grid of 32 × 32 × 32, over at most 16,384 pixels spread evenly over the image.
"""

import math

import numpy as np

MAX_PIXELS = 16_384


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
    sums = np.stack([np.bincount(cell, pixels[:, c], 32**3)[occupied] for c in range(3)])
    axes = (occupied >> 10, occupied >> 5 & 31, occupied & 31)

    # A box: its squared error, that of red, green and blue each, and its cells.
    everything = np.arange(len(occupied))
    boxes = [(*_errors(weight, sums), everything)]
    while len(boxes) < colors:
        worst = max(range(len(boxes)), key=lambda index: boxes[index][0])
        total, errors, box = boxes[worst]
        if len(box) < 2 or total <= 0:
            break
        position = axes[errors.index(max(errors))][box]
        halves = _cut(box, position, weight[box], sums[:, box])
        boxes[worst : worst + 1] = [(*_errors(weight[half], sums[:, half]), half) for half in halves]
    means = [sums[:, box].sum(axis=1) / weight[box].sum() for _, _, box in boxes]
    return np.rint(means).astype(np.uint8)


def _errors(weight: np.ndarray, sums: np.ndarray) -> tuple[float, list[float]]:
    """Squared error about a box's mean, in all and of red, green and blue; the spread within a cell is left out."""
    if len(weight) < 2:
        return 0.0, [0.0, 0.0, 0.0]
    errors = ((sums * sums / weight).sum(axis=1) - sums.sum(axis=1) ** 2 / weight.sum()).tolist()
    return sum(errors), errors


def _cut(box: np.ndarray, position: np.ndarray, weight: np.ndarray, sums: np.ndarray) -> list[np.ndarray]:
    """Split a box at the grid position on one axis that leaves the least squared error."""
    if position.min() == position.max():
        return [box[:1], box[1:]]
    n = np.cumsum(np.bincount(position, weight, 32))
    totals = [np.cumsum(np.bincount(position, channel, 32)) for channel in sums]
    inside = np.flatnonzero((n[:-1] > 0) & (n[:-1] < n[-1]))
    left, right = n[inside], n[-1] - n[inside]
    gain = sum(total[inside] ** 2 / left + (total[-1] - total[inside]) ** 2 / right for total in totals)
    low = position <= inside[int(np.argmax(gain))]
    return [box[low], box[~low]]
