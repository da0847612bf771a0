"""The PNG: the right colours at the right places."""

import numpy as np
import pytest
from PIL import Image

from contrique.embedding.palette import LEVELS_ON_LIGHT, styles
from contrique.embedding.picture import draw
from contrique.embedding.points import Points


def made(types, levels):
    count = len(types)
    return Points(np.zeros((count, 2), np.float32), ["a.png"] * count, types, np.array(levels), np.arange(count))


def near(picture, colour, box):
    """Share of pixels of nearly that colour in a part of the picture (left, top, right, bottom as shares)."""
    height, width = picture.shape[:2]
    part = picture[int(box[1] * height) : int(box[3] * height), int(box[0] * width) : int(box[2] * width)]
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return (np.abs(part.astype(int) - wanted).max(axis=2) < 6).mean()


def test_types_left_and_levels_right(tmp_path):
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal([-5, 5], 0.6, (60, 2)), rng.normal([5, -5], 0.6, (60, 2))])
    points = made(["jpeg"] * 60 + ["white_noise"] * 60, [1.0] * 60 + [5.0] * 60)
    draw(points, places, tmp_path / "a.png", title="title", caption="caption")
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    looks = styles(points.types)
    upper, lower = (0.02, 0.12, 0.25, 0.4), (0.25, 0.45, 0.49, 0.74)  # of the left panel
    assert near(picture, looks["jpeg"].colour, upper) > 0.005
    assert near(picture, looks["jpeg"].colour, lower) == 0
    assert near(picture, looks["white_noise"].colour, lower) > 0.005
    upper, lower = (0.51, 0.12, 0.74, 0.4), (0.75, 0.45, 0.98, 0.74)
    assert near(picture, LEVELS_ON_LIGHT[0], upper) > 0.005
    assert near(picture, LEVELS_ON_LIGHT[-1], upper) == 0
    assert near(picture, LEVELS_ON_LIGHT[-1], lower) > 0.005


def test_without_levels_there_is_one_panel(tmp_path):
    for name, level in (("one.png", np.nan), ("two.png", 1.0)):
        draw(made(["x", "y"], [level] * 2), np.eye(2), tmp_path / name, title="", caption="")
    one, two = (Image.open(tmp_path / name).size for name in ("one.png", "two.png"))
    assert one[0] < two[0]
    assert one[1] == two[1]


@pytest.mark.parametrize("count", [1, 40])
def test_odd_labels_are_drawn_as_they_are(tmp_path, count):
    types = ["$x_{2", "日本語", "", "\\frac", "a" * 200][:count] * 8
    draw(made(types, [np.nan] * len(types)), np.zeros((len(types), 2)), tmp_path / "a.png", title="$", caption="%s {}")
    assert Image.open(tmp_path / "a.png").format == "PNG"


def test_nothing_is_left_in_matplotlib(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw(made(["x"], [1.0]), np.zeros((1, 2)), tmp_path / "a.png", title="", caption="")
    assert dict(matplotlib.rcParams) == before
