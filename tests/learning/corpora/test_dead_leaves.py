"""Dead leaves: a function of their arguments, covered, with sizes, areas, colours and a spectrum like nature's."""

import math

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.learning.corpora import dead_leaves
from contrique.learning.corpora.dead_leaves import DEPTH, KINDS, Leaves, colours, contact_sheet, draw, image, scatter
from contrique.learning.corpora.leaf_shapes import SHAPES, shapes


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_a_function_of_its_arguments(kind):
    first = image(5, 7, 96, kind)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    image(9, 1, 64, "textured")
    assert np.array_equal(first, image(5, 7, 96, kind))
    others = [image(5, 8, 96, kind), image(6, 7, 96, kind), image(7, 5, 96, kind)]
    assert all(np.mean(first != other) > 0.5 for other in others)


@pytest.mark.parametrize("size", [32, 33, 191, 700])
def test_any_size_can_be_made(size):
    assert image(0, 0, size, "textured").shape == (size, size, 3)


def test_kinds_differ_by_the_patterns_alone(monkeypatch):
    assert np.mean(image(0, 3, 128, "textured") != image(0, 3, 128, "plain")) > 0.5
    monkeypatch.setattr(dead_leaves, "_CONTRAST_MOST", 0.0)
    assert np.array_equal(image(0, 3, 128, "textured"), image(0, 3, 128, "plain"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"kind": "striped"}, "plain, textured"),
        ({"size": 31}, "32 to 4096"),
        ({"size": 4097}, "32 to 4096"),
        ({"seed": -1}, "negative"),
        ({"index": -1}, "negative"),
    ],
)
def test_what_cannot_be_made_is_refused(words, message):
    with pytest.raises(ContriqueError, match=message):
        image(**({"seed": 0, "index": 0} | words))
    if "index" not in words:
        with pytest.raises(ContriqueError, match=message):
            contact_sheet(**({"seed": 0, "count": 1} | words))


