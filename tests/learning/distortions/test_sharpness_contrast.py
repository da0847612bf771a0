"""The contrast curve against SciPy's not-a-knot spline, sharpening against its formula."""

import numpy as np
import pytest
from scipy import interpolate, ndimage

from contrique.learning.distortions import LEVELS, distort
from contrique.learning.distortions.lab import from_lab, to_lab
from contrique.learning.distortions.sharpness_contrast import contrast_change, high_sharpen


@pytest.mark.parametrize("amount", [0.3, 0.15, 0, -0.4, -0.6])
def test_the_contrast_curve_is_scipys_spline(amount):
    points = [0, 0.3, 0.5, 0.7, 1], [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1]
    spline = interpolate.CubicSpline(*points, bc_type="not-a-knot")
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    expected = 255 * np.clip(spline(every / 255), 0, 1)
    assert np.abs(contrast_change(every, amount) - expected).max() <= 0.5 + 1e-6


def test_contrast_levels_go_from_much_to_little(photo):
    assert all(np.diff([distort(photo, "contrast_change", level).std() for level in LEVELS]) < 0)
    assert np.array_equal(contrast_change(photo, -0.2), photo)


@pytest.mark.parametrize("amount", [1, 12])
def test_sharpening_adds_what_the_blur_took(photo, amount):
    lab = to_lab(photo)
    lightness = lab[..., 0].astype(float)
    blurred = ndimage.gaussian_filter(lightness, 3, mode="nearest", radius=6)
    lab[..., 0] = np.clip(lightness + amount * (lightness - blurred), 0, 100)
    assert np.abs(high_sharpen(photo, amount).astype(int) - from_lab(lab)).max() <= 1


def test_no_sharpening_changes_nothing(photo):
    assert np.abs(high_sharpen(photo, 0).astype(int) - photo).max() <= 1
