"""Two views of one image: full scale and half scale, a random crop of each, a random colour space, a flip. No torch.

As published (Madhusudana et al., IEEE TIP 2022, and the authors' code): the two scales in random order, a 256×256
crop (a zero-padded centre crop where the image is smaller), then, independently for each view, grey, LAB, HSV,
local-mean-subtracted or unchanged RGB with equal chance, then a flip with chance ½. Crops come before colour, as in
the authors' code: the local mean is taken within the crop.

Shape suffixes: H, W, C of an image; S the side of a view.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from contrique.images import half_scale

Image = NDArray[np.uint8]
SIZE = 256  # side of a view, the paper's
_MARGIN = 8  # full-scale pixels beyond a half-scale crop that its edge can depend on: bicubic at ½ reaches 4
_WINDOW, _SIGMA = 7, 7 / 6  # local mean: gen_gauss_window(3, 7/6), the window of BRISQUE


def grey(view_HWC: Image) -> Image:
    """ITU-R 601 luma in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(view_HWC, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[return-value]


def lab(view_HWC: Image) -> Image:
    """CIE L*a*b* of sRGB (D65): L·255/100, a + 128, b + 128.

    The authors read a and b from Pillow, which hands them out as signed bytes: there, neutral grey jumps between 0
    and 255. Here the offset of 128 keeps them continuous.
    """
    return cv2.cvtColor(view_HWC, cv2.COLOR_RGB2Lab)  # type: ignore[return-value]


def hsv(view_HWC: Image) -> Image:
    """Hue (full circle = 256), saturation and value, each a byte, as Pillow's HSV."""
    return cv2.cvtColor(view_HWC, cv2.COLOR_RGB2HSV_FULL)  # type: ignore[return-value]


def local_mean_subtracted(view_HWC: Image) -> Image:
    """Each channel less its 7×7 Gaussian mean (σ 7/6, mirrored border), stretched to 0…255 by its own range."""
    seen_HWC = view_HWC.astype(np.float32)
    x_HWC = cv2.subtract(
        seen_HWC, cv2.GaussianBlur(seen_HWC, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT)
    )
    out_HWC = np.empty_like(view_HWC)
    for channel, x_HW in enumerate(cv2.split(x_HWC)):
        low, high, *_ = cv2.minMaxLoc(x_HW)
        scale = np.float32(255) / np.float32(high - low + 1e-3)  # 1e-3 as published: a flat crop becomes 0
        out_HWC[..., channel] = ((x_HW - np.float32(low)) * scale).astype(np.uint8)
    return out_HWC


def rgb(view_HWC: Image) -> Image:
    """Unchanged."""
    return view_HWC


COLOURS: tuple[Callable[[Image], Image], ...] = (grey, lab, hsv, local_mean_subtracted, rgb)


def _centre_padded(image_HWC: Image, size: int) -> Image:
    """The centre size×size, with zeros where the image does not reach."""
    height, width, channels = image_HWC.shape
    out = np.zeros((size, size, channels), np.uint8)
    from_y, from_x = max(0, (height - size) // 2), max(0, (width - size) // 2)
    to_y, to_x = max(0, (size - height) // 2), max(0, (size - width) // 2)
    part = image_HWC[from_y : from_y + size, from_x : from_x + size]
    out[to_y : to_y + part.shape[0], to_x : to_x + part.shape[1]] = part
    return out


def full_crop(image_HWC: Image, rng: np.random.Generator, size: int = SIZE) -> Image:
    """A random size×size crop, or the zero-padded centre if a side is shorter."""
    height, width = image_HWC.shape[:2]
    if min(height, width) < size:
        return _centre_padded(image_HWC, size)
    y, x = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
    return image_HWC[y : y + size, x : x + size]


def half_crop(image_HWC: Image, rng: np.random.Generator, size: int = SIZE) -> Image:
    """A random size×size crop of the half-scale image, or its zero-padded centre.

    Equal to halving the whole image and cropping after (an odd last row or column left out), at the cost of the crop.
    """
    height, width = image_HWC.shape[0] // 2, image_HWC.shape[1] // 2
    if min(height, width) < size:
        return _centre_padded(half_scale(image_HWC), size)
    y, x = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
    top, left = max(0, 2 * y - _MARGIN), max(0, 2 * x - _MARGIN)
    bottom, right = min(2 * height, 2 * (y + size) + _MARGIN), min(2 * width, 2 * (x + size) + _MARGIN)
    halved = half_scale(np.ascontiguousarray(image_HWC[top:bottom, left:right]))
    y, x = y - top // 2, x - left // 2
    return halved[y : y + size, x : x + size]


def two_views(image_HWC: Image, rng: np.random.Generator, size: int = SIZE) -> Image:
    """Draw the two views of an image.

    Args:
        image_HWC: uint8 sRGB of any size; not changed.
        rng: everything random comes from it.
        size: side of the views.

    Returns:
        uint8 (2, size, size, 3), one view of each scale in random order.

    Raises:
        ValueError: not a uint8 (H, W, 3) image.
    """
    if image_HWC.dtype != np.uint8 or image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or 0 in image_HWC.shape:
        raise ValueError(f"expected a uint8 (H, W, 3) image, got {image_HWC.dtype} {image_HWC.shape}")
    crops = (full_crop, half_crop) if rng.random() < 0.5 else (half_crop, full_crop)
    views = np.empty((2, size, size, 3), np.uint8)
    for view, crop in zip(views, crops, strict=True):
        coloured = COLOURS[rng.integers(len(COLOURS))](np.ascontiguousarray(crop(image_HWC, rng, size)))
        view[:] = coloured[:, ::-1] if rng.random() < 0.5 else coloured
    return views
