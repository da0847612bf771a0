"""Lab against its textbook formula."""

import numpy as np

from contrique.learning.distortions.lab import from_lab, to_lab

# sRGB primaries and D65 white: IEC 61966-2-1; Lab: CIE 15.
XYZ_FROM_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = XYZ_FROM_RGB.sum(axis=1)


def slow_lab(image: np.ndarray) -> np.ndarray:
    value = image / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    ratio = linear @ XYZ_FROM_RGB.T / WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def test_lab_is_the_textbooks():
    grid = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(18, -1, 3).astype(np.uint8)
    assert np.abs(to_lab(grid) - slow_lab(grid)).max() < 0.35


def test_there_and_back(photo):
    assert np.abs(from_lab(to_lab(photo)).astype(int) - photo).max() <= 1


def test_colours_out_of_range_are_clipped():
    wild = np.array([[[150, 0, 0], [-20, 0, 0], [50, 500, 500]]], np.float32)
    assert from_lab(wild).tolist() == [[[255, 255, 255], [0, 0, 0], [255, 0, 0]]]
