"""Labels by folder and by CSV."""

import math

import pytest

from contrique.embedding.labels import Labelled, labels_by_csv, labels_by_folder
from contrique.errors import ContriqueError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return str(path)


def test_a_folder_names_its_images_by_what_lies_between(tmp_path):
    top = tmp_path / "top"
    for name in ("a.png", "blur/b.png", "blur/strong/c.png"):
        touch(top / name)
    found = {entry.path.rpartition("/")[2]: entry.type for entry in labels_by_folder([top])}
    assert found == {"a.png": "top", "b.png": "blur", "c.png": "blur/strong"}


def test_files_and_patterns_are_called_after_the_folder_that_holds_them(tmp_path):
    paths = [touch(tmp_path / "x" / "1.png"), touch(tmp_path / "y" / "2.png")]
    assert [entry.type for entry in labels_by_folder(paths)] == ["x", "y"]
    assert [entry.type for entry in labels_by_folder([str(tmp_path / "*" / "*.png")])] == ["x", "y"]


def test_a_folder_whose_name_is_not_text_gives_a_type_that_is(tmp_path):
    import os

    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    open(folder + b"/a.png", "wb").close()
    (entry,) = labels_by_folder([tmp_path])
    assert entry.type == "caf\\xe9"
    assert os.path.exists(entry.path)


def test_a_csv_gives_types_levels_and_contents(tmp_path):
    touch(tmp_path / "images" / "A.PNG")
    csv = tmp_path / "list.csv"
    csv.write_text("filename;Distortion;MOS;scene\na.png;blur;3,5;one\nmissing.png;noise;;\n", encoding="utf-8")
    (first, second), level = labels_by_csv(csv, tmp_path / "images")
    assert first == Labelled(str(tmp_path / "images" / "A.PNG"), "blur", 3.5, "one")
    assert (second.path, second.type, second.content) == (str(tmp_path / "images" / "missing.png"), "noise", None)
    assert math.isnan(second.level)
    assert level == "MOS"


def test_columns_can_be_named(tmp_path):
    csv = tmp_path / "list.csv"
    csv.write_text("file,type,camera,iso,roll\na.png,x,Leica,400,7\n")
    asked = {"type_column": "camera", "level_column": "iso", "group_column": "roll"}
    (entry,), level = labels_by_csv(csv, tmp_path, **asked)
    assert (entry.type, entry.level, entry.content, level) == ("Leica", 400.0, "7", "iso")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,other\na.png,1\n", "--type-column"),
        ("other,type\na.png,1\n", "--name-column"),
        ("name,type\n", "no rows"),
        ("name,type\n,blur\n", "line 2: no file name"),
        ("name,level\na.png,strong\n", "'strong', not a number"),
    ],
)
def test_what_a_csv_lacks_is_said(tmp_path, text, message):
    csv = tmp_path / "list.csv"
    csv.write_text(text)
    with pytest.raises(ContriqueError, match=message):
        labels_by_csv(csv, tmp_path)
    with pytest.raises(ContriqueError, match=r"none\.csv"):
        labels_by_csv(tmp_path / "none.csv", tmp_path)
