"""The whole way from images to the four files."""

import csv
import json
import sys

import numpy as np
import pytest
from plain_model import plain_model

from contrique.embedding.embed import COLUMNS, embed_distorted, embed_labelled
from contrique.embedding.labels import Labelled
from contrique.errors import ContriqueError, MissingExtra


def rows(folder):
    with (folder / "points.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_distorted_contents_give_four_files_that_agree(photographs, tmp_path):
    paths = [str(photographs / f"{i}.png") for i in range(3)]
    numbers = embed_distorted(plain_model(), paths, tmp_path / "a" / "b", contents=2, side=48, method="pca")
    out = tmp_path / "a" / "b"
    assert {path.name for path in out.iterdir()} == {
        *("embedding.png", "embedding.html", "points.csv", "numbers.json", "contents")
    }
    assert json.loads((out / "numbers.json").read_text()) == numbers
    table = rows(out)
    assert tuple(table[0]) == COLUMNS
    assert len(table) == numbers["points"] == 252
    assert (numbers["contents"], numbers["types"], numbers["drawn"]) == (2, 26, "moves")
    assert {row["level"] for row in table} == {"", "1", "2", "3", "4", "5"}
    undistorted = [row for row in table if row["type"] == "undistorted"]
    assert len({(row["x"], row["y"]) for row in undistorted}) == 1  # an undistorted picture has not moved
    assert numbers["measures"]["moves"]["type_accuracy"] > 4 * numbers["measures"]["moves"]["type_chance"]


@pytest.mark.slow
def test_runs_repeat_and_seeds_and_content_matter(photographs, tmp_path):
    paths = [str(photographs / f"{i}.png") for i in range(3)]

    def table(**more):
        embed_distorted(plain_model(), paths, tmp_path, contents=1, side=32, method="pca", **more)
        return rows(tmp_path)

    first = table(seed=1)
    assert first == table(seed=1)
    assert first != table(seed=2)
    kept = table(seed=1, keep_content=True)
    assert [row["path"] for row in kept] == [row["path"] for row in first]
    assert json.loads((tmp_path / "numbers.json").read_text())["drawn"] == "features"


@pytest.mark.slow
def test_an_older_picture_is_replaced(photographs, tmp_path):
    paths = [str(photographs / f"{i}.png") for i in range(3)]
    embed_distorted(plain_model(), paths, tmp_path, contents=3, side=32, method="pca")
    embed_distorted(plain_model(), paths, tmp_path, contents=1, side=32, method="pca")
    assert [path.name for path in (tmp_path / "contents").iterdir()] == ["000.png"]


def test_broken_images_are_rows_with_an_error(photographs, tmp_path):
    bad = tmp_path / 'a\r"b,\nc.png'
    bad.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    images = [Labelled(str(photographs / "0.png"), "x", 2.5), Labelled(str(bad), "x")]
    numbers = embed_labelled(plain_model(), images, tmp_path / "out", level_name="mos")
    good, broken = rows(tmp_path / "out")
    assert (good["type"], good["level"], good["error"], good["seed"]) == ("x", "2.5", "", "")
    assert broken["path"] == str(bad)
    assert broken["error"]
    assert broken["x"] == ""
    assert [row["path"] for row in numbers["errors"]] == [str(bad)]
    assert numbers["level"] == "mos"


def test_without_levels_a_fitted_model_gives_its_scores(photographs, tmp_path):
    model = plain_model()
    model.card = {"regressor": {"kind": "ridge"}}
    model.score_features = lambda features: (100 * features[:, 0],) * 3
    images = [Labelled(str(photographs / f"{i}.png"), "x") for i in range(3)]
    numbers = embed_labelled(model, images, tmp_path)
    assert numbers["level"] == "score"
    levels = [float(row["level"]) for row in rows(tmp_path)]
    assert levels == pytest.approx(model.score_features(model.features_of(_arrays(images)))[0], rel=1e-5)


def _arrays(images):
    from contrique.images import read_image

    return [read_image(one.path) for one in images]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"contents": 0}, "contents"),
        ({"contents": 81}, "contents"),
        ({"side": 31}, "side"),
        ({"method": "umap"}, "umap"),
    ],
)
def test_what_is_out_of_range_is_said_before_the_work(photographs, tmp_path, how, message):
    with pytest.raises(ContriqueError, match=message):
        embed_distorted(plain_model(), [str(photographs / "0.png")], tmp_path / "out", **how)
    with pytest.raises(ContriqueError, match="points"):
        embed_labelled(plain_model(), [], tmp_path / "out", most=10_081)


def test_an_unwritable_folder_and_a_missing_extra_are_said_before_the_work(photographs, tmp_path, monkeypatch):
    model, paths = plain_model(), [str(photographs / "0.png")]
    model.features_of = None  # no work
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        embed_distorted(model, paths, tmp_path / "file")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"contrique\[embed\]"):
        embed_distorted(model, paths, tmp_path / "out")


def test_features_that_are_no_numbers_are_errors(photographs, tmp_path):
    model = plain_model()
    plain = model.features_of
    model.features_of = lambda images: np.where(plain(images)[:, :1] > 2, np.nan, np.nan) * plain(images)
    with pytest.raises(ContriqueError, match="not finite"):
        embed_labelled(model, [Labelled(str(photographs / "0.png"), "x")], tmp_path)
