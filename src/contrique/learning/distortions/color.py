"""KADID-10k types 4–8: colour diffusion, colour shift, colour quantization, and saturation in HSV and in Lab."""

import math

import cv2
import numpy as np
from PIL import Image

from contrique.learning.distortions.lab import from_lab, to_lab
from contrique.learning.distortions.palette import minimum_variance_palette


def color_diffusion(image_HWC: np.ndarray, amount: float) -> np.ndarray:
    """Type 4: colours run into each other; lightness stays sharp.

    ``imcolordiffuse.m``: a and b of Lab are blurred with a Gaussian of σ = 1.5·amount + 2 pixels (2⌈2σ⌉ + 1 taps, edges
    repeated) and multiplied by the amount.

    Args:
        image_HWC: uint8 RGB.
        amount: ≥ 0; KADID levels 1, 3, 6, 8, 12.

    Returns:
        The image with diffused colours.
    """
    sigma = 1.5 * amount + 2
    side = 2 * math.ceil(2 * sigma) + 1
    channels = list(cv2.split(to_lab(image_HWC)))
    for index in (1, 2):
        blurred = cv2.GaussianBlur(channels[index], (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
        channels[index] = blurred * np.float32(amount)
    return from_lab(cv2.merge(channels))


def color_shift(image_HWC: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Type 5: the green channel is moved aside, most where there are edges.

    ``imcolorshift.m``: green is shifted by ``amount`` pixels right and down in a random direction (each component
    rounded, edges repeated) and blended with itself unshifted. The weight of the shifted one is the gradient of the
    grey image, blurred with σ = 4, stretched to 0–1, raised to at least 0.1, and stretched again between its 1st and
    99th percentile. (The percentiles are taken over every fourth pixel each way: the map is smooth.)

    Args:
        image_HWC: uint8 RGB.
        amount: length of the shift in pixels, ≥ 0; KADID levels 1, 3, 6, 8, 12.
        rng: source of the direction.

    Returns:
        The image with its green shifted at edges.
    """
    height, width = image_HWC.shape[:2]
    direction = rng.random(2)
    down, right = np.rint(direction / np.linalg.norm(direction) * amount).astype(int)

    grey = cv2.cvtColor(image_HWC, cv2.COLOR_RGB2GRAY)
    gradient = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1))
    weight = _stretch(cv2.GaussianBlur(gradient, (17, 17), 4, borderType=cv2.BORDER_REPLICATE))
    weight = _stretch(np.maximum(weight, 0.1))
    low, high = np.percentile(weight[::4, ::4], (1, 99))
    weight = _stretch(np.clip(weight, np.float32(low), np.float32(high)))

    green = np.ascontiguousarray(image_HWC[..., 1])
    shifted = cv2.copyMakeBorder(green, int(down), 0, int(right), 0, cv2.BORDER_REPLICATE)[:height, :width]
    moved = green.astype(np.float32) + weight * (shifted.astype(np.float32) - green)
    result = image_HWC.copy()
    result[..., 1] = cv2.convertScaleAbs(moved)
    return result


def color_quantization(image_HWC: np.ndarray, colors: int) -> np.ndarray:
    """Type 6: a palette of few colours, with error diffusion.

    ``imcolorquantize.m``: MATLAB's ``rgb2ind(image, n)``, minimum-variance quantization and Floyd–Steinberg dithering.
    The palette is our own (see :mod:`.palette`), the dithering Pillow's.

    Args:
        image_HWC: uint8 RGB.
        colors: size of the palette, 2–256; KADID levels 64, 48, 32, 16, 8.

    Returns:
        The image in at most that many colours.
    """
    palette = Image.new("P", (1, 1))
    palette.putpalette(minimum_variance_palette(image_HWC, int(colors)).tobytes())
    dithered = Image.fromarray(image_HWC).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    return np.array(dithered.convert("RGB"))


def color_saturation_1(image_HWC: np.ndarray, factor: float) -> np.ndarray:
    """Type 7: the saturation of HSV is multiplied.

    With hue and value kept, every channel c becomes V − factor·(V − c), V being the largest of R, G and B; so no
    conversion is needed. A negative factor turns hues to their opposites and is clipped at white.

    Args:
        image_HWC: uint8 RGB.
        factor: 1 leaves the image as it is, 0 leaves V alone; KADID levels 0.4, 0.2, 0.1, 0, −0.4.

    Returns:
        The less saturated image.
    """
    red, green, blue = cv2.split(image_HWC)
    value = cv2.max(cv2.max(red, green), blue)
    return cv2.addWeighted(image_HWC, factor, cv2.merge([value, value, value]), 1 - factor, 0)


def color_saturation_2(image_HWC: np.ndarray, factor: float) -> np.ndarray:
    """Type 8: a and b of Lab are multiplied.

    Args:
        image_HWC: uint8 RGB.
        factor: ≥ 0; 1 leaves the image as it is, as at KADID's level 1; KADID levels 1, 2, 3, 6, 9.

    Returns:
        The over-saturated image.
    """
    return from_lab(cv2.transform(to_lab(image_HWC), np.diag([1, factor, factor]).astype(np.float32)))


def _stretch(value: np.ndarray) -> np.ndarray:
    low, high = float(value.min()), float(value.max())
    return (value - np.float32(low)) / np.float32(high - low) if high > low else value
