"""Colour distortions against colorsys, SciPy, and what their definitions promise."""

import colorsys
import math

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from contrique.learning.distortions import LEVELS, distort
from contrique.learning.distortions.color import (
    color_diffusion,
    color_quantization,
    color_saturation_1,
    color_saturation_2,
    color_shift,
)
from contrique.learning.distortions.lab import from_lab, to_lab
from contrique.learning.distortions.palette import minimum_variance_palette


@pytest.mark.parametrize("amount", [1, 3, 12])
def test_diffusion_blurs_and_multiplies_a_and_b(photo, amount):
    sigma = 1.5 * amount + 2
    lab = to_lab(photo)
    radius = math.ceil(2 * sigma)
    options = {"mode": "nearest", "radius": (radius, radius, 0)}
    lab[..., 1:] = amount * ndimage.gaussian_filter(lab[..., 1:], (sigma, sigma, 0), **options)
    assert np.abs(color_diffusion(photo, amount).astype(int) - from_lab(lab)).max() <= 1


def test_diffusion_keeps_lightness_and_amount_0_takes_colour(photo):
    # Where colours stay displayable, lightness is what it was.
    assert np.abs(to_lab(color_diffusion(photo, 1))[..., 0] - to_lab(photo)[..., 0]).mean() < 0.5
    grey = color_diffusion(photo, 0)
    assert np.abs(np.diff(grey.astype(int), axis=2)).max() <= 1


def test_shift_moves_green_alone(photo):
    shifted = color_shift(photo, 6, np.random.default_rng(0))
    assert np.array_equal(shifted[..., [0, 2]], photo[..., [0, 2]])
    assert not np.array_equal(shifted[..., 1], photo[..., 1])
    assert np.array_equal(color_shift(photo, 0, np.random.default_rng(0)), photo)


def white_square() -> np.ndarray:
    image = np.zeros((80, 80, 3), np.uint8)
    image[25:50, 25:50] = 200
    return image


def test_shift_moves_right_and_down_by_the_amount():
    for seed in range(6):
        green = color_shift(white_square(), 4, np.random.default_rng(seed))[..., 1] > 70
        direction = np.random.default_rng(seed).random(2)
        down, right = np.rint(4 * direction / np.hypot(*direction)).astype(int)
        rows, columns = np.flatnonzero(green.any(axis=1)), np.flatnonzero(green.any(axis=0))
        assert rows.max() == 49 + down
        assert columns.max() == 49 + right


def test_longer_shifts_change_more_pixels_at_an_edge():
    changed = [
        np.mean([(distort(white_square(), "color_shift", level, seed) != white_square()).sum() for seed in range(9)])
        for level in LEVELS
    ]
    assert all(np.diff(changed) > 0), changed


def test_shift_spares_what_is_smooth():
    """A gentle ramp on the left, a hard edge on the right: the edge moves fully, the ramp hardly."""
    image = np.full((64, 128, 3), 60, np.uint8)
    image[:, :64] += (np.arange(64) // 2).astype(np.uint8)[None, :, None]
    image[:, 100:] = 220
    change = np.abs(color_shift(image, 8, np.random.default_rng(4)).astype(int) - image)[..., 1]
    assert change[:, 100:102].max() > 100
    assert change[:, :50].max() <= 4


@pytest.mark.parametrize("colors", [64, 16, 8])
def test_quantization_uses_few_well_chosen_colours(photo, colors):
    result = color_quantization(photo, colors)
    assert len(np.unique(result.reshape(-1, 3), axis=0)) <= colors
    median_cut = Image.fromarray(photo).quantize(colors, Image.Quantize.MEDIANCUT)
    peer = np.asarray(Image.fromarray(photo).quantize(palette=median_cut, dither=3).convert("RGB"))
    ours, theirs = (((a.astype(float) - photo) ** 2).mean() for a in (result, peer))
    assert ours < theirs


def test_quantization_dithers(photo):
    """Error diffusion keeps the means of small regions better than the nearest colours of the same palette do."""
    palette = minimum_variance_palette(photo, 8).astype(int)
    distance = ((photo[:, :, None].astype(int) - palette) ** 2).sum(axis=3)
    nearest = palette[distance.argmin(axis=2)]

    def drift(image: np.ndarray) -> float:
        change = image.astype(float) - photo
        return float(np.abs(change.reshape(15, 8, 20, 8, 3).mean(axis=(1, 3))).mean())

    assert drift(color_quantization(photo, 8)) < 0.8 * drift(nearest)


def test_few_colours_stay_as_they_are():
    palette = np.array([[0, 0, 0], [255, 255, 255], [200, 30, 40], [10, 90, 200]], np.uint8)
    image = palette[np.random.default_rng(0).integers(0, 4, (40, 50))]
    assert np.array_equal(color_quantization(image, 8), image)


@pytest.mark.parametrize("factor", [1, 0.4, 0.1, 0, -0.4])
def test_saturation_1_is_colorsys(photo, factor):
    some = photo[::9, ::11]
    expected = np.empty(some.shape)
    for index in np.ndindex(some.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(some[index] / 255))
        expected[index] = colorsys.hsv_to_rgb(hue, factor * saturation, value)
    assert np.abs(color_saturation_1(some, factor) - np.clip(255 * expected, 0, 255)).max() <= 0.51


@pytest.mark.parametrize("factor", [2, 9])
def test_saturation_2_multiplies_a_and_b(photo, factor):
    lab = to_lab(photo)
    lab[..., 1:] *= factor
    assert np.array_equal(color_saturation_2(photo, factor), from_lab(lab))


def test_saturation_2_by_1_changes_nothing(photo):
    assert np.abs(color_saturation_2(photo, 1).astype(int) - photo).max() <= 1
