"""Points from images: every one traceable to the very picture it stands for."""

import io

import numpy as np
import pytest
from PIL import Image
from plain_model import plain_model

from contrique.embedding.labels import Labelled
from contrique.embedding.points import UNDISTORTED, distorted_points, labelled_points, thumbnail_side
from contrique.errors import ContriqueError
from contrique.images import read_image
from contrique.learning.distortions import NAMES, distort


def test_a_point_is_the_features_of_the_picture_it_names(photographs, tmp_path):
    model, paths = plain_model(), [str(photographs / f"{i}.png") for i in range(3)]
    points = distorted_points(model, paths, tmp_path / "out", contents=2, side=48, seed=5)
    assert len(points) == 2 * 126
    assert points.types[:7] == [UNDISTORTED, *["gaussian_blur"] * 5, "lens_blur"]
    assert set(points.types) == {UNDISTORTED, *NAMES}
    for i in (0, 3, 60, 126, 190, 251):
        clean = read_image(tmp_path / "out" / "contents" / f"{points.contents[i]:03d}.png")
        assert max(clean.shape) == 48
        made = clean
        if points.types[i] != UNDISTORTED:
            made = distort(clean, points.types[i], int(points.levels[i]), points.seeds[i])
        assert np.array_equal(points.features_ND[i], model.features_of([made])[0])
        shown = Image.open(io.BytesIO(points.thumbnails[i]))
        assert np.abs(np.asarray(shown.convert("RGB")).mean() - made.mean()) < 5


def test_the_seed_draws_the_images(photographs, tmp_path):
    paths = [str(photographs / f"{i}.png") for i in range(3)]
    drawn = {
        tuple(dict.fromkeys(distorted_points(plain_model(), paths, tmp_path, contents=1, side=32, seed=seed).paths))
        for seed in (0, 0, 1)
    }
    assert len(drawn) == 2


def test_another_image_takes_the_place_of_a_broken_one(photographs, tmp_path):
    (photographs / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    paths = [str(photographs / name) for name in ("broken.png", "0.png", "1.png", "2.png")]
    points = distorted_points(plain_model(), paths, tmp_path, contents=4, side=32)
    assert len(points) == 3 * 126
    assert [path for path, _ in points.errors] == [paths[0]]
    assert points.contents.max() == 2


def test_images_as_they_are_keep_labels_and_lose_the_broken(photographs, tmp_path):
    bad = str(tmp_path / "none.png")
    images = [
        Labelled(str(photographs / "0.png"), "x", 1.0, "same"),
        Labelled(bad, "x"),
        Labelled(str(photographs / "1.png"), "y", content="same"),
        Labelled(str(photographs / "2.png"), "y"),
    ]
    model, ticks = plain_model(), []
    points = labelled_points(model, images, tick=ticks.append)
    assert points.types == ["x", "y", "y"]
    assert points.errors == [(bad, "no such file")]
    assert points.contents[0] == points.contents[1] != points.contents[2]
    assert np.array_equal(points.levels, [1.0, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(points.features_ND[2], model.features_of([read_image(images[3].path)])[0])
    assert sum(ticks) == 4
    assert not points.distorted


def test_of_many_images_so_many_are_drawn_by_the_seed(photographs):
    images = [Labelled(str(photographs / f"{i % 3}.png"), str(i)) for i in range(20)]
    drawn = [labelled_points(plain_model(), images, seed=seed, most=6).types for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(set(drawn[0]), key=int)
    assert len(drawn[0]) == 6


def test_nothing_usable_is_an_error_that_names_the_first(tmp_path):
    with pytest.raises(ContriqueError, match=r"nothing to draw.*none\.png: no such file"):
        labelled_points(plain_model(), [Labelled(str(tmp_path / "none.png"), "x")])


def test_thumbnails_of_many_points_are_small():
    sides = [thumbnail_side(count) for count in (1, 3000, 3001, 6001, 10_080)]
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] >= 64
