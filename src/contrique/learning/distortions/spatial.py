"""KADID-10k types 19–23: jitter, non-eccentricity patch, pixelate, quantization and colour block."""

import math

import cv2
import numpy as np

from contrique.learning.distortions.noise import normal

JITTER_PASSES = 5
"""How often the pixels are scattered (``imjitter.m``)."""

PATCH_SIDE = 16
"""Side of a moved patch, and the width of the square of places it may move to, in pixels (KADIS-700k generator)."""

BLOCK_SIDE = 32
"""Side of a colour block in pixels (KADIS-700k generator)."""


def jitter(image_HWC: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Type 19: pixels are scattered, five times over: each is fetched from a random place nearby, bilinearly.

    Args:
        image_HWC: uint8 RGB.
        amount: standard deviation of the displacement of one pass, in pixels each way, ≥ 0; KADID levels 0.05, 0.1,
            0.2, 0.5, 1.
        rng: source of the displacements.

    Returns:
        The scattered image; places beyond the border repeat the edge.
    """
    height, width = image_HWC.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    result: np.ndarray = image_HWC.astype(np.float32)
    for _ in range(JITTER_PASSES):
        from_x, from_y = normal(rng, (2, height, width), amount)
        from_x += x
        from_y += y
        result = cv2.remap(result, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.convertScaleAbs(result)


def non_eccentricity_patch(image_HWC: np.ndarray, patches: int, rng: np.random.Generator) -> np.ndarray:
    """Type 20: small squares are copied to a place nearby, one after another.

    Each 16 × 16 patch lies at least 16 pixels from the border and lands up to 8 pixels away each way. In images too
    small for that, the margin and then the patch shrink.

    Args:
        image_HWC: uint8 RGB.
        patches: how many, ≥ 0; KADID levels 20, 40, 60, 80, 100.
        rng: source of the places.

    Returns:
        The image with its patches moved.
    """
    result = image_HWC.copy()
    size = np.array(image_HWC.shape[:2])
    side = np.minimum(PATCH_SIDE, size)
    room = size - side
    margin = np.minimum(PATCH_SIDE, room // 2)
    draws = rng.random((patches, 4))
    sources = margin + np.rint(draws[:, :2] * (room - 2 * margin)).astype(int)
    targets = np.rint(sources + (draws[:, 2:] - 0.5) * PATCH_SIDE).astype(int)
    targets = np.clip(targets, 0, room)
    height, width = side
    for (top, left), (new_top, new_left) in zip(sources.tolist(), targets.tolist(), strict=True):
        patch = result[top : top + height, left : left + width].copy()
        result[new_top : new_top + height, new_left : new_left + width] = patch
    return result


def pixelate(image_HWC: np.ndarray, strength: float) -> np.ndarray:
    """Type 21: shrunk to 0.95 − strength^0.6 of its size and enlarged again, taking the nearest pixel both times.

    Args:
        image_HWC: uint8 RGB.
        strength: 0–0.9; KADID levels 0.01, 0.05, 0.1, 0.2, 0.5 (that is, to 89 %, 78 %, 70 %, 57 % and 29 %).

    Returns:
        The pixelated image.
    """
    scale = 0.95 - strength**0.6
    rows, columns = (_there_and_back(side, max(1, math.ceil(side * scale))) for side in image_HWC.shape[:2])
    return np.take(image_HWC[rows], columns, axis=1)


def quantization(image_HWC: np.ndarray, thresholds: int) -> np.ndarray:
    """Type 22: values between two neighbouring thresholds become one.

    ``imnoisequantize.m``: Otsu's thresholds (``multithresh``) over the values of R, G and B together; a value becomes
    the threshold at or above it, values up to the first threshold become 0 and those above the last become 255. MATLAB
    searches the thresholds by a simplex; here they are the exact optimum.

    Args:
        image_HWC: uint8 RGB.
        thresholds: how many, ≥ 1; KADID levels 20, 16, 13, 10, 7.

    Returns:
        The image with ``thresholds`` + 1 values. An image that has no more values than that comes back as it was.
    """
    histogram = np.bincount(image_HWC.reshape(-1), minlength=256)
    if np.count_nonzero(histogram) <= thresholds + 1:
        return image_HWC.copy()
    upper = otsu_thresholds(histogram, int(thresholds))
    outputs = np.concatenate([[0], upper[1:], [255]]).astype(np.uint8)
    return cv2.LUT(image_HWC, outputs[np.searchsorted(upper, np.arange(256))])


def otsu_thresholds(histogram: np.ndarray, thresholds: int) -> np.ndarray:
    """Thresholds that leave the least variance within the classes they make (Otsu 1979), by dynamic programming.

    Args:
        histogram: counts of the values 0, 1, 2, …; more of them are occupied than there are thresholds.
        thresholds: how many, ≥ 1.

    Returns:
        Ascending values; each is the largest value of its class.
    """
    values = np.flatnonzero(histogram)
    count = np.concatenate([[0], np.cumsum(histogram[values])]).astype(np.float64)
    total = np.concatenate([[0], np.cumsum(histogram[values] * values)]).astype(np.float64)
    ends, starts = np.meshgrid(np.arange(len(values) + 1), np.arange(len(values) + 1), indexing="ij")
    # gain[e, s]: what a class of values[s:e] adds to the variance between classes (up to a constant).
    pixels = np.where(ends > starts, count[ends] - count[starts], np.inf)
    gain = np.where(ends > starts, (total[ends] - total[starts]) ** 2 / pixels, -np.inf)
    best = gain[:, 0]
    choices = []
    for _ in range(thresholds):
        candidates = gain + best[None, :]
        choices.append(candidates.argmax(axis=1))
        best = candidates[np.arange(len(best)), choices[-1]]
    cuts = []
    end = len(values)
    for choice in reversed(choices):
        end = int(choice[end])
        cuts.append(end - 1)
    return values[cuts[::-1]]


def color_block(image_HWC: np.ndarray, blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Type 23: squares of one random colour each, 32 × 32 pixels, anywhere in the image.

    Args:
        image_HWC: uint8 RGB.
        blocks: how many, ≥ 0; KADID levels 2, 4, 6, 8, 10. They may overlap.
        rng: source of places and colours.

    Returns:
        The image with its blocks.
    """
    result = image_HWC.copy()
    height, width = result.shape[:2]
    for place in rng.random((blocks, 5)):
        top = int(place[0] * (max(height - BLOCK_SIDE, 0) + 1))
        left = int(place[1] * (max(width - BLOCK_SIDE, 0) + 1))
        result[top : top + BLOCK_SIDE, left : left + BLOCK_SIDE] = np.rint(255 * place[2:])
    return result


def _there_and_back(side: int, smaller: int) -> np.ndarray:
    """Which position each of ``side`` shows after going down to ``smaller`` and up again, nearest both times."""
    down = (2 * np.arange(smaller) + 1) * side // (2 * smaller)
    up = (2 * np.arange(side) + 1) * smaller // (2 * side)
    return down[up]
