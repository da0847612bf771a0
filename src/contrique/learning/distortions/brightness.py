"""KADID-10k types 16–18: brighten, darken, mean shift.

``imbrighten.m`` and ``imdarken.m`` bend the tone curve: the parabola through (0, 0), (½, ½ ± amount/2) and (1, 1),
which is what MATLAB's ``spline`` makes of three points, clipped to 0–1.
"""

import cv2
import numpy as np

from contrique.learning.distortions.lab import from_lab, to_lab


def brighten(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 16: raise the middle of the tone curve, two parts in RGB and one part in the lightness of Lab.

    Args:
        image_HWC: uint8 RGB.
        amount: twice the rise at mid-grey as a share of full scale, ≥ 0; KADID levels 0.1, 0.2, 0.4, 0.7, 1.1.

    Returns:
        The brightened image.
    """
    lab = to_lab(image_HWC)
    lightness = tone_curve(cv2.extractChannel(lab, 0) / 100, 0.5 + amount / 2)
    cv2.insertChannel(100 * lightness, lab, 0)
    return cv2.addWeighted(_through_curve(image_HWC, 0.5 + amount / 2), 2 / 3, from_lab(lab), 1 / 3, 0)


def darken(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 17: lower the middle of the tone curve of R, G and B.

    Args:
        image_HWC: uint8 RGB.
        amount: twice the fall at mid-grey as a share of full scale, ≥ 0; KADID levels 0.05, 0.1, 0.2, 0.4, 0.8.

    Returns:
        The darkened image.
    """
    return _through_curve(image_HWC, 0.5 - amount / 2)


def mean_shift(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 18: add one value to R, G and B, and clip.

    Args:
        image_HWC: uint8 RGB.
        amount: share of full scale, −1 to 1; KADID levels 0.15, 0.08, 0, −0.08, −0.15: from brighter over unchanged
            (level 3) to darker.

    Returns:
        The shifted image.
    """
    table = np.clip(np.rint(np.arange(256) + 255 * amount), 0, 255).astype(np.uint8)
    return cv2.LUT(image_HWC, table)


def tone_curve(value: np.ndarray, middle: float) -> np.ndarray:
    """The parabola through (0, 0), (½, middle), (1, 1), clipped to 0–1.

    Args:
        value: anything in 0–1.
        middle: value at ½.

    Returns:
        The curve at each value, of the dtype of ``value``.
    """
    bend = 2 - 4 * middle
    return np.clip(value * (bend * value + (1 - bend)), 0, 1)


def _through_curve(image_HWC: np.ndarray, middle: float) -> np.ndarray:
    table = np.rint(255 * tone_curve(np.arange(256) / 255, middle)).astype(np.uint8)
    return cv2.LUT(image_HWC, table)
