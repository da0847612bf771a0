"""LIVE Challenge: MATLAB files, and the seven images that trained the subjects."""

from pathlib import Path

import numpy as np
import pytest
from rated_sets import clive
from scipy.io import savemat

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_as_shipped_without_the_training_images(tmp_path: Path) -> None:
    names = clive(tmp_path)
    ratings = load_dataset("clive", tmp_path)
    assert ratings.names == tuple(names)
    assert ratings.paths[-1] == tmp_path / "Images" / "1168.bmp"
    assert ratings.scores.tolist() == [47.25, 48.25, 49.25, 50.25, 51.25]
    assert (ratings.lower_is_better, ratings.official, ratings.dataset) == (False, None, "clive")
    assert ratings.groups.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("root", [".", "ChallengeDB_release/Data", "ChallengeDB_release/Images"])
def test_the_folder_above_or_inside(tmp_path: Path, root: str) -> None:
    clive(tmp_path / "ChallengeDB_release")
    assert len(load_dataset("CLIVE", tmp_path / root)) == 5


def test_an_image_in_another_case_and_one_that_is_missing(tmp_path: Path) -> None:
    clive(tmp_path)
    (tmp_path / "Images" / "5.JPG").rename(tmp_path / "Images" / "5.jpg")
    (tmp_path / "Images" / "3.bmp").unlink()
    with pytest.warns(UserWarning, match=r"1 of 5 are not in the folder .*Images: 3.bmp"):
        ratings = load_dataset("clive", tmp_path)
    assert ratings.paths[1].name == "5.jpg"
    assert ratings.scores.tolist() == [48.25, 49.25, 50.25, 51.25]


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    clive(tmp_path)
    file = tmp_path / "Data" / "AllMOS_release.mat"
    savemat(file, {"AllMOS_release": np.ones((1, 11))})
    with pytest.raises(ContriqueError, match=r"11 scores, but AllImages_release.mat has 12 names"):
        load_dataset("clive", tmp_path)
    savemat(file, {"MOS": np.ones((1, 12))})
    with pytest.raises(ContriqueError, match="there is no variable AllMOS_release in it"):
        load_dataset("clive", tmp_path)
    file.unlink()
    with pytest.raises(ContriqueError, match=r"not the folder of LIVE Challenge: no AllMOS_release.mat"):
        load_dataset("clive", tmp_path)
