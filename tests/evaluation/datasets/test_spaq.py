"""SPAQ: its workbook, or the same saved as CSV."""

from pathlib import Path

import pytest
from rated_sets import spaq

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


@pytest.mark.parametrize("root", [".", "..", "TestImage", "Annotations"])
def test_as_shipped(tmp_path: Path, root: str) -> None:
    names = spaq(tmp_path / "SPAQ")
    ratings = load_dataset("spaq", tmp_path / "SPAQ" / root)
    assert ratings.names == tuple(names)
    assert {path.resolve().parent for path in ratings.paths} == {(tmp_path / "SPAQ" / "TestImage").resolve()}
    assert ratings.scores.tolist() == [35.07 + index for index in range(6)]
    assert (ratings.lower_is_better, ratings.official, ratings.dataset) == (False, None, "spaq")


def test_saved_as_csv(tmp_path: Path) -> None:
    spaq(tmp_path)
    book = tmp_path / "Annotations" / "MOS and Image attribute scores.xlsx"
    book.unlink()
    book.with_suffix(".csv").write_text("Image name;MOS;Brightness\n00001.jpg;35,5;47\n00003.jpg;;3\n9.jpg;4;4\n")
    with pytest.warns(UserWarning, match="1 of 3") as caught:
        ratings = load_dataset("spaq", tmp_path)
    assert ratings.scores.tolist() == [35.5]
    messages = [str(one.message) for one in caught]
    assert "have no score: 00003.jpg" in messages[0]
    assert messages[1].endswith("TestImage: 9.jpg")


def test_a_workbook_of_something_else(tmp_path: Path) -> None:
    spaq(tmp_path)
    folder = tmp_path / "Annotations"
    (folder / "Scene category labels.xlsx").replace(folder / "MOS and Image attribute scores.xlsx")
    with pytest.raises(ContriqueError, match="no sheet has the columns image name, mos"):
        load_dataset("spaq", tmp_path)
