"""KADID-10k types 1–3: Gaussian, lens and motion blur.

Each is a convolution with edge pixels repeated beyond the border, as MATLAB's ``imgaussfilt`` and
``imfilter(…, 'replicate')`` in the authors' ``imblur.m``. The kernels are MATLAB's ``fspecial``: 'gaussian', 'disk' and
'motion'.
"""

import math

import cv2
import numpy as np


def gaussian_blur(image_HWC: np.ndarray, sigma: float) -> np.ndarray:
    """Type 1: Gaussian blur.

    Args:
        image_HWC: uint8 RGB.
        sigma: standard deviation in pixels, ≥ 0; KADID levels 0.1, 0.5, 1, 2, 5. Below about 0.2 the kernel's
            neighbours round to nothing and the image comes back as it was: so it is at level 1.

    Returns:
        The blurred image. The kernel has 2⌈2σ⌉ + 1 taps a side, as ``imgaussfilt`` has.
    """
    if sigma <= 0:
        return image_HWC.copy()
    side = 2 * math.ceil(2 * sigma) + 1
    # In float32: OpenCV rounds the kernel of an 8-bit image to 8 bits.
    values: np.ndarray = image_HWC.astype(np.float32)
    return cv2.convertScaleAbs(cv2.GaussianBlur(values, (side, side), sigma, borderType=cv2.BORDER_REPLICATE))


def lens_blur(image_HWC: np.ndarray, radius: float) -> np.ndarray:
    """Type 2: out-of-focus blur, the mean over a disc.

    Args:
        image_HWC: uint8 RGB.
        radius: radius of the disc in pixels, ≥ 0; KADID levels 1, 2, 4, 6, 8.

    Returns:
        The blurred image.
    """
    return _filter(image_HWC, disk_kernel(radius))


def motion_blur(image_HWC: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Type 3: blur along a line whose direction is drawn from 0°, 1°, …, 180°.

    Args:
        image_HWC: uint8 RGB.
        length: length of the line in pixels; KADID levels 1, 2, 4, 6, 10. A line of one pixel, level 1, changes
            nothing.
        rng: source of the direction.

    Returns:
        The blurred image.
    """
    return _filter(image_HWC, motion_kernel(length, float(rng.integers(0, 181))))


def disk_kernel(radius: float) -> np.ndarray:
    """Share of every pixel that a disc around the middle pixel's centre covers, summing to one.

    Args:
        radius: in pixels, ≥ 0.

    Returns:
        float32 square kernel with an odd side. The area is found by integrating the height of the disc over 256 columns
        within each pixel; ``fspecial('disk')`` does it in closed form and differs by less than 1e-4 of a pixel.
    """
    reach = max(0, math.ceil(radius - 0.5))
    columns = 256
    x = (np.arange((2 * reach + 1) * columns) + 0.5) / columns - (reach + 0.5)
    half_height = np.sqrt(np.maximum(0.0, radius * radius - x * x))
    rows = np.arange(-reach, reach + 1)[:, None]
    covered = np.minimum(half_height, rows + 0.5) - np.maximum(-half_height, rows - 0.5)
    area = np.maximum(0.0, covered).reshape(2 * reach + 1, 2 * reach + 1, columns).mean(axis=2)
    if area.sum() == 0:
        area[reach, reach] = 1.0
    return (area / area.sum()).astype(np.float32)


def motion_kernel(length: float, degrees: float) -> np.ndarray:
    """A line of the given length and direction through the middle pixel, anti-aliased, summing to one.

    A pixel weighs one minus its distance from the line, its end points included, as in ``fspecial('motion')``.

    Args:
        length: in pixels; below one counts as one.
        degrees: direction, counter-clockwise from the horizontal.

    Returns:
        float32 square kernel with an odd side.
    """
    half = (max(1.0, length) - 1) / 2
    reach = math.ceil(half)
    angle = math.radians(degrees)
    y, x = np.mgrid[reach : -reach - 1 : -1, -reach : reach + 1].astype(np.float64)
    along = np.abs(x * math.cos(angle) + y * math.sin(angle))
    across = np.abs(y * math.cos(angle) - x * math.sin(angle))
    beyond = np.hypot(x, y) >= half
    distance = np.where(beyond, np.hypot(across, along - half), across)
    weight = np.where(across <= 1, np.maximum(0.0, 1 - distance), 0.0)
    return (weight / weight.sum()).astype(np.float32)


def _filter(image_HWC: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # OpenCV adds up small kernels about three times as fast in float32; large ones go through its Fourier transform.
    if kernel.size < 130:
        return cv2.convertScaleAbs(
            cv2.filter2D(image_HWC.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REPLICATE)
        )
    return cv2.filter2D(image_HWC, -1, kernel, borderType=cv2.BORDER_REPLICATE)
