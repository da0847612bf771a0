"""KADID-10k: higher is better whatever its column is called, groups and references by the undistorted photograph."""

from pathlib import Path

import pytest
from rated_sets import kadid10k

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_as_shipped(tmp_path: Path) -> None:
    names = kadid10k(tmp_path)
    ratings = load_dataset("kadid10k", tmp_path)
    assert ratings.names == tuple(names)
    assert ratings.paths[0] == tmp_path / "images" / "I01_01_01.png"
    assert ratings.scores[:3].tolist() == [4.3, 2.9, 1.5]  # levels 1, 3, 5
    assert not ratings.lower_is_better
    assert ratings.groups.tolist() == [reference for reference in range(5) for _ in range(6)]
    assert (ratings.dataset, ratings.grouped_by) == ("kadid10k", "reference")
    assert ratings.references is None
    assert ratings.official is None


def test_references(tmp_path: Path) -> None:
    kadid10k(tmp_path)
    (tmp_path / "images" / "I02.png").rename(tmp_path / "images" / "i02.PNG")
    (tmp_path / "images" / "I03.png").unlink()
    with pytest.warns(UserWarning, match=r"6 of 30 have no reference image: I03_01_01.png, .* and 1 more"):
        ratings = load_dataset("kadid10k", tmp_path, references=True)
    assert ratings.references is not None
    assert [path.name for path in ratings.references[::6]] == ["I01.png", "i02.PNG", "I04.png", "I05.png"]
    assert len(ratings.references) == len(ratings) == 24
    assert len(load_dataset("kadid10k", tmp_path)) == 30  # without them none is missed


@pytest.mark.parametrize("root", ["..", "images"])
def test_the_folder_above_or_inside(tmp_path: Path, root: str) -> None:
    kadid10k(tmp_path / "kadid10k")
    ratings = load_dataset("KADID-10k", tmp_path / "kadid10k" / root, references=True)
    assert len(ratings) == 30
    assert ratings.paths[0].is_file()


def test_two_sets_below_one_root_that_are_not_the_same(tmp_path: Path) -> None:
    kadid10k(tmp_path / "a")
    kadid10k(tmp_path / "b")
    assert load_dataset("kadid10k", tmp_path).paths[0].parent == tmp_path / "a" / "images"
    (tmp_path / "b" / "dmos.csv").write_text("dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,1,0\n")
    with pytest.raises(ContriqueError, match=r"KADID-10k could be in .*a/dmos.csv and .*b/dmos.csv"):
        load_dataset("kadid10k", tmp_path)


def test_images_of_the_set_itself_and_not_of_its_neighbour(tmp_path: Path) -> None:
    names = kadid10k(tmp_path / "kadid10k")
    kadid10k(tmp_path / "another" / "set")
    (tmp_path / "another" / "set" / "dmos.csv").unlink()
    (tmp_path / "kadid10k" / "images" / names[0]).unlink()
    with pytest.warns(UserWarning, match="1 of 30 are not in the folder"):
        ratings = load_dataset("kadid10k", tmp_path)
    assert {path.parent for path in ratings.paths} == {tmp_path / "kadid10k" / "images"}
