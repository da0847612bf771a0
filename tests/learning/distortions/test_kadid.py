"""The published constants, and golden numbers that keep every type from drifting."""

import numpy as np
import pytest

from contrique.learning.distortions import NAMES, distort
from contrique.learning.distortions.kadid import TABLE

# imdist_generator.m of the KADIS-700k code release, types 1–25.
PUBLISHED = """
0.1 0.5 1 2 5
1 2 4 6 8
1 2 4 6 10
1 3 6 8 12
1 3 6 8 12
64 48 32 16 8
0.4 0.2 0.1 0 -0.4
1 2 3 6 9
16 32 45 120 400
43 36 24 7 4
0.001 0.002 0.003 0.005 0.01
0.0001 0.0005 0.001 0.002 0.003
0.001 0.005 0.01 0.02 0.03
0.001 0.005 0.01 0.02 0.05
0.01 0.03 0.05 0.1 0.15
0.1 0.2 0.4 0.7 1.1
0.05 0.1 0.2 0.4 0.8
0.15 0.08 0 -0.08 -0.15
0.05 0.1 0.2 0.5 1
20 40 60 80 100
0.01 0.05 0.1 0.2 0.5
20 16 13 10 7
2 4 6 8 10
1 2 3 6 12
0.3 0.15 0 -0.4 -0.6
"""

# Of the image "photo" distorted with seed 1: mean, deviation, and mean absolute change, at level 2 and at level 5.
GOLDEN: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "gaussian_blur": ((129.39, 48.51, 4.47), (129.37, 39.56, 19.23)),
    "lens_blur": ((129.38, 45.12, 12.58), (129.37, 40.06, 19.33)),
    "motion_blur": ((129.39, 47.6, 7.18), (129.35, 43.37, 15.71)),
    "color_diffusion": ((115.84, 80.03, 35.2), (111.84, 104.13, 71.42)),
    "color_shift": ((129.39, 50.04, 4.28), (129.54, 49.47, 5.09)),
    "color_quantization": ((129.3, 50.68, 9.7), (129.18, 49.09, 19.37)),
    "color_saturation_1": ((158.24, 48.55, 28.85), (177.12, 56.76, 47.74)),
    "color_saturation_2": ((115.64, 80.26, 29.51), (112.64, 108.14, 70.85)),
    "jpeg2000": ((129.29, 48.84, 12.01), (123.11, 33.88, 35.0)),
    "jpeg": ((129.49, 49.78, 11.91), (129.08, 48.34, 21.08)),
    "white_noise": ((129.44, 52.3, 9.04), (129.44, 56.31, 19.99)),
    "white_noise_color_component": ((129.45, 52.28, 8.71), (129.43, 56.86, 20.97)),
    "impulse_noise": ((129.34, 51.85, 0.64), (129.28, 55.01, 3.75)),
    "multiplicative_noise": ((129.27, 52.0, 7.86), (128.23, 57.5, 24.06)),
    "denoise": ((129.39, 42.68, 15.86), (129.04, 28.17, 24.59)),
    "brighten": ((151.38, 50.99, 21.99), (230.58, 41.25, 101.19)),
    "darken": ((118.64, 51.68, 10.75), (46.1, 56.51, 83.29)),
    "mean_shift": ((149.23, 50.83, 19.84), (91.73, 50.52, 37.65)),
    "jitter": ((129.38, 47.61, 6.73), (129.2, 43.37, 17.28)),
    "non_eccentricity_patch": ((127.66, 51.19, 11.95), (126.55, 52.19, 18.8)),
    "pixelate": ((130.04, 51.28, 6.09), (132.36, 51.29, 18.92)),
    "quantization": ((134.45, 53.85, 6.7), (139.17, 61.77, 15.59)),
    "color_block": ((125.89, 54.66, 12.4), (136.24, 58.85, 29.99)),
    "high_sharpen": ((128.54, 71.16, 24.16), (128.47, 96.67, 56.87)),
    "contrast_change": ((129.34, 66.63, 14.34), (129.45, 34.63, 16.46)),
}


def test_the_constants_are_the_published_ones():
    lines = PUBLISHED.strip().splitlines()
    for name, line in zip(NAMES, lines, strict=True):
        assert TABLE[name].amounts == tuple(float(word) for word in line.split()), name


@pytest.mark.parametrize("name", NAMES)
def test_golden_numbers(name, photo):
    tolerance = 0.5 if name.startswith("jpeg") else 0.1
    for level, expected in zip((2, 5), GOLDEN[name], strict=True):
        result = distort(photo, name, level, seed=1).astype(float)
        measured = result.mean(), result.std(), np.abs(result - photo).mean()
        assert measured == pytest.approx(expected, abs=tolerance), level
