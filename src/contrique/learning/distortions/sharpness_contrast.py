"""KADID-10k types 24 and 25: high sharpen and contrast change."""

import cv2
import numpy as np

from contrique.learning.distortions.lab import from_lab, to_lab

SHARPEN_SIGMA = 3.0
"""Standard deviation, in pixels, of the blur that is subtracted: the default radius of ``imsharpenHi.m``."""


def high_sharpen(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 24: over-sharpening by unsharp masking of the lightness: L + amount · (L − blurred L).

    MATLAB's ``imsharpen(…, 'Radius', 3, 'Amount', amount)``: the blur is Gaussian with σ = 3 in 13 × 13 taps, edges
    repeated.

    Args:
        image_HWC: uint8 RGB.
        amount: ≥ 0; KADID levels 1, 2, 3, 6, 12.

    Returns:
        The sharpened image.
    """
    lab = to_lab(image_HWC)
    lightness = cv2.extractChannel(lab, 0)
    blurred = cv2.GaussianBlur(lightness, (13, 13), SHARPEN_SIGMA, borderType=cv2.BORDER_REPLICATE)
    cv2.insertChannel(np.clip(lightness + amount * (lightness - blurred), 0, 100), lab, 0)
    return from_lab(lab)


def contrast_change(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 25: an S-shaped (or flattened) tone curve around mid-grey, the same for R, G and B.

    ``imcontrastc.m`` draws MATLAB's not-a-knot ``spline`` through (0, 0), (.3, ¼ − amount/4), (.5, .5), (.7, ¾ +
    amount/4) and (1, 1), and clips it to 0–1. These points lie symmetrically, and the spline is one odd cubic around
    (.5, .5): ½ + s·u + c·u³ with u = x − ½, c = (.2 − d)/.042, s = 1 − c/4, d = ¼ + amount/4.

    Args:
        image_HWC: uint8 RGB.
        amount: −1 to 1; −0.2 leaves the image as it is, more raises the contrast, less lowers it. KADID levels 0.3,
            0.15, 0, −0.4, −0.6: from much more contrast to much less, unlike other types whose level 1 is the mildest.

    Returns:
        The image with changed contrast.
    """
    offset = 0.25 + amount / 4
    cubic = (0.2 - offset) / 0.042
    centred = np.arange(256) / 255 - 0.5
    curve = 0.5 + (1 - cubic / 4) * centred + cubic * centred**3
    return cv2.LUT(image_HWC, np.rint(255 * np.clip(curve, 0, 1)).astype(np.uint8))
