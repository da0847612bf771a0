"""The shapes of dead leaves: convex, in the unit circle, and turned, enlarged and moved as asked."""

import numpy as np
import pytest

from contrique.learning.corpora.leaf_shapes import SHAPES, mean_area, polygons, shapes


def test_shapes_are_convex_and_touch_the_unit_circle():
    assert len(shapes()) == SHAPES
    for corners in shapes():
        assert np.hypot(*corners.T).max() == pytest.approx(1)
        edges = np.roll(corners, -1, axis=0) - corners
        after = np.roll(edges, -1, axis=0)
        turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
        assert (turns > 0).all()
        assert np.arctan2(turns, (edges * after).sum(axis=1)).sum() == pytest.approx(2 * np.pi)  # once around


def test_the_mean_area_is_that_of_random_points_inside():
    points = np.random.default_rng(0).uniform(-1, 1, (8000, 2))
    shares = []
    for corners in shapes():
        a, b = corners[:, None], np.roll(corners, -1, axis=0)[:, None]
        side = (b[..., 0] - a[..., 0]) * (points[:, 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
            points[:, 0] - a[..., 0]
        )
        shares.append((side >= 0).all(axis=0).mean())
    assert mean_area() == pytest.approx(4 * np.mean(shares), rel=0.02)


def test_corners_are_turned_enlarged_and_moved():
    square = min(range(SHAPES), key=lambda i: np.inf if len(shapes()[i]) != 4 else abs(shapes()[i][0, 1] - 0.7))
    (made,) = polygons(np.array([[10.0, 20.0]]), np.array([5.0]), np.array([square]), np.array([np.pi / 2]), 16)
    x, y = shapes()[square].T
    assert np.array_equal(made, np.rint(16 * np.stack([10 - 5 * y, 20 + 5 * x], axis=1)))


def test_order_is_kept_and_round_shapes_have_corners_for_their_size():
    radius = np.array([100.0, 4.0, 30.0, 4.0, 100.0])
    made = list(polygons(np.arange(10.0).reshape(5, 2), radius, np.zeros(5, int), np.zeros(5), 16))
    assert [len(corners) for corners in made] == [48, 12, 24, 12, 48]
    for i, corners in enumerate(made):
        assert corners.dtype == np.int32
        assert np.allclose(corners.mean(axis=0) / 16, [2 * i, 2 * i + 1], atol=0.05)
        reach = np.hypot(*(corners / 16 - [2 * i, 2 * i + 1]).T)
        assert np.allclose(reach, radius[i], atol=0.1)
        gap = radius[i] * (1 - np.cos(np.pi / len(corners)))  # where a chord is farthest from the circle
        assert gap < 0.55
