"""Layout: standardised components, moves, places, labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from contrique.embedding.layout import COMPONENTS, components, label_places, moves, place
from contrique.errors import ContriqueError


def test_moves_are_differences_to_the_undistorted_of_the_same_content():
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    contents, clean = np.array([0, 0, 1, 1, 2, 2, 0, 1, 2]), np.array([0, 1, 1, 0, 1, 0, 0, 0, 0], bool)
    moved = moves(x, contents, clean)
    for i, start in enumerate([1, 1, 2, 2, 4, 4, 1, 2, 4]):
        assert np.array_equal(moved[i], x[i] - x[start])
    # What all pictures of one content have in common makes no difference.
    shifted = x + np.array([10.0, -3.0, 5.0], np.float32)[contents, None]
    assert np.allclose(moves(shifted, contents, clean), moved, atol=1e-5)


def test_moves_need_one_undistorted_picture():
    with pytest.raises(ContriqueError, match="content 3 has 0 undistorted"):
        moves(np.zeros((2, 2), np.float32), np.array([3, 3]), np.zeros(2, bool))


def test_components_are_those_of_standardised_features():
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(40, 6)) * [1, 1000, 1e-3, 5, 1, 1] + 7).astype(np.float32)
    x[:, 5] = 3.25  # constant
    found = components(x)
    standard = StandardScaler().fit_transform(x.astype(np.float64))
    values = np.linalg.svd(standard, compute_uv=False)
    assert np.allclose(np.linalg.norm(found, axis=0), values, atol=1e-2)
    distances = np.linalg.norm(standard[:, None] - standard[None], axis=2)
    assert np.allclose(np.linalg.norm(found[:, None] - found[None], axis=2), distances, atol=1e-3)


def test_components_are_at_most_fifty_and_repeatable():
    x = np.random.default_rng(2).normal(size=(80, 200)).astype(np.float32)
    assert components(x, 3).shape == (80, COMPONENTS)
    assert np.array_equal(components(x, 3), components(x, 3))


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(1, 5)), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_features_have_places(x):
    for method in ("tsne", "pca") if len(x) < 5 else ("pca",):
        placed = place(components(x), method)
        assert placed.shape == (len(x), 2)
        assert np.isfinite(placed).all()


def test_tsne_keeps_groups_together():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(3), 15)
    x = (rng.normal(size=(45, 10)) + 20 * np.eye(10)[group]).astype(np.float32)
    placed = place(components(x), "tsne", 1)
    distances = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(group[distances.argmin(axis=1)], group)
    assert np.array_equal(placed, place(components(x), "tsne", 1))


def test_equal_images_have_equal_places():
    assert np.array_equal(place(components(np.ones((8, 3), np.float32)), "tsne"), np.zeros((8, 2)))


def test_an_unknown_method_is_refused():
    with pytest.raises(ContriqueError, match="umap"):
        place(np.zeros((3, 2)), "umap")


def test_labels_stand_in_the_densest_place_and_apart():
    rng = np.random.default_rng(4)
    crowd, stray = rng.normal([5, 5], 0.05, (30, 2)), rng.uniform(-5, 0, (20, 2))
    places = np.concatenate([crowd, stray, crowd])
    spots = label_places(["a"] * 50 + ["b"] * 30, places)
    extent = np.ptp(places, axis=0).max()
    assert all(np.linalg.norm(spot - 5) < extent / 15 for spot in spots.values())
    assert np.linalg.norm(spots["a"] - spots["b"]) > 0.99 * extent / 28
