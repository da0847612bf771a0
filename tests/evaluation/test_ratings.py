"""Ratings read from CSVs as people write them, and the reason where they cannot be."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.ratings import Ratings, read_ratings


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of empty files: reading ratings looks at names only."""
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    for name in ("a.jpg", "B.JPG", "c, d.png", "more/e.bmp"):
        (folder / name).touch()
    return folder


def read(images: Path, text: str | bytes, **options: object) -> Ratings:
    file = images.parent / "scores.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ratings(file, images=images, **options)  # type: ignore[arg-type]


def test_plain(images: Path) -> None:
    ratings = read(images, "name,mos\na.jpg,3.5\nB.JPG,1\n")
    assert ratings.names == ("a.jpg", "B.JPG")
    assert ratings.paths == (images / "a.jpg", images / "B.JPG")
    assert ratings.scores.dtype == np.float64
    assert ratings.scores.tolist() == [3.5, 1]
    assert ratings.groups.tolist() == [0, 1]
    assert not ratings.lower_is_better
    assert ratings.source == f"{images.parent.name}/scores.csv"
    assert (ratings.grouped_by, ratings.references, len(ratings)) == (None, None, 2)


@pytest.mark.parametrize(
    "text",
    [
        "name,mos\r\na.jpg,3.5\r\nB.JPG,1\r\n",
        "\ufeffname,mos\na.jpg,3.5\nB.JPG,1\n",
        "\ufeffname,mos\na.jpg,3.5\nB.JPG,1\n".encode("utf-16-le"),
        "name;mos\na.jpg;3,5\nB.JPG;1\n",
        "name\tmos\na.jpg\t3.5\nB.JPG\t1\n",
        "mos|name\n3.5|a.jpg\n1|B.JPG",
        'Image Name,MOS,,,\n"a.jpg",3.5,,,\n\n , ,\nB.JPG, 1 ,,,\n',
        "c1,c2,image_name,SD,MOS\n1,2,a.jpg,9,3.5\n3,4,B.JPG,9,1\n",
        "name,mos,note\na.jpg,3.5,sch\xf6n\nB.JPG,1,\n".encode("latin-1"),
        "name,mos\nA.JPG,3.5\nb.jpg,1\n",
        "name,mos\nimages\\a.jpg,3.5\n./B.JPG,1\n",
        "name,mos\na,3.5\nb,1\n",
    ],
)
def test_all_ways_of_writing_the_same(images: Path, text: str | bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ratings = read(images, text)
    assert ratings.paths == (images / "a.jpg", images / "B.JPG")
    assert ratings.scores.tolist() == [3.5, 1]


def test_quoted_delimiters_and_files_further_down(images: Path) -> None:
    ratings = read(images, 'name,mos\n"c, d.png",1\ne.bmp,2\n')
    assert ratings.paths == (images / "c, d.png", images / "more/e.bmp")


def test_dmos_is_lower_better_unless_told(images: Path) -> None:
    text = "name,dmos\na.jpg,1\n"
    assert read(images, text).lower_is_better
    assert not read(images, text, lower_is_better=False).lower_is_better
    assert read(images, "name,mos\na.jpg,1\n", lower_is_better=True).lower_is_better


def test_kadids_dmos_is_higher_better(images: Path) -> None:
    text = "dist_img,ref_img,dmos,var\na.jpg,B.JPG,4.5,0.1\n"
    with pytest.warns(UserWarning, match="KADID"):
        assert not read(images, text).lower_is_better
    assert read(images, text, lower_is_better=True).lower_is_better


def test_columns_by_name(images: Path) -> None:
    text = "name,mos,quality,photo,scene\nx.jpg,9,1,a.jpg,beach\nx.jpg,9,2,B.JPG,beach\nx.jpg,9,3,e.bmp,\n"
    ratings = read(images, text, name_column="photo", score_column="Quality")
    assert ratings.scores.tolist() == [1, 2, 3]
    assert ratings.groups.tolist() == [0, 0, 1]
    assert ratings.grouped_by == "scene"
    assert read(images, text, name_column="photo", group_column="quality").groups.tolist() == [0, 1, 2]


def test_groups_by_content_before_reference(images: Path) -> None:
    text = "name,mos,reference,content_group\na.jpg,1,r,7\nB.JPG,2,r,8\n"
    assert read(images, text).groups.tolist() == [0, 1]
    assert read(images, text, group_column="reference").groups.tolist() == [0, 0]


def test_unusable_rows_are_counted_and_named(images: Path) -> None:
    text = "name,mos\na.jpg,1\nno.jpg,2\nB.JPG,\ne.bmp,NaN\na.jpg,1\nalso\0no.jpg,3\n"
    with pytest.warns(UserWarning, match="of 6") as caught:
        ratings = read(images, text)
    assert ratings.names == ("a.jpg",)
    messages = [str(one.message) for one in caught]
    assert "2 of 6 have no score: B.JPG, e.bmp" in messages[0]
    assert "2 of 6 are not in the folder: no.jpg, also" in messages[1]
    assert "1 of 6 are listed again: a.jpg" in messages[2]


def test_long_lists_of_missing_files_are_cut(images: Path) -> None:
    rows = "".join(f"no{i}.jpg,1\n" for i in range(9))
    with pytest.warns(UserWarning, match=r"9 of 10 are not in the folder: no0.jpg, .*no4.jpg and 4 more$"):
        read(images, f"name,mos\na.jpg,1\n{rows}")


def test_two_files_for_one_name_are_neither(images: Path) -> None:
    (images / "more" / "A.jpg").touch()
    (images / "b.jpg").touch()
    (images / "x.png").touch()
    (images / "x.bmp").touch()
    with pytest.warns(UserWarning, match="2 of 3 are not in the folder: b.jPG, x"):
        assert read(images, "name,mos\na.jpg,1\nb.jPG,2\nx,3\n").paths == (images / "a.jpg",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: expected a header"),
        ("name\na.jpg\n", "line 1: expected a header"),
        ("a.jpg,3\nB.JPG,4\n", "no name column known among a.jpg, 3: say which with --name-column"),
        ("name,good\na.jpg,3\n", "no score column known among name, good: say which with --score-column"),
        ("name,mos\na.jpg,3\nB.JPG,high\n", r"scores.csv, line 3: column 'mos' holds 'high', not a number"),
        ("name,mos\na.jpg,inf\n", "not a number"),
        ('name,mos\n"a.jpg",3\n\n"",4\n', "line 4: no file name in column 'name'"),
        ("name,mos\na.jpg,3\nA.JPG,4\n", r"line 3: A.JPG has the score 4, but 3 in line 2"),
        ("name,mos\n", "no rated image left. The file has no rows"),
        ("name,mos\nno.jpg,3\n", "no rated image left. 1 of 1 are not in the folder: no.jpg"),
        ("name,mos\na.jpg," + "1" * 200_000, "line 2: field larger"),
    ],
)
def test_mistakes_name_file_line_and_reason(images: Path, text: str, reason: str) -> None:
    with pytest.raises(ContriqueError, match=reason) as error:
        read(images, text)
    assert "scores.csv" in str(error.value)


