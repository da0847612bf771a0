"""Crops lie inside their image, come back by seed and epoch, and are seen at every scale as a model sees an image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contrique.images import half_scale
from contrique.learning.tuning.crops import Place, cut, places_of

SHARE = st.floats(0, 1, exclude_max=True)


def numbered(height: int, width: int) -> np.ndarray:
    """Each pixel says its row and its column."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return np.stack([rows, columns, np.zeros_like(rows)], axis=2)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 128), SHARE, SHARE, st.booleans())
def test_a_crop_is_a_piece_of_its_image(height: int, width: int, side: int, top: float, left: float, mirrored: bool):
    (crop,) = cut(numbered(height, width), Place(0, top, left, mirrored), side, (1.0,))
    assert crop.shape == (min(side, height), min(side, width), 3)
    straight = crop[:, ::-1] if mirrored else crop
    first_row, first_column = (int(value) for value in straight[0, 0, :2])
    expected = numbered(height, width)[first_row:, first_column:][: crop.shape[0], : crop.shape[1]]
    assert np.array_equal(straight, expected)
    assert crop.flags["C_CONTIGUOUS"]


def test_the_ends_can_be_reached() -> None:
    image = numbered(100, 90)
    for share, row, column in ((0.0, 0, 0), (np.nextafter(1, 0), 36, 26)):
        (crop,) = cut(image, Place(0, share, share, False), 64, (1.0,))
        assert crop[0, 0, :2].tolist() == [row, column]


def test_the_half_scale_is_the_crops_own() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 100, 3), np.uint8)
    full, half = cut(image, Place(0, 0.3, 0.6, True), 64, (1.0, 0.5))
    assert np.array_equal(half, half_scale(full))


def test_an_epoch_has_each_image_once_in_an_order_of_its_own() -> None:
    images = [3, 5, 8, 13, 21, 34, 55]
    first, again, second = (places_of(images, 7, epoch) for epoch in (0, 0, 1))
    assert first == again != second
    assert sorted(place.image for place in first) == images
