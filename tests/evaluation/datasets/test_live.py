"""LIVE release 2: which file each of the 982 scores belongs to, and the undistorted ones among them."""

from pathlib import Path

import numpy as np
import pytest
from rated_sets import live
from scipy.io import loadmat, savemat

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_as_shipped(tmp_path: Path) -> None:
    original_N = live(tmp_path)
    ratings = load_dataset("live", tmp_path)
    assert len(ratings) == 982 - original_N.sum()
    assert (ratings.lower_is_better, ratings.grouped_by, ratings.dataset) == (True, "reference", "live")
    by_name = dict(zip(ratings.names, ratings.scores, strict=True))
    # the first and the last of each folder, by their place among the 982; every fifth is an original
    for name, place in {
        "jp2k/img1.bmp": 0,
        "jp2k/img227.bmp": 226,
        "jpeg/img1.bmp": 227,
        "jpeg/img232.bmp": 458,
        "wn/img1.bmp": 460,
        "wn/img174.bmp": 633,
        "gblur/img2.bmp": 635,
        "gblur/img174.bmp": 807,
        "fastfading/img1.bmp": 808,
        "fastfading/img174.bmp": 981,
    }.items():
        assert by_name[name] == pytest.approx(place / 10)
    assert "jpeg/img233.bmp" not in by_name  # place 459, an original
    assert ratings.paths[0] == tmp_path / "jp2k" / "img1.bmp"
    assert len(set(ratings.groups.tolist())) == 3
    assert ratings.groups[:4].tolist() == [0, 1, 2, 0]


def test_references_are_those_of_the_list(tmp_path: Path) -> None:
    live(tmp_path)
    ratings = load_dataset("live", tmp_path, references=True)
    assert ratings.references is not None
    assert [path.name for path in ratings.references[:4]] == ["bikes.bmp", "Buildings.bmp", "caps.bmp", "bikes.bmp"]
    assert ratings.references[0].parent == tmp_path / "refimgs"


def test_a_missing_folder_is_not_filled_from_another(tmp_path: Path) -> None:
    live(tmp_path)
    for file in (tmp_path / "wn").iterdir():
        file.unlink()
    (tmp_path / "wn").rmdir()
    with pytest.warns(UserWarning, match=r"140 of 786 are not in the folder .*: wn/img1.bmp, wn/img2.bmp"):
        ratings = load_dataset("live", tmp_path)
    assert len(ratings) == 646
    assert not [name for name in ratings.names if name.startswith("wn/")]


def test_marks_of_originals_from_the_other_file(tmp_path: Path) -> None:
    live(tmp_path / "databaserelease2")
    file = tmp_path / "databaserelease2" / "dmos_realigned.mat"
    whole = load_dataset("live", tmp_path)
    savemat(file, {"dmos_new": loadmat(file)["dmos_new"]})
    again = load_dataset("live", tmp_path / "databaserelease2" / "refimgs")
    assert again.names == whole.names
    assert np.array_equal(again.scores, whole.scores)


def test_a_part_of_the_release(tmp_path: Path) -> None:
    live(tmp_path, {"jp2k": 3, "jpeg": 2, "wn": 2, "gblur": 1, "fastfading": 2})
    ratings = load_dataset("live", tmp_path)
    assert ratings.names == (
        *("jp2k/img1.bmp", "jp2k/img2.bmp", "jp2k/img3.bmp", "jpeg/img1.bmp"),
        *("wn/img1.bmp", "wn/img2.bmp", "gblur/img1.bmp", "fastfading/img1.bmp"),
    )
    (tmp_path / "jp2k" / "img2.bmp").unlink()
    with pytest.warns(UserWarning, match=r"1 of 8 are not in the folder .*: jp2k/img2.bmp"):
        assert len(load_dataset("live", tmp_path)) == 7
    (tmp_path / "gblur" / "img1.bmp").unlink()
    with pytest.raises(ContriqueError, match="10 scores, where the release has 982 and the images go up to 3 in jp2k"):
        load_dataset("live", tmp_path)
