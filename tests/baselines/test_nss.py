"""Natural scene statistics against slow loops, SciPy's filters and the laws they come from."""

from fractions import Fraction

import matlab_releases
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.baselines import nss

SIDES = st.integers(1, 23)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth and noisy parts, and a flat corner."""
    rng = np.random.default_rng(seed)
    picture = 128 + 60 * np.sin(np.arange(width) / 5) + rng.normal(0, 12, (height, width))
    picture[: height // 3, : width // 3] = 200
    return picture.clip(0, 255).astype(np.uint8)


def test_grey_is_rounded_as_matlab_does() -> None:
    image_HWC = np.random.default_rng(0).integers(0, 256, (17, 30, 3), dtype=np.uint8)
    weights = [Fraction(w) for w in (nss.RED, nss.GREEN, nss.BLUE)]
    for row, colours in zip(nss.grey(image_HWC), image_HWC.tolist(), strict=True):
        for level, colour in zip(row, colours, strict=True):
            exact = sum(w * c for w, c in zip(weights, colour, strict=True))
            assert level == int(exact + Fraction(1, 2))


def test_grey_of_grey_is_itself() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(nss.grey(np.repeat(levels[..., None], 3, axis=2)), levels)


@settings(max_examples=40, deadline=None)
@given(SIDES, SIDES, st.integers(0, 99))
def test_halve_is_imresize(height: int, width: int, seed: int) -> None:
    plane_HW = picture(height, width, seed)
    np.testing.assert_allclose(nss.halve(plane_HW), matlab_releases.imresize_half(plane_HW.astype(float)), atol=1e-10)


@pytest.mark.parametrize(("replicate", "mode"), [(False, "constant"), (True, "nearest")])
@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (31, 3), (40, 37)])
def test_mscn_is_the_formula(shape: tuple[int, int], replicate: bool, mode: str) -> None:
    plane_HW = picture(*shape)
    expected, sigma = matlab_releases.mscn(plane_HW.astype(float), mode)
    got, got_sigma = nss.mscn(plane_HW, 0, shape[0], replicate=replicate)
    np.testing.assert_allclose(got, expected, atol=1e-6)  # σ of a flat area is the root of rounding noise
    np.testing.assert_allclose(got_sigma**2, sigma**2, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), SIDES, st.data())
def test_a_strip_is_a_part_of_the_whole(height: int, width: int, data: st.DataObject) -> None:
    top = data.draw(st.integers(0, height - 1))
    bottom = data.draw(st.integers(top + 1, height))
    plane_HW = picture(height, width)
    for replicate in (False, True):
        whole, part = (nss.mscn(plane_HW, *rows, replicate=replicate) for rows in ((0, height), (top, bottom)))
        np.testing.assert_array_equal(part[0], whole[0][top:bottom])
        np.testing.assert_array_equal(part[1], whole[1][top:bottom])


def slow_moments(values: np.ndarray) -> list[float]:
    low, high = values[values < 0], values[values > 0]
    return [low.size, high.size, (low**2).sum(), (high**2).sum(), np.abs(values).sum()]


KINDS = {
    "noise": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.1, 1, shape),
    "hardly negative": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.2, -1e-12, rng.uniform(1, 2, shape)),
    "many zeros": lambda rng, shape: rng.integers(-1, 2, shape).astype(float),
    "nothing": lambda rng, shape: np.zeros(shape),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 5), (2, 1, 6), (1, 7, 1)])
def test_moments_are_those_of_shifted_products(kind: str, shape: tuple[int, int, int]) -> None:
    blocks = KINDS[kind](np.random.default_rng(1), shape)
    got = nss.moments(blocks)
    for place, block in enumerate(blocks):
        shifts = [(0, 1), (1, 0), (1, 1), (-1, 1)]
        arrays = [block, *(block * np.roll(block, shift, (0, 1)) for shift in shifts)]
        expected = np.array([slow_moments(array) for array in arrays])
        np.testing.assert_allclose(got[:, place], expected, rtol=1e-9)
        again = [slow_moments(block * np.roll(block, (1, -1), (0, 1)))]  # NIQE's fourth pair is BRISQUE's, turned round
        np.testing.assert_allclose(got[4:, place], again, rtol=1e-9)


def test_moments_of_strips_add_up() -> None:
    values = np.random.default_rng(2).normal(size=(9, 8))
    total = nss.moments(values[None, :4], values[-1:]) + nss.moments(values[None, 4:], values[3:4])
    np.testing.assert_allclose(total, nss.moments(values[None]), rtol=1e-12)


def test_sums_go_to_blas_in_pieces_too_short_for_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths, vecdot = [], np.vecdot
    monkeypatch.setattr(np, "vecdot", lambda a, b: lengths.append(a.shape[-1]) or vecdot(a, b))
    values = np.random.default_rng(4).normal(size=(1, 150, 150))
    got = nss.moments(values)
    np.testing.assert_allclose(got[0, 0], slow_moments(values), rtol=1e-9)
    assert 1000 < max(lengths) <= 10_000  # where OpenBLAS starts threads for a dot product


def test_the_grid_of_shapes_has_one_answer_for_each_ratio() -> None:
    shapes = nss.shapes()
    assert (len(shapes.alpha), shapes.alpha[0], shapes.alpha[-1]) == (9801, 0.2, 10.0)
    assert (np.diff(shapes.ratio) > 0).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 30), st.floats(0.1, 10), st.integers(0, 99))
def test_fits_are_those_of_the_whole_grid_searched(power: float, lean: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=50)
    x = np.sign(x) * np.abs(x) ** power
    x[x < 0] *= lean
    moments_M = np.array(slow_moments(x))
    at, left, right = nss.fit_aggd(moments_M, x.size)
    assert (nss.shapes().alpha[at], left, right) == pytest.approx(matlab_releases.aggd(x), rel=1e-9)
    at, square = nss.fit_ggd(moments_M, x.size)
    assert (nss.shapes().alpha[at], square) == pytest.approx(matlab_releases.ggd(x), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.8, 1.0, 2.0, 4.0])
def test_fits_find_the_distribution_that_was_sampled(alpha: float) -> None:
    # |x|^α / β^α of a generalised Gaussian is Gamma(1/α); each side is drawn as often as it is wide.
    rng = np.random.default_rng(3)
    wide = {-1: 1.0, 1: 2.5}
    size = np.concatenate([s * wide[s] * rng.gamma(1 / alpha, size=int(4e5 * wide[s])) ** (1 / alpha) for s in wide])
    at, left, right = nss.fit_aggd(np.array(slow_moments(size)), size.size)
    assert nss.shapes().alpha[at] == pytest.approx(alpha, rel=0.02)
    assert right / left == pytest.approx(2.5, rel=0.02)
    assert left * nss.shapes().width[at] == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("values", [np.zeros(5), np.ones(5), -np.ones(5)])
def test_one_sided_values_have_the_first_shape(values: np.ndarray) -> None:
    at, left, right = nss.fit_aggd(np.array(slow_moments(values)), 5)
    alpha, slow_left, slow_right = matlab_releases.aggd(values)
    assert nss.shapes().alpha[at] == alpha == 0.2
    np.testing.assert_array_equal([left, right], [slow_left, slow_right])
