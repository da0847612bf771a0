"""Finding the files of a set, and the rows that can be used, apart from any one set."""

import warnings
from pathlib import Path

import pytest
from rated_sets import touch

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, in_folder, ratings_from


def test_the_least_deep_file_of_the_best_name(tmp_path: Path) -> None:
    touch(tmp_path, ["a/b/LIST.csv", "z/list.csv", "other.csv", "1/2/3/4/deep.csv"])
    folder = SetFolder("X", tmp_path)
    assert folder.maybe("list.csv", "other.csv") == tmp_path / "z/list.csv"
    assert folder.maybe("deep.csv") is None
    assert in_folder(tmp_path / "a/b", "list.csv") == tmp_path / "a/b/LIST.csv"
    assert in_folder(tmp_path / "nowhere", "list.csv") is None


def test_a_neighbour_is_entered_only_from_inside_the_set(tmp_path: Path) -> None:
    touch(tmp_path, ["set/labels/list.csv", "set/Images/a.png", "empty/x.txt"])
    inside = SetFolder("X", tmp_path / "set/Images", inside=("images",))
    assert inside.find("list.csv") == tmp_path / "set/labels/list.csv"
    assert inside.folder("images", near=inside.find("list.csv")) == tmp_path / "set/Images"
    for wrong in ("empty", "set/Images"):
        with pytest.raises(ContriqueError, match=r"not the folder of X: no list.csv or b.csv in it or below it"):
            SetFolder("X", tmp_path / wrong).find("list.csv", "b.csv")


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    file = touch(tmp_path, ["list.csv"]) / "list.csv"
    image, reference = Path("a.png"), Path("r.png")
    rows = [
        Row("a.png", image, 1.0, "r", reference),
        Row("none.png", None, 1.0),
        Row("blank.png", Path("b.png"), None),
        Row("again.png", image, 2.0, "r", reference),
        Row("alone.png", Path("c.png"), 3.0, "r"),
    ]
    with pytest.warns(UserWarning, match="of 5") as caught:
        ratings = ratings_from("X", "x", [file], rows, folder=tmp_path, references=True, grouped_by="reference")
    assert [str(one.message).partition(" of 5 ")[2] for one in caught] == [
        "have no score: blank.png",
        f"are not in the folder {tmp_path}: none.png",
        "have no reference image: alone.png",
        "are listed again: again.png",
    ]
    assert (ratings.paths, ratings.references, ratings.official) == ((image,), (reference,), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ContriqueError, match="no rated image left"):
            ratings_from("X", "x", [file], rows[1:3], folder=tmp_path)
