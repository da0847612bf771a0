"""The probe: laws of what it says, an oracle for its numbers, and files that are damaged or of something else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.probe import Probe

NAMES = ("blur", "noise", "jpeg", "none")
SIZE = 7


def made(seed: int = 0, size: int = SIZE) -> Probe:
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(8, size)).astype(np.float16)
    arrays = {"mean": rng.normal(size=size), "scale": rng.uniform(0.1, 2, size), "weight": weight}
    return Probe.from_arrays({**arrays, "bias": rng.normal(2, 1, 8)}, NAMES)


def features(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)


def test_it_is_softmax_and_a_straight_line() -> None:
    """In float64, by the formula and scipy's softmax."""
    special = pytest.importorskip("scipy.special")
    probe, x = made(), features(20)
    z = (x.astype(np.float64) - probe.mean_D) / probe.scale_D
    said = z @ probe.weight_2KD.T.astype(np.float64) + probe.bias_2K
    probability, level = probe.predict(x)
    np.testing.assert_allclose(probability, special.softmax(said[:, :4], axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(level[:, :3], np.clip(said[:, 4:7], 1, 5), rtol=1e-4, atol=1e-4)
    assert ((level[:, :3] > 1) & (level[:, :3] < 5)).any()
    assert not level[:, 3].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(-1e4, 1e4, width=32), st.floats(0, 100, width=32))
def test_probabilities_add_up_and_levels_stay_on_the_scale(seed: int, shift: float, size: float) -> None:
    probability, level = made().predict(size * features(5, seed) + shift)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert (probability >= 0).all()
    assert ((level[:, :3] >= 1) & (level[:, :3] <= 5)).all()


def test_the_order_of_images_changes_nothing() -> None:
    x, order = features(9), np.random.default_rng(4).permutation(9)
    for here, there in zip(made().predict(x[order]), made().predict(x), strict=True):
        np.testing.assert_allclose(here, there[order], rtol=1e-6)


def test_one_image_is_read_as_among_many() -> None:
    x = features(3)
    probability, level = made().predict(x)
    for row, (likely, strong) in enumerate(zip(probability, level, strict=True)):
        found = made().read(x[row]).distortions()
        assert [one.name for one in found] == [NAMES[kind] for kind in np.argsort(-likely)]
        assert [one.probability for one in found] == pytest.approx(sorted(likely, reverse=True), rel=1e-5)
        assert {one.name: one.level for one in found} == pytest.approx(dict(zip(NAMES, strong, strict=True)), rel=1e-5)


def test_arrays_and_back() -> None:
    probe = made()
    arrays = probe.to_arrays()
    assert arrays["weight"].dtype == np.float16
    again = Probe.from_arrays(arrays, NAMES)
    for name in ("mean_D", "scale_D", "weight_2KD", "bias_2K"):
        np.testing.assert_array_equal(getattr(again, name), getattr(probe, name))


def test_ten_thousand_features_take_about_a_megabyte() -> None:
    probe = Probe(
        tuple(map(str, range(26))), *np.ones((2, 10_000), np.float32), np.ones((52, 10_000), np.float32), np.ones(52)
    )
    assert sum(array.nbytes for array in probe.to_arrays().values()) < 1.2e6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean": None}, "arrays mean, scale"),
        ({"more": np.ones(1)}, "arrays mean, scale"),
        ({"weight": np.ones((8, SIZE), np.int64)}, "floating-point"),
        ({"weight": np.ones((6, SIZE))}, "of 4 classes: weight is"),
        ({"weight": np.ones((8, SIZE + 1))}, "of 4 classes: weight is"),
        ({"mean": np.ones((1, SIZE))}, "mean is"),
        ({"mean": np.array(1.0)}, "is"),
        ({"scale": np.ones(SIZE - 1)}, "scale is"),
        ({"bias": np.ones(9)}, "bias is"),
        ({"bias": np.full(8, np.nan)}, "not finite"),
        ({"scale": np.zeros(SIZE)}, "not above 0"),
        ({"scale": -np.ones(SIZE)}, "not above 0"),
    ],
)
def test_arrays_that_are_no_probe(change: dict[str, np.ndarray | None], said: str) -> None:
    arrays = {name: array for name, array in {**made().to_arrays(), **change}.items() if array is not None}
    with pytest.raises(ContriqueError, match=said):
        Probe.from_arrays(arrays, NAMES)


@pytest.mark.parametrize("names", [(), ("a", "a", "b", "c"), ("a", "b", "c", 4), ("a", "b", "c", ""), "abca"])
def test_names_that_are_no_classes(names: tuple) -> None:
    with pytest.raises(ContriqueError, match="different names"):
        Probe.from_arrays(made().to_arrays(), names)


def test_without_the_undistorted_class_every_kind_has_a_level() -> None:
    _, level = replace(made(), names=("a", "b", "c", "d")).predict(features(20))
    assert (level >= 1).all()
