"""The map's laws, with a model whose windows can be scored by hand."""

import numpy as np
import pytest
from brightness import Brightness
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ModelError
from contrique.images import size_before_mirroring
from contrique.quality_map.windows import STEP, WINDOW, blending, quality_map, shifted, starts, window_side
from contrique.scale import bent


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 600), st.integers(20, 300))
def test_windows_reach_from_edge_to_edge_and_overlap(size: int, side: int) -> None:
    side = min(size, side)
    begins = starts(size, side)
    assert begins[0] == 0
    assert begins[-1] == size - side
    steps = np.diff(begins)
    assert (steps > 0).all()
    assert (steps <= STEP * side + 1).all()
    weight_HY = blending(size, begins, side)
    assert weight_HY.min() >= 0
    np.testing.assert_allclose(weight_HY.sum(axis=1), 1)
    centre_Y, place_H = np.array(begins) + side / 2, np.arange(size) + 0.5
    between_H = np.clip(place_H, centre_Y[0], centre_Y[-1])
    np.testing.assert_allclose(weight_HY @ centre_Y, between_H, atol=1e-6)  # a ramp stays a ramp


@pytest.mark.parametrize(
    ("short", "least", "side"), [(5000, 64, WINDOW), (240, 64, 80), (100, 64, 64), (500, 224, 224)]
)
def test_windows_fit_the_image_and_the_network(short: int, least: int, side: int) -> None:
    assert window_side(short, least) == side


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-300, 300), min_size=1, max_size=9), st.floats(0.01, 99.99))
def test_the_shift_gives_the_mean_and_keeps_the_order(points: list[float], mean: float) -> None:
    points_YX = np.array([points])
    even_X = np.full(len(points), 1 / len(points))
    got_YX = shifted(points_YX, np.ones(1), even_X, mean)
    assert got_YX.mean() == pytest.approx(mean, abs=1e-6)
    order = np.argsort(points_YX[0])
    assert (np.diff(got_YX[0][order]) >= 0).all()
    if got_YX.min() >= 10 and got_YX.max() <= 90:
        np.testing.assert_allclose(got_YX - got_YX[0, 0], points_YX - points_YX[0, 0], atol=1e-6)


def test_the_order_of_points_is_that_of_scores() -> None:
    assert (np.diff(bent(np.linspace(-200, 300, 1001))) > 0).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700))
def test_any_size_has_a_map_of_the_size_it_is_scored_at(height: int, width: int) -> None:

    model = Brightness()
    made = quality_map(model, noise(height, width), "x")
    assert made.quality_HW.shape == size_before_mirroring(height, width, model.preprocessing)
    assert made.quality_HW.dtype == np.float32
    assert made.image_HWC.shape == (*made.quality_HW.shape, 3)
    assert made.quality_HW.mean(dtype=np.float64) == pytest.approx(made.score.value, abs=1e-3)


def test_an_image_of_one_colour_has_a_flat_map() -> None:
    made = quality_map(Brightness(), np.full((300, 400, 3), 90, np.uint8), "x")
    np.testing.assert_allclose(made.quality_HW, 100 * 90 / 255, atol=1e-4)
    assert made.badness_HW.max() < 1e-4


@pytest.mark.parametrize("turn", [np.flipud, np.fliplr, lambda a: np.swapaxes(a, 0, 1)])
def test_a_turned_image_has_a_turned_map(turn) -> None:  # type: ignore[no-untyped-def]
    image_HWC = noise(16, 20).repeat(24, axis=0).repeat(24, axis=1)
    straight, turned = (quality_map(Brightness(), np.ascontiguousarray(a), "x") for a in (image_HWC, turn(image_HWC)))
    np.testing.assert_allclose(turned.quality_HW, turn(straight.quality_HW), atol=0.5)


def test_the_map_shows_where_windows_differ() -> None:
    image_HWC = np.full((400, 600, 3), 160, np.uint8)
    image_HWC[250:, 400:] = 60
    made = quality_map(Brightness(), image_HWC, "x")
    inside = made.badness_HW[250:, 400:].sum() / made.badness_HW.sum()
    assert inside > 0.7
    y, x = np.unravel_index(made.badness_HW.argmax(), made.badness_HW.shape)
    assert y > 300
    assert x > 450
    assert made.badness_HW.max() == pytest.approx(100 * (160 - 60) / 255, abs=1)


def test_badness_does_not_depend_on_how_good_the_whole_is() -> None:
    dark_HWC = noise(300, 300) // 4
    dark, bright = (quality_map(Brightness(), dark_HWC + np.uint8(plus), "x") for plus in (50, 100))
    np.testing.assert_allclose(dark.badness_HW, bright.badness_HW, atol=1e-3)


def test_mirrored_margins_are_left_out() -> None:
    model = Brightness(min_side=200)
    image_HWC = np.zeros((100, 600, 3), np.uint8)
    image_HWC[:, 300:] = 255
    made = quality_map(model, image_HWC, "x")
    assert made.quality_HW.shape == (100, 600)
    np.testing.assert_array_equal(made.image_HWC, image_HWC)
    assert model.sizes[0] == (200, 600, 3)
    assert set(model.sizes[1:]) == {(200, 200, 3)}


def test_windows_are_of_one_size_and_few() -> None:
    model = Brightness()
    quality_map(model, noise(384, 512), "x")
    whole, *windows = model.sizes
    assert len(set(windows)) == 1
    assert sum(h * w for h, w, _ in windows) <= 2.1 * whole[0] * whole[1]


class Probed:
    """Says "none" of dark windows, with a probability that is the share of black in their mean."""

    names = ("blur", "none")

    def predict(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        none_N = 1 - features_ND[:, 0] / 255
        return np.stack([1 - none_N, none_N], axis=1), np.zeros((len(none_N), 2))


def test_where_there_is_a_probe_its_odds_count() -> None:
    image_HWC = np.zeros((384, 384, 3), np.uint8)
    image_HWC[:, :192], image_HWC[:, 192:] = 230, 25
    model = Brightness()
    by_score = quality_map(model, image_HWC, "x").quality_HW
    model.probe = Probed()
    by_odds = quality_map(model, image_HWC, "x").quality_HW
    assert by_score[:, 0].mean() > by_score[:, -1].mean()
    expected = 5 * np.log10((230 / 25) ** 2)  # odds of 230 to 25 at one end, of 25 to 230 at the other
    np.testing.assert_allclose(by_odds[:, -1] - by_odds[:, 0], expected, atol=0.1)
    assert by_odds.mean(dtype=np.float64) == pytest.approx(50, abs=0.01)


def test_certainty_has_finite_odds() -> None:
    model = Brightness()
    model.probe = Probed()
    image_HWC = np.zeros((300, 300, 3), np.uint8)
    image_HWC[:, 150:] = 255
    made = quality_map(model, image_HWC, "x")
    assert np.isfinite(made.quality_HW).all()
    assert made.quality_HW[0, 0] > 90
    assert made.quality_HW[0, -1] < 10


def test_a_model_that_needs_a_reference_has_no_map() -> None:
    model = Brightness()
    model.full_reference = True
    with pytest.raises(ModelError, match="brightness scores an image against its reference"):
        quality_map(model, noise(64, 64), "x")
