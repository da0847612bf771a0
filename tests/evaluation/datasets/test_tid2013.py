"""TID2013: its list, whose names are in another case than some files, and the set of another year."""

from pathlib import Path

import pytest
from rated_sets import tid2013

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_as_shipped(tmp_path: Path) -> None:
    names = tid2013(tmp_path)
    ratings = load_dataset("tid2013", tmp_path, references=True)
    assert ratings.names == tuple(names)
    assert [path.name.lower() for path in ratings.paths] == [name.lower() for name in names]
    assert {path.parent.name for path in ratings.paths} == {"distorted_images"}
    assert ratings.scores.tolist() == [5.5 - index / 4 for index in range(8)]
    assert (ratings.lower_is_better, ratings.dataset, ratings.official) == (False, "tid2013", None)
    assert ratings.groups.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert ratings.references is not None
    assert [path.name for path in ratings.references[::4]] == ["I01.BMP", "i25.bmp"]


def test_one_reference_in_two_cases_is_one_group(tmp_path: Path) -> None:
    tid2013(tmp_path)
    file = tmp_path / "mos_with_names.txt"
    file.write_text(file.read_text().replace("I01_24_5", "i01_24_5"))
    assert load_dataset("tid2013", tmp_path).groups.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_missing_files(tmp_path: Path) -> None:
    tid2013(tmp_path)
    (tmp_path / "distorted_images" / "I01_01_1.bmp").unlink()
    with pytest.warns(UserWarning, match=r"1 of 8 are not in the folder .*distorted_images: I01_01_1.bmp"):
        assert len(load_dataset("tid2013", tmp_path / "distorted_images")) == 7


def test_tid2008_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text("5.5 I01_01_1.bmp\n" * 1700)
    with pytest.raises(ContriqueError, match="1700 images are TID2008"):
        load_dataset("tid2013", tmp_path)
