"""The palette against an exhaustive search, and its bounds."""

import numpy as np
import pytest

from contrique.learning.distortions.palette import minimum_variance_palette


def test_two_colours_split_a_ramp_where_the_error_is_least():
    """On a line the best cut can be tried out: every cut between neighbouring grid cells."""
    values = np.concatenate([np.full(50, 4), np.full(30, 60), np.full(5, 84), np.full(80, 220)]).astype(np.uint8)
    image = np.repeat(values[None, :, None], 3, axis=2)
    best = min(
        (values[values <= cut].var() * (values <= cut).sum() + values[values > cut].var() * (values > cut).sum(), cut)
        for cut in (4, 60, 84)
    )[1]
    expected = sorted([values[values <= best].mean(), values[values > best].mean()])
    palette = minimum_variance_palette(image, 2)
    assert np.abs(np.sort(palette[:, 0]) - expected).max() <= 0.5


@pytest.mark.parametrize("colors", [1, 2, 17, 64, 256])
def test_at_most_so_many_colours_within_the_images_range(photo, colors):
    palette = minimum_variance_palette(photo, colors)
    assert len(palette) == colors
    assert len(np.unique(palette, axis=0)) == colors
    assert (palette.min(axis=0) >= photo.min(axis=(0, 1))).all()
    assert (palette.max(axis=0) <= photo.max(axis=(0, 1))).all()


def test_one_colour_is_the_mean(photo):
    assert np.abs(minimum_variance_palette(photo, 1)[0] - photo.mean(axis=(0, 1))).max() <= 0.51


def test_an_image_of_one_colour_has_one():
    assert minimum_variance_palette(np.full((5, 6, 3), 77, np.uint8), 8).tolist() == [[77, 77, 77]]
