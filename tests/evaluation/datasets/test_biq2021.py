"""BIQ2021: two lists, a name in another case, columns without a name."""

import warnings
from pathlib import Path

import pytest
from rated_sets import biq2021

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_as_shipped(tmp_path: Path) -> None:
    names = biq2021(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ratings = load_dataset("biq2021", tmp_path)
    assert ratings.names == tuple(names)
    assert ratings.paths[3] == tmp_path / "Images" / "ss02 (7).jpg"
    assert ratings.scores.tolist() == [0, 0.125, 0.25, 0.375, 0.5]
    assert ratings.official is not None
    assert [part.tolist() for part in ratings.official] == [[0, 1, 2], [], [3, 4]]
    assert (ratings.lower_is_better, ratings.dataset, ratings.grouped_by) == (False, "biq2021", None)


def test_the_short_names_of_its_lists(tmp_path: Path) -> None:
    biq2021(tmp_path / "BIQ2021-main")
    for part in ("Train", "Test"):
        (tmp_path / "BIQ2021-main" / f"{part} (Images and MOS).csv").rename(tmp_path / "BIQ2021-main" / f"{part}.csv")
    assert len(load_dataset("biq2021", tmp_path)) == 5
    assert len(load_dataset("biq2021", tmp_path / "BIQ2021-main" / "Images")) == 5


def test_an_image_listed_twice_counts_once(tmp_path: Path) -> None:
    biq2021(tmp_path)
    with open(tmp_path / "Test (Images and MOS).csv", "a") as file:
        file.write("\r\nSS01 (1).jpg,0.9,0.1,,")
    with pytest.warns(UserWarning, match=r"1 of 6 are listed again: SS01 \(1\).jpg"):
        ratings = load_dataset("biq2021", tmp_path)
    assert ratings.scores[0] == 0


def test_half_of_it_is_not_it(tmp_path: Path) -> None:
    biq2021(tmp_path)
    (tmp_path / "Test (Images and MOS).csv").unlink()
    with pytest.raises(ContriqueError, match=r"no Test \(Images and MOS\).csv or Test.csv in it"):
        load_dataset("biq2021", tmp_path)
