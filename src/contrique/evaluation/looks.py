"""What kind of image one is, by plain measurements: bright or dark, grey or colourful, busy or calm, wide or tall.

For tables of bias (bias.py): properties of the content rather than of its quality, as far as pixels can tell.

Shapes: image_HWC is height, width, 3 channels, uint8; N images.
"""

from collections.abc import Sequence

import numpy as np

from contrique.images import read_image

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

DARK, BRIGHT = 70.0, 150.0
"""Mean luma, 0–255, below which an image is dark and from which it is bright."""

GREY, COLOURFUL = 15.0, 45.0
"""Colourfulness M below which an image is nearly grey and from which it is colourful: "slightly" and "averagely
colourful" in Hasler and Süsstrunk, Measuring colourfulness in natural images, SPIE 5007, 2003, table 2."""

SMALL = 96
"""Short side at which busyness is measured: too small for most blur and noise to matter."""

MEASURED = 256
"""Colour and brightness are measured on images shrunk by whole steps towards this short side."""

SQUARE = 1.1
"""Ratio of the sides up to which an image is square."""


def mean_luma(image_HWC: np.ndarray) -> float:
    """Mean of 0.299 R + 0.587 G + 0.114 B, 0 to 255."""
    return float(image_HWC.reshape(-1, 3).mean(axis=0) @ np.array(LUMA))


def colourfulness(image_HWC: np.ndarray) -> float:
    """Hasler and Süsstrunk's M = σ + 0.3 μ of the opponent colours R − G and (R + G)/2 − B; 0 for grey."""
    red, green, blue = np.moveaxis(image_HWC.astype(np.float64), 2, 0)
    opponents = red - green, (red + green) / 2 - blue
    deviation = np.hypot(*(one.std() for one in opponents))
    return float(deviation + 0.3 * np.hypot(*(one.mean() for one in opponents)))


def busyness(image_HWC: np.ndarray) -> float:
    """Mean step of luma between neighbours in the image shrunk to a short side of ``SMALL``: 0 for a flat one."""
    from PIL import Image

    height, width = image_HWC.shape[:2]
    factor = SMALL / min(height, width)
    size = max(2, round(width * factor)), max(2, round(height * factor))
    small_HWC = np.asarray(Image.fromarray(image_HWC).resize(size, Image.Resampling.BOX), dtype=np.float64)
    luma_HW = small_HWC @ np.array(LUMA)
    return float(np.mean([np.abs(np.diff(luma_HW, axis=axis)).mean() for axis in (0, 1)]))


def looks(images: Sequence[np.ndarray | str]) -> dict[str, list[str]]:
    """Categories of images by property, as ``bias.by_category`` takes them.

    Args:
        images: N paths, or uint8 arrays (H, W, 3); each is read once and let go.

    Returns:
        ``brightness`` (dark, normal, bright), ``colour`` (nearly grey, moderate, colourful), ``detail`` (calm, medium,
        busy: thirds of these images by ``busyness``) and ``shape`` (square, wide, tall), each with N categories.

    Raises:
        ImageError: an image cannot be read.
    """
    from PIL import Image

    measured = []
    for source in images:
        image = Image.fromarray(read_image(source))
        ratio = image.width / image.height
        small_HWC = np.asarray(image.reduce(max(1, min(image.size) // MEASURED)))
        measured.append((mean_luma(small_HWC), colourfulness(small_HWC), busyness(small_HWC), ratio))
    luma_N, colour_N, busy_N, ratio_N = np.array(measured, dtype=np.float64).reshape(-1, 4).T
    thirds = np.quantile(busy_N, (1 / 3, 2 / 3)).tolist() if len(busy_N) else (0.0, 0.0)
    return {
        "brightness": _named(luma_N, (DARK, BRIGHT), ("dark", "normal", "bright")),
        "colour": _named(colour_N, (GREY, COLOURFUL), ("nearly grey", "moderate", "colourful")),
        "detail": _named(busy_N, thirds, ("calm", "medium", "busy")),
        "shape": _named(ratio_N, (1 / SQUARE, np.nextafter(SQUARE, 2)), ("tall", "square", "wide")),
    }


def _named(values_N: np.ndarray, ends: Sequence[float], names: Sequence[str]) -> list[str]:
    """The name of the part, below, between or from the ends on, that each value is in."""
    return [names[place] for place in np.searchsorted(ends, values_N, side="right")]