@pytest.fixture(scope="module")
def fallen():
    """Many pictures' leaves with one smallest radius, 4, at size 256."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dead_leaves, "SMALLEST", (4.0, 4.0))
        return [scatter(np.random.default_rng([7, i]), 256) for i in range(60)]


def test_sizes_of_leaves_centred_in_the_picture_follow_the_inverse_cube(fallen):
    inside = [((a.centre_N2 >= 0) & (a.centre_N2 < 256)).all(axis=1) for a in fallen]
    radii = np.concatenate([a.radius_N[chosen] for a, chosen in zip(fallen, inside, strict=True)])
    assert 4 <= radii.min() < 4.1
    assert 64 < radii.max() <= 128
    edges = np.geomspace(4, 64, 9)
    per_pixel = np.histogram(radii, edges)[0] / np.diff(edges)
    slope = np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(per_pixel), 1)[0]
    assert slope == pytest.approx(-3, abs=0.12)


def test_leaves_reach_in_from_outside_as_often_as_they_should(fallen):
    """Of radius r, those that touch the window are (1 + 2r/size)² times those centred in it."""
    for low, high in ((4, 8), (8, 16), (16, 32)):
        touching = inside = expected = 0.0
        for a in fallen:
            chosen = (a.radius_N >= low) & (a.radius_N < high)
            within = ((a.centre_N2[chosen] >= 0) & (a.centre_N2[chosen] < 256)).all(axis=1)
            touching += chosen.sum()
            inside += within.sum()
            expected += ((1 + 2 * a.radius_N[chosen][within] / 256) ** 2).sum()
        assert touching == pytest.approx(expected, abs=5 * math.sqrt(expected))
        assert touching > inside


def test_every_part_of_the_picture_is_equally_deep_in_leaves(fallen):
    """A Boolean model of mean depth d leaves e^−d bare, at the border as in the middle; the deepest leaf fills it."""
    bare = np.mean([draw(a, np.ones(len(a.radius_N), np.uint8), 0, 256) == 0 for a in fallen], axis=0)
    border = np.concatenate([bare[:64].ravel(), bare[-64:].ravel(), bare[:, :64].ravel(), bare[:, -64:].ravel()])
    assert bare.mean() == pytest.approx(math.exp(-DEPTH), rel=0.15)
    assert border.mean() == pytest.approx(math.exp(-DEPTH), rel=0.25)


def test_leaves_lie_where_they_should_the_last_on_top():
    """Against a loop that asks of every sample whether it is inside each polygon."""
    rng = np.random.default_rng(3)
    count, size = 40, 64
    leaves = Leaves(
        rng.uniform(-10, size + 10, (count, 2)),
        rng.uniform(4, 30, count),
        rng.integers(SHAPES, size=count),
        rng.uniform(0, 2 * np.pi, count),
    )
    drawn = draw(leaves, np.arange(1, count + 1, dtype=np.uint8), 0, size)
    expected = np.zeros((2 * size, 2 * size), np.uint8)
    at = (np.mgrid[0 : 2 * size, 0 : 2 * size][::-1].reshape(2, -1).T + 0.5) / 2  # x, y in pixels
    for i in range(count):
        c, s = np.cos(leaves.angle_N[i]), np.sin(leaves.angle_N[i])
        unit = (at - leaves.centre_N2[i]) @ np.array([[c, -s], [s, c]]) / leaves.radius_N[i]
        expected.reshape(-1)[_inside(unit, shapes()[leaves.shape_N[i]])] = i + 1
    assert np.mean(drawn == expected) > 0.97  # what differs lies on outlines


def _inside(points, corners):
    """Whether points are inside a convex polygon: on the same side of every edge."""
    sides = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        sides.append((b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0]))
    return np.all(np.array(sides) >= 0, axis=0) | np.all(np.array(sides) <= 0, axis=0)


@pytest.mark.parametrize("radius", [4.0, 6.3, 11.0, 40.0, 100.0])
def test_a_disc_has_its_area_and_place(radius):
    x, y = 120.3, 131.8
    leaves = Leaves(np.array([[x, y]]), np.array([radius]), np.array([0]), np.array([0.3]))
    drawn = draw(leaves, np.array([1], np.uint8), 0, 256)
    assert drawn.sum() / 4 == pytest.approx(math.pi * radius**2, rel=0.09 if radius < 7 else 0.02)  # 12 corners: −5 %
    rows, columns = np.nonzero(drawn)
    assert (columns.mean() + 0.5) / 2 == pytest.approx(x, abs=0.15)
    assert (rows.mean() + 0.5) / 2 == pytest.approx(y, abs=0.15)


def test_edges_are_anti_aliased():
    """Where two leaves of one colour each meet, pixels of colours in between smooth the step: not only two values."""
    picture = image(0, 0, 256).astype(int)
    step = np.abs(np.diff(picture, axis=1)).max(axis=2)
    edges = step[:, 1:-1] > 24
    between = edges & ((step[:, :-2] > 8) | (step[:, 2:] > 8))
    assert between.sum() > 0.3 * edges.sum()


def test_power_falls_as_in_photographs():
    """Near 1/f² between the scales of the largest and the smallest leaves; patterns add fine detail to it."""
    plain, textured = (np.mean([_power(image(2, i, 256, kind)) for i in range(16)], axis=0) for kind in KINDS)
    for power in (plain, textured):
        assert -2.6 < _slope(power, 3, 16) < -1.6
        assert -3.6 < _slope(power, 16, 100) < -2.0
    assert textured[30:100].mean() > 1.2 * plain[30:100].mean()


def _power(picture):
    """Mean power by distance from frequency 0, of the Hann-windowed mean of the channels."""
    grey = picture.mean(axis=2)
    window = np.hanning(len(grey))
    power = np.abs(np.fft.fft2((grey - grey.mean()) * window[:, None] * window)) ** 2
    f = np.fft.fftfreq(len(grey)) * len(grey)
    ring = np.rint(np.hypot(f[:, None], f[None, :])).astype(int).ravel()
    return np.bincount(ring, power.ravel()) / np.bincount(ring)


def _slope(power, low, high):
    f = np.arange(low, high)
    return np.polyfit(np.log(f), np.log(power[low:high]), 1)[0]


def test_colours_spread_as_those_of_photographs():
    pictures = [colours(np.random.default_rng([1, i]), 256).astype(float) for i in range(300)]
    lightness = np.array([p.mean(axis=1) for p in pictures])
    assert 105 < lightness.mean() < 123
    assert 30 < lightness.mean(axis=1).std() < 42
    assert 38 < np.median(lightness.std(axis=1)) < 50
    colourful = np.array([p.max(axis=1) - p.min(axis=1) for p in pictures])
    assert 20 < np.median(colourful) < 45
    assert np.median(colourful[lightness < 25]) < 0.5 * np.median(colourful[(lightness > 80) & (lightness < 160)])
