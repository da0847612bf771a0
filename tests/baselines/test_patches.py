"""Patches: where they come from, how they are normalised, and the whitening against the published matrix."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.baselines import patches
from contrique.baselines.patches import Whitening, array, normalised, products, sample, summed_products, take
from contrique.errors import ContriqueError

RNG = np.random.default_rng(0)


def test_patches_lie_where_they_are_asked_for() -> None:
    grey_HW = np.arange(9 * 10, dtype=np.uint8).reshape(9, 10)
    got = take(grey_HW, np.array([0, 2]), np.array([3, 1]))
    np.testing.assert_array_equal(got, [grey_HW[0:7, 3:10], grey_HW[2:9, 1:8]])


def test_a_small_picture_has_all_its_patches_and_a_tiny_one_none() -> None:
    grey_HW = RNG.integers(0, 256, (9, 8), dtype=np.uint8)
    got = sample(grey_HW, 100, seed=0)
    expected = [grey_HW[top : top + 7, left : left + 7] for top in range(3) for left in range(2)]
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(sample(grey_HW, 6, seed=0), expected)
    for shape in ((6, 40), (40, 6), (1, 1)):
        with pytest.raises(ContriqueError, match=f"patches need 7 x 7 pixels, got {shape[1]} x {shape[0]}"):
            sample(np.zeros(shape, np.uint8), 5, seed=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(7, 40), st.integers(7, 40), st.integers(1, 200), st.integers(0, 9))
def test_a_sample_has_different_places_spread_over_the_picture(height: int, width: int, count: int, seed: int) -> None:
    place_HW = np.arange(height * width).reshape(height, width)
    got = sample(place_HW, count, seed)[:, 0, 0]
    assert len(got) == len(set(got)) == min(count, (height - 6) * (width - 6))
    np.testing.assert_array_equal(got, sample(place_HW, count, seed)[:, 0, 0])


def test_samples_are_drawn_evenly() -> None:
    place_HW = np.arange(60 * 50).reshape(60, 50)
    seen = np.zeros(60 * 50)
    for seed in range(200):
        seen[sample(place_HW, 240, seed)[:, 0, 0]] += 1
    drawn = seen.reshape(60, 50)[:54, :44]
    assert drawn.mean() == pytest.approx(200 * 240 / (54 * 44))
    for half in (drawn[:27], drawn[27:], drawn[:, :22], drawn[:, 22:]):
        assert half.mean() == pytest.approx(drawn.mean(), rel=0.03)
    assert seen.sum() == drawn.sum()


def test_normalised_patches_follow_the_formula() -> None:
    grey_N49 = RNG.integers(0, 256, (20, 49), dtype=np.uint8)
    for got, patch in zip(normalised(grey_N49), grey_N49.astype(float), strict=True):
        np.testing.assert_allclose(got, (patch - patch.mean()) / np.sqrt(np.var(patch, ddof=1) + 10), atol=1e-14)
    np.testing.assert_array_equal(normalised(np.full((1, 49), 200, np.uint8)), np.zeros((1, 49)))


def test_whitening_takes_correlation_out() -> None:
    picture = RNG.normal(size=(80, 90)).cumsum(axis=0).cumsum(axis=1)
    grey_HW = np.uint8(255 * (picture - picture.min()) / np.ptp(picture))
    grey_N49 = sample(grey_HW, 5000, seed=0).reshape(-1, 49)
    whitening = Whitening.fit(grey_N49)
    covariance = np.cov(normalised(grey_N49), rowvar=False)
    value, vector = np.linalg.eigh(covariance)
    expected = np.diag(value / (value + 0.1))  # each direction's variance λ becomes λ / (λ + 0.1)
    np.testing.assert_allclose(vector.T @ np.cov(whitening(grey_N49), rowvar=False) @ vector, expected, atol=1e-9)
    np.testing.assert_allclose(whitening(grey_N49).mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(whitening.matrix_PP, whitening.matrix_PP.T, atol=1e-12)
    with pytest.raises(ContriqueError, match="learned from patches, got 1"):
        Whitening.fit(grey_N49[:1])


def test_the_published_whitening_is_of_this_kind(shared_reference: Path) -> None:
    for name in ("cornia_CSIQ_whitening_param.mat", "hosa_whitening_param.mat"):
        published = scipy.io.loadmat(shared_reference / "models" / name)
        matrix_PP = published["P"]
        np.testing.assert_allclose(matrix_PP, matrix_PP.T, atol=1e-15)
        value, vector = np.linalg.eigh(matrix_PP)
        flat = np.ones(49) / 7
        np.testing.assert_allclose(matrix_PP @ flat, np.sqrt(1 / patches.WHITENING) * flat, atol=1e-12)
        assert (1 / value**2 - patches.WHITENING > -1e-12).all()  # the eigenvalues λ of a covariance
        assert vector.T @ vector == pytest.approx(np.eye(49), abs=1e-12)
        assert abs(published["M"].sum()) < 1e-14  # normalised patches have mean 0


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 200), st.integers(1, 60), st.integers(1, 130))
def test_products_in_pieces_are_products(rows: int, length: int, columns: int) -> None:
    rng = np.random.default_rng(rows)
    x, y, z = rng.normal(size=(rows, length)), rng.normal(size=(length, columns)), rng.normal(size=(rows, columns))
    np.testing.assert_allclose(products(x, y), x @ y, atol=1e-12)
    np.testing.assert_allclose(summed_products(x, z), x.T @ z, atol=1e-12)


def test_no_piece_is_large_enough_for_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, matmul = [], np.matmul

    def watched(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
        sizes.append(a.shape[-2] * a.shape[-1] * b.shape[-1])
        return matmul(a, b, out=out)

    monkeypatch.setattr(np, "matmul", watched)
    products(np.ones((5000, 49)), np.ones((49, 100)))
    assert 2**17 < max(sizes) <= 2**18


def test_arrays_are_checked() -> None:
    arrays = {"a": np.ones((3, 4), np.float32), "b": np.array([1.0, np.nan])}
    assert array(arrays, "a", (-1, 4)).dtype == np.float64
    for name, shape, says in (
        ("a", (4, 4), r"expected a of 4 x 4 numbers, got \(3, 4\)"),
        ("a", (12,), "expected a of 12 numbers"),
        ("c", (-1, 4), "expected c of any x 4 numbers, got none"),
        ("b", (2,), "b holds values that are not finite"),
    ):
        with pytest.raises(ContriqueError, match=says):
            array(arrays, name, shape)
