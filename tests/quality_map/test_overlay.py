"""The picture: its size, its colours, and its legend."""

import numpy as np
import pytest

from contrique.quality_map.overlay import FULL, LONGEST, _tables, draw


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (400, 1), (384, 512), (2000, 3000)])
def test_the_photograph_is_whole_and_the_legend_below_it(height: int, width: int) -> None:
    picture = draw(np.full((height, width, 3), 255, np.uint8), np.zeros((3, 4), np.float32), 71.4)
    assert picture.shape[0] >= height + 60
    assert picture.shape[1] >= max(width, 200)
    np.testing.assert_array_equal(picture[:height, :width], 255)
    strip = picture[height:]
    assert strip.min() < 60  # dark letters
    assert (strip[[0, -1]] == 255).all()  # and none cut off
    assert (strip[:, [0, -1]] == 255).all()


def test_good_places_are_grey_and_bad_ones_ever_darker_and_more_coloured() -> None:
    badness_HW = np.linspace(0, 2 * FULL, 200, dtype=np.float32)[None].repeat(100, axis=0)
    row = draw(np.full((100, 400, 3), (200, 180, 60), np.uint8), badness_HW, 50)[50, :400].astype(float)
    assert np.ptp(row[0]) <= 3
    light = row @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(light[:200]) <= 1).all()
    assert light[200] < light[0] - 80
    np.testing.assert_array_equal(row[220:], row[-1:].repeat(180, axis=0))  # nothing stronger than the strongest


def test_colours_differ_without_telling_red_from_green() -> None:
    """Lightness alone falls from step to step, so a print in grey still has its order."""
    red, green, blue, opaque = _tables()
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert (np.diff(light) < 0.5).all()
    assert (np.diff(opaque) >= 0).all()
    assert opaque[0] == 0


def test_a_picture_too_long_for_jpeg_is_shrunk() -> None:
    picture = draw(np.zeros((2, 70_000, 3), np.uint8), np.zeros((1, 9), np.float32), 50)
    assert picture.shape[1] == LONGEST
