"""FLIVE: names with folders, the split by size and is_valid, one photograph under two names."""

from pathlib import Path

import pytest
from rated_sets import flive

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset
from contrique.evaluation.ratings import Ratings


def parts(ratings: Ratings) -> list[list[int]] | None:
    return None if ratings.official is None else [part.tolist() for part in ratings.official]


def test_as_shipped(tmp_path: Path) -> None:
    names = flive(tmp_path)
    ratings = load_dataset("flive", tmp_path)
    assert ratings.names == tuple(names)
    assert ratings.paths == tuple(tmp_path / "database" / name for name in names)
    assert ratings.scores.tolist() == [70.5 + index for index in range(7)]
    assert parts(ratings) == [[0, 1, 2, 6], [3], [4, 5]]
    assert ratings.groups.tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert (ratings.lower_is_better, ratings.dataset) == (False, "flive")


@pytest.mark.parametrize(("large", "small"), [("labels640.csv", "labels=640_padded.csv"), ("labels640.csv", None)])
def test_lists_under_other_names_and_inside_the_images(tmp_path: Path, large: str, small: str | None) -> None:
    flive(tmp_path)
    whole = load_dataset("flive", tmp_path)
    (tmp_path / "labels>640.csv").rename(tmp_path / "database" / large)
    (tmp_path / "labels_image.csv").rename(tmp_path / "database" / "labels_image.csv")
    old = tmp_path / "labels<=640_padded.csv"
    if small is None:
        old.unlink()
    else:
        old.rename(tmp_path / "database" / small)
    ratings = load_dataset("flive", tmp_path)
    assert ratings.paths == whole.paths
    assert parts(ratings) == ([[0, 1, 2, 6], [3], [4, 5]] if small else [[0, 1, 2, 3, 6], [], [4, 5]])
    assert ratings.digest == whole.digest or small is None


def test_no_list_no_split(tmp_path: Path) -> None:
    flive(tmp_path)
    (tmp_path / "labels>640.csv").unlink()
    assert load_dataset("flive", tmp_path).official is None


def test_marks_in_the_list_of_images(tmp_path: Path) -> None:
    names = flive(tmp_path)
    lines = [f"{name},50,{index == 0},{index < 2}" for index, name in enumerate(names)]
    file = tmp_path / "labels_image.csv"
    file.write_text("\n".join(["name,mos,is_test,is_valid", *lines]))
    assert parts(load_dataset("flive", tmp_path)) == [[2, 3, 4, 5, 6], [1], [0]]
    file.write_text(file.read_text().replace("True", "perhaps", 1))
    with pytest.raises(ContriqueError, match=r"is_test of voc_emotic_ava/.* is 'perhaps': expected True or False"):
        load_dataset("flive", tmp_path)


def test_missing_images_are_counted_as_some_collections_are_gone(tmp_path: Path) -> None:
    flive(tmp_path)
    (tmp_path / "database" / "voc_emotic_ava" / "AVA__149.jpg").unlink()
    with pytest.warns(UserWarning, match=r"1 of 7 are not in the folder .*database: voc_emotic_ava/AVA__149.jpg"):
        ratings = load_dataset("flive", tmp_path)
    assert parts(ratings) == [[0, 1, 5], [2], [3, 4]]
