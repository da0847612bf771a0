"""The contact sheet: every cell is the distortion it says."""

import numpy as np
import pytest
from PIL import Image

from contrique.errors import ContriqueError
from contrique.learning.distortions import LEVELS, NAMES, distort
from contrique.learning.distortions.sheet import contact_sheet


def test_all_125_are_on_the_page_in_rows_and_columns(photo):
    small = np.asarray(Image.fromarray(photo).resize((128, 96)))
    page = contact_sheet(small, cell=128, seed=3)
    height, width = small.shape[:2]
    row, left = (page.shape[0] - 44) // len(NAMES), page.shape[1] - 6 * (width + 8) - 8
    for number, name in enumerate(NAMES):
        y = 44 + number * row
        cells = [small, *(distort(small, name, level, 3) for level in LEVELS)]
        for index, cell in enumerate(cells):
            x = left + index * (width + 8)
            assert np.array_equal(page[y : y + height, x : x + width], cell), (name, index)
        label = page[y : y + height, : left - 8]
        assert (label < 100).any()  # some ink


def test_any_shape_fits(photo):
    for shape in ((1, 1), (300, 20), (20, 300)):
        page = contact_sheet(np.full((*shape, 3), 90, np.uint8), cell=64)
        assert page.dtype == np.uint8
        assert page.shape[1] > 6 * 64


def test_no_image_is_refused():
    with pytest.raises(ContriqueError, match="uint8"):
        contact_sheet(np.zeros((4, 4, 3)))
