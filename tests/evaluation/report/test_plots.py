"""Places of points and curves read back from the SVG; ticks that are round and inside."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from example_result import example_result
from hypothesis import assume, given
from hypothesis import strategies as st

from contrique.evaluation.correlation import fit_logistic, logistic
from contrique.evaluation.report.plots import MOST_POINTS, scatter, spread, tick, ticks_between, typical_split

WORDS = {"what": "a & b", "x_label": "prediction", "y_label": "rating <1>"}


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(svg).findall(f".//{tag}")


def test_points_lie_where_their_numbers_are() -> None:
    """Read with the axes of the picture itself: two ticks give the scale of each."""
    rng = np.random.default_rng(0)
    x_N, y_N = rng.uniform(-3, 3, 40), rng.uniform(10, 90, 40)
    svg = scatter(x_N, y_N, [], **WORDS)
    lines, texts = elements(svg, "line"), elements(svg, "text")
    scales = {}
    for axis, anchor in (("x", "middle"), ("y", "end")):
        known = [
            (float(line.get(f"{axis}1")), float(text.text.replace("−", "-")))
            for line, text in zip(lines, texts, strict=False)
            if text.get("text-anchor") == anchor
        ]
        assert len(known) >= 2
        scales[axis] = np.polyfit(*zip(*known, strict=True), 1)
    found = [(float(c.get("cx")), float(c.get("cy"))) for c in elements(svg, "circle")]
    assert np.polyval(scales["x"], [x for x, _ in found]) == pytest.approx(x_N, abs=0.03)
    assert np.polyval(scales["y"], [y for _, y in found]) == pytest.approx(y_N, abs=0.5)
    (path,) = elements(svg, "path")
    curve = np.array([[float(v) for v in place.split()] for place in path.get("d")[1:].split("L")])
    expected = logistic(np.polyval(scales["x"], curve[:, 0]), fit_logistic(x_N, y_N))
    assert np.polyval(scales["y"], curve[:, 1]) == pytest.approx(expected, abs=2)


def test_words_are_escaped_and_points_tell_their_image() -> None:
    svg = scatter(np.arange(3.0), np.arange(3.0), ["<b>\udcff&\x00", "'\"", "c"], **WORDS)
    assert ElementTree.fromstring(svg).get("aria-label") == "a & b"
    titles = [title.text for title in elements(svg, "title")]
    assert titles[0] == r"<b>\udcff&\x00: prediction 0, rating 0"
    assert titles[1].startswith("'\":")


@pytest.mark.parametrize("x", [np.zeros(12), np.full(12, 1e9), np.linspace(0, 1e-12, 12), np.linspace(-1e12, 1e12, 12)])
def test_degenerate_predictions_are_drawn(x: np.ndarray) -> None:
    svg = scatter(x, np.arange(12.0), [], **WORDS)
    for circle in elements(svg, "circle"):
        assert 0 <= float(circle.get("cx")) <= 340
    assert "nan" not in svg


def test_of_very_many_images_some_are_drawn() -> None:
    x_N = np.arange(MOST_POINTS + 500.0)
    assert len(elements(scatter(x_N, x_N, [], **WORDS), "circle")) == MOST_POINTS


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_inside(low: float, width: float) -> None:
    assume(width > 1e-9 * abs(low))  # as an axis has it
    high = low + width
    ticks = ticks_between(low, high)
    assert 2 <= len(ticks) <= 8
    assert all(low - 1e-6 * width <= value <= high + 1e-6 * width for value in ticks)
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    assert min(abs(step / 10.0**power / digit - 1) for power in range(-9, 8) for digit in (1, 2, 5)) < 1e-3


def test_tick_words() -> None:
    assert [tick(value) for value in (0.30000000000000004, -0.0, -20.0, 1e-7)] == ["0.3", "0", "−20", "1e−07"]


def test_strips_show_every_split() -> None:
    result = example_result({"a<b": 10.0, "flat": np.inf})
    table = spread(result)
    rows = ElementTree.fromstring(table).findall("tr")
    assert len(rows) == 3
    assert [len(row.findall(".//circle")) for row in rows] == [4, 0, 0]
    summary = result["methods"][0]["srocc"]
    assert f"median {summary['median']:.3f}, {summary['low']:.3f} to {summary['high']:.3f}" in table
    assert 'aria-label="no SROCC in 4 splits"' in table
    places = [float(place) for place in re.findall(r'cx="([\d.]+)%"', table)]
    order = np.argsort(summary["splits"])
    assert (np.diff(np.array(places)[order]) >= 0).all()
    assert spread(example_result({"flat": np.inf})) == ""


def test_typical_split_is_nearest_to_the_medians() -> None:
    result = example_result(splits=3)
    for row, splits in zip(result["methods"], ([0.1, 0.5, 0.6], [0.9, 0.7, 0.3], [np.nan, 0.2, 0.3]), strict=True):
        row["srocc"].update(splits=splits, median=float(np.median(splits)))
    assert typical_split(result) == 1
