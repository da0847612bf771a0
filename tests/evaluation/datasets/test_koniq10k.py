"""KonIQ-10k: both of its CSVs, both sizes of its images, the authors' split."""

from pathlib import Path

import numpy as np
import pytest
from rated_sets import koniq10k, touch

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset
from contrique.evaluation.ratings import Ratings

WITHOUT_SETS = '"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"\n'


def load(root: Path) -> Ratings:
    return load_dataset("koniq10k", root)


def test_as_shipped(tmp_path: Path) -> None:
    names = koniq10k(tmp_path)
    ratings = load(tmp_path)
    assert ratings.names == tuple(names)
    assert ratings.paths == tuple(tmp_path / "1024x768" / name for name in names)
    assert ratings.scores.tolist() == [40.5 + index for index in range(10)]
    assert not ratings.lower_is_better
    assert ratings.groups.tolist() == list(range(10))
    assert (ratings.dataset, ratings.grouped_by, ratings.references) == ("koniq10k", None, None)
    assert ratings.source == "KonIQ-10k, 1024x768"
    assert ratings.official is not None
    assert [part.tolist() for part in ratings.official] == [list(range(6)), [6, 7], [8, 9]]


def test_the_split_follows_images_that_are_left_out(tmp_path: Path) -> None:
    names = koniq10k(tmp_path)
    (tmp_path / "1024x768" / names[0]).unlink()
    (tmp_path / "1024x768" / names[7]).unlink()
    with pytest.warns(UserWarning, match=f"2 of 10 are not in the folder .*1024x768: {names[0]}, {names[7]}"):
        ratings = load(tmp_path)
    assert ratings.official is not None
    assert [part.tolist() for part in ratings.official] == [[0, 1, 2, 3, 4], [5], [6, 7]]
    assert [ratings.names[i] for i in ratings.official[2]] == names[8:]
    kept = ratings.only(np.array([1, 0, 1, 1, 1, 0, 0, 1], dtype=bool))
    assert kept.official is not None
    assert [part.tolist() for part in kept.official] == [[0, 1, 2, 3], [], [4]]
    assert kept.dataset == "koniq10k"


def test_the_smaller_copy(tmp_path: Path) -> None:
    names = koniq10k(tmp_path)
    large = load(tmp_path)
    small = load(tmp_path / "512x384")
    assert small.paths[0].resolve() == (tmp_path / "512x384" / names[0]).resolve()
    assert small.source == "KonIQ-10k, 512x384"
    assert small.digest != large.digest
    for file in (tmp_path / "1024x768").iterdir():
        file.unlink()
    (tmp_path / "1024x768").rmdir()
    assert load(tmp_path).digest == small.digest


def test_the_csv_without_a_split(tmp_path: Path) -> None:
    touch(tmp_path / "1024X768", ["826373.JPG", "9.jpg"])
    text = WITHOUT_SETS + '"826373.jpg",0,0,25,73,7,105,3.82,0.52,70.06\n"9.jpg",0,3,45,47,1,96,3.47,0.58,61.89\n'
    (tmp_path / "koniq10k_scores_and_distributions.csv").write_text(text)
    ratings = load(tmp_path)
    assert ratings.scores.tolist() == [70.06, 61.89]
    assert ratings.paths[0].name == "826373.JPG"
    assert ratings.official is None


@pytest.mark.parametrize("place", ["", "koniq10k", "sets/koniq10k"])
def test_annotations_in_their_own_folder_and_the_root_higher_up(tmp_path: Path, place: str) -> None:
    home = tmp_path / place
    koniq10k(home)
    (home / "metadata").mkdir()
    (home / "koniq10k_distributions_sets.csv").rename(home / "metadata" / "Koniq10k_distributions_sets.CSV")
    ratings = load(tmp_path)
    assert ratings.paths[0].parent == home / "1024x768"
    assert len(ratings) == 10


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    touch(tmp_path / "wrong", ["a.jpg"])
    koniq10k(tmp_path / "right")
    with pytest.raises(ContriqueError, match=r"wrong: not the folder of KonIQ-10k: no koniq10k_distributions_sets.csv"):
        load(tmp_path / "wrong")
    with pytest.raises(ContriqueError, match="KonIQ-10k has no references"):
        load_dataset("koniq10k", tmp_path / "right", references=True)
    csv = tmp_path / "right" / "koniq10k_distributions_sets.csv"
    good = csv.read_text()
    csv.write_text(good.replace("validation", "valuation"))
    with pytest.raises(ContriqueError, match=r"10004473382.jpg is in the set 'valuation': expected training"):
        load(tmp_path / "right")
    csv.write_text(good.replace("45.5", "high"))
    with pytest.raises(ContriqueError, match="line 7: column 'MOS' holds 'high', not a number"):
        load(tmp_path / "right")
    csv.write_text(good.replace("MOS", "SOM"))
    with pytest.raises(ContriqueError, match="expected a column MOS_zscore or MOS among image_name, c1"):
        load(tmp_path / "right")
    for file in [*tmp_path.rglob("*.jpg")]:
        file.unlink()
    csv.write_text(good)
    with pytest.raises(ContriqueError, match=r"no rated image left. 10 of 10 are not in the folder"):
        load(tmp_path / "right")
