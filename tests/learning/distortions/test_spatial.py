"""Spatial distortions against Pillow's nearest resize, exhaustive thresholds, and geometry."""

import itertools

import numpy as np
import pytest
from PIL import Image

from contrique.learning.distortions import spatial


def test_jitter_displaces_by_the_amount():
    """On a ramp a displacement of one column is one step of value; five passes add their variances."""
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    moved = spatial.jitter(ramp, 1.0, np.random.default_rng(0)).astype(float)[20:-20, 20:-20]
    displacement = moved[..., 0] - np.arange(20, 180)
    assert displacement.mean() == pytest.approx(0, abs=0.05)
    # Bilinear reading of displaced neighbours averages some of it away.
    assert 0.6 * np.sqrt(5) < displacement.std() < np.sqrt(5)
    assert np.array_equal(moved[..., 0], moved[..., 1])


def test_no_jitter_changes_nothing(photo):
    assert np.array_equal(spatial.jitter(photo, 0, np.random.default_rng(0)), photo)


def test_patches_are_copies_from_nearby(photo):
    """One patch: the changed pixels lie in one 16 × 16 square whose content is found within 8 pixels."""
    for seed in range(5):
        result = spatial.non_eccentricity_patch(photo, 1, np.random.default_rng(seed))
        rows, columns = np.nonzero((result != photo).any(axis=2))
        assert np.ptp(rows) < 16
        assert np.ptp(columns) < 16
        found = [
            (top + dy, left + dx)
            for top in range(rows.max() - 15, rows.min() + 1)
            for left in range(columns.max() - 15, columns.min() + 1)
            for dy, dx in itertools.product(range(-8, 9), repeat=2)
            if 16 <= top + dy <= photo.shape[0] - 32
            and 16 <= left + dx <= photo.shape[1] - 32
            and np.array_equal(
                result[top : top + 16, left : left + 16], photo[top + dy : top + dy + 16, left + dx : left + dx + 16]
            )
        ]
        assert found


def test_patches_may_be_none_and_images_small(photo):
    rng = np.random.default_rng(0)
    assert np.array_equal(spatial.non_eccentricity_patch(photo, 0, rng), photo)
    tiny = photo[50:60, 50:59]
    assert np.array_equal(spatial.non_eccentricity_patch(tiny, 30, rng), tiny)


@pytest.mark.parametrize("strength", [0.01, 0.05, 0.1, 0.2, 0.5])
def test_pixelate_is_nearest_down_and_up(photo, strength):
    scale = 0.95 - strength**0.6
    height, width = photo.shape[:2]
    small = Image.fromarray(photo).resize(
        (int(np.ceil(width * scale)), int(np.ceil(height * scale))), Image.Resampling.NEAREST
    )
    expected = np.asarray(small.resize((width, height), Image.Resampling.NEAREST))
    # Where a pixel's middle falls between two others, Pillow's running sum goes either way.
    assert (spatial.pixelate(photo, strength) == expected).all(axis=2).mean() > 0.9


@pytest.mark.parametrize("thresholds", [1, 2, 3])
def test_otsu_is_the_exhaustive_optimum(thresholds):
    rng = np.random.default_rng(thresholds)
    for _ in range(10):
        histogram = rng.integers(0, 40, 14) * (rng.random(14) < 0.8)
        histogram[[0, 5, 9, 13]] += 1
        values = np.repeat(np.arange(14), histogram)

        def within(cuts: tuple[int, ...], values: np.ndarray = values) -> float:
            classes = np.split(np.sort(values), np.searchsorted(np.sort(values), cuts, side="right"))
            return sum(part.var() * len(part) for part in classes if len(part))

        best = min(within(cuts) for cuts in itertools.combinations(range(14), thresholds))
        assert within(tuple(spatial.otsu_thresholds(histogram, thresholds))) == pytest.approx(best)


@pytest.mark.parametrize("thresholds", [20, 7])
def test_quantization_takes_the_threshold_above(photo, thresholds):
    result = spatial.quantization(photo, thresholds)
    upper = spatial.otsu_thresholds(np.bincount(photo.ravel(), minlength=256), thresholds)
    assert len(upper) == thresholds
    expected = np.zeros_like(photo)
    for low, high in itertools.pairwise(upper):
        expected[(photo > low) & (photo <= high)] = high
    expected[photo > upper[-1]] = 255
    assert np.array_equal(result, expected)


def test_few_values_stay_as_they_are():
    image = np.random.default_rng(0).choice(np.array([0, 40, 90, 255], np.uint8), (30, 30, 3))
    assert np.array_equal(spatial.quantization(image, 7), image)


def test_blocks_are_squares_of_one_colour(photo):
    for seed in range(8):
        result = spatial.color_block(photo, 1, np.random.default_rng(seed))
        rows, columns = np.nonzero((result != photo).any(axis=2))
        block = result[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert block.shape == (32, 32, 3)
        assert len(np.unique(block.reshape(-1, 3), axis=0)) == 1


def test_blocks_add_up_and_may_be_none(photo):
    changed = [(spatial.color_block(photo, n, np.random.default_rng(1)) != photo).any(axis=2) for n in (0, 2, 10)]
    assert not changed[0].any()
    assert (changed[2] | ~changed[1]).all()