def test_no_such_file_folder_or_column(images: Path) -> None:
    with pytest.raises(ContriqueError, match=r"nowhere.csv: No such file"):
        read_ratings(images / "nowhere.csv", images=images)
    with pytest.raises(ContriqueError, match="nowhere: no such folder"):
        read_ratings(_csv(images), images=images / "nowhere")
    with pytest.raises(ContriqueError, match="no column 'x' among name, mos"):
        read_ratings(_csv(images), images=images, group_column="x")


def test_references_are_found_by_name_without_suffix(images: Path) -> None:
    references = images.parent / "references"
    references.mkdir()
    (references / "Beach.png").touch()
    text = "name,dmos,reference\na.jpg,1,beach\nB.JPG,2,beach.png\ne.bmp,3,hill\n"
    with pytest.warns(UserWarning, match=r"1 of 3 are not in the folder: e.bmp \(its reference hill\)"):
        ratings = read(images, text, references=references)
    assert ratings.references == (references / "Beach.png",) * 2
    assert ratings.groups.tolist() == [0, 1]
    with pytest.raises(ContriqueError, match="--reference-column"):
        read(images, "name,mos\na.jpg,1\n", references=references)


def test_only_keeps_some(images: Path) -> None:
    ratings = read(images, "name,mos,ref\na.jpg,1,a\nB.JPG,2,b\ne.bmp,3,b\n", references=images)
    kept = ratings.only(np.array([True, False, True]))
    assert (kept.names, kept.scores.tolist(), kept.groups.tolist()) == (("a.jpg", "e.bmp"), [1, 3], [0, 1])
    assert kept.references == (images / "a.jpg", images / "B.JPG")
    assert kept.source == ratings.source


def test_biq2021(shared_data: Path) -> None:
    ratings = read_ratings(shared_data / "biq2021/scores.csv", images=shared_data / "biq2021/images")
    assert (len(ratings), len(np.unique(ratings.groups)), ratings.lower_is_better) == (2012, 1917, False)
    assert ratings.source == "biq2021/scores.csv"


def test_live8(shared_data: Path, tmp_path: Path) -> None:
    live8 = shared_data / "live8"
    for line in (live8 / "scores.csv").read_text().splitlines()[1:]:
        (tmp_path / line.partition(",")[0]).touch()
    ratings = read_ratings(live8 / "scores.csv", images=tmp_path, references=live8 / "references")
    assert (len(ratings), len(np.unique(ratings.groups)), ratings.lower_is_better) == (128, 8, True)
    assert ratings.references is not None
    assert len(set(ratings.references)) == 8


def _csv(images: Path) -> Path:
    file = images.parent / "good.csv"
    file.write_text("name,mos\na.jpg,1\n")
    return file
