"""Blurs against SciPy's Gaussian, slow loops, and the kernels MATLAB prints."""

import math

import numpy as np
import pytest
from scipy import ndimage

from contrique.learning.distortions.blur import disk_kernel, gaussian_blur, lens_blur, motion_blur, motion_kernel


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1, 2, 5])
def test_gaussian_is_scipys(photo, sigma):
    radius = math.ceil(2 * sigma)
    expected = ndimage.gaussian_filter(
        photo.astype(float), (sigma, sigma, 0), mode="nearest", radius=(radius, radius, 0)
    )
    assert np.abs(gaussian_blur(photo, sigma) - expected).max() <= 0.51


def test_disk_of_radius_1_is_matlabs():
    """``fspecial('disk', 1)`` as MATLAB prints it."""
    expected = [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]]
    assert np.abs(disk_kernel(1) - expected).max() < 1e-4


@pytest.mark.parametrize("radius", [1, 2, 4, 6, 8])
def test_disk_covers_the_area_of_a_disk(radius):
    side = 2 * radius + 1
    fine = 40
    at = (np.arange(side * fine) + 0.5) / fine - side / 2
    inside = at[:, None] ** 2 + at[None, :] ** 2 <= radius**2
    area = inside.reshape(side, fine, side, fine).mean(axis=(1, 3))
    kernel = disk_kernel(radius)
    assert kernel.shape == (side, side)
    assert np.abs(kernel - area / (math.pi * radius**2)).max() < 2e-2 / radius**2
    assert kernel.sum() == pytest.approx(1, abs=1e-6)


def slow_motion_kernel(length: int, degrees: float) -> np.ndarray:
    """``fspecial('motion')`` pixel by pixel: one quadrant around the line, mirrored through the middle."""
    half = (length - 1) / 2
    angle = math.radians(degrees % 180)
    cos, sin = math.cos(angle), math.sin(angle)
    reach = math.ceil(half)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    step = 1 if cos >= 0 else -1
    for row in range(reach + 1):
        for column in range(reach + 1):
            x, y = step * column, row
            across = y * cos - x * sin
            if math.hypot(x, y) >= half and abs(across) <= 1 and abs(cos) > 1e-12:
                across = math.hypot(across, half - abs((x + across * sin) / cos))
            weight = max(0.0, 1 - abs(across))
            kernel[reach - y, reach + x] = kernel[reach + y, reach - x] = weight
    return kernel / kernel.sum()


@pytest.mark.parametrize("length", [1, 2, 4, 6, 10])
@pytest.mark.parametrize("degrees", [0, 1, 30, 45, 77, 100, 135, 179])
def test_motion_kernel_is_the_slow_one(length, degrees):
    assert np.abs(motion_kernel(length, degrees) - slow_motion_kernel(length, degrees)).max() < 1e-6


def test_motion_of_9_pixels_along_a_row_is_matlabs():
    """``fspecial('motion', 9, 0)``: nine times 0.1111."""
    kernel = motion_kernel(9, 0)
    assert np.abs(kernel[4] - 1 / 9).max() < 1e-6
    assert np.abs(np.delete(kernel, 4, axis=0)).max() < 1e-6


def test_motion_at_45_degrees_rises_to_the_right():
    kernel = motion_kernel(10, 45)
    middle = len(kernel) // 2
    assert kernel[middle - 2, middle + 2] > 0.05
    assert kernel[middle + 2, middle + 2] == 0


@pytest.mark.parametrize("blur", ["lens", "motion"])
def test_filters_correlate_and_repeat_the_edge(photo, blur):
    if blur == "lens":
        result, kernel = lens_blur(photo, 6), disk_kernel(6)
    else:
        angle = float(np.random.default_rng(3).integers(0, 181))
        result, kernel = motion_blur(photo, 10, np.random.default_rng(3)), motion_kernel(10, angle)
    for channel in range(3):
        expected = ndimage.correlate(photo[..., channel].astype(float), kernel.astype(float), mode="nearest")
        assert np.abs(result[..., channel] - expected).max() <= 0.51


def test_a_kernel_of_nothing_changes_nothing(photo):
    assert np.array_equal(gaussian_blur(photo, 0), photo)
    assert np.array_equal(gaussian_blur(photo, 0.1), photo)
    assert np.array_equal(lens_blur(photo, 0), photo)
    assert np.array_equal(motion_blur(photo, 1, np.random.default_rng(0)), photo)
