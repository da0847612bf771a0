"""CIE Lab (D65, from sRGB) and back, in float32, for the distortions that MATLAB does with rgb2lab and lab2rgb."""

import cv2
import numpy as np


def to_lab(image_HWC: np.ndarray) -> np.ndarray:
    """Convert sRGB to Lab.

    Args:
        image_HWC: uint8 RGB.

    Returns:
        float32 (H, W, 3): L in 0–100, a and b around ±100.
    """
    return cv2.cvtColor(image_HWC.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2Lab)


def from_lab(lab_HWC: np.ndarray) -> np.ndarray:
    """Convert Lab to sRGB; colours that sRGB lacks are clipped channel by channel.

    Args:
        lab_HWC: float32 (H, W, 3) as :func:`to_lab` gives it, L of any value.

    Returns:
        uint8 RGB.
    """
    return cv2.convertScaleAbs(cv2.cvtColor(lab_HWC, cv2.COLOR_Lab2RGB), alpha=255)
