"""CSIQ: the authors' workbook and the list that goes about, images with and without folders."""

from pathlib import Path

import pytest
from rated_sets import csiq
from workbooks import write_xlsx

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import load_dataset


def test_the_workbook(tmp_path: Path) -> None:
    files = csiq(tmp_path)
    ratings = load_dataset("csiq", tmp_path)
    assert ratings.paths == tuple(tmp_path / "dst_imgs" / name for name, _ in files)
    assert ratings.scores.tolist() == [dmos for _, dmos in files]
    assert ratings.groups.tolist() == [0] * 12 + [1] * 12 + [2] * 12
    assert (ratings.lower_is_better, ratings.grouped_by, ratings.official) == (True, "reference", None)
    full = load_dataset("csiq", tmp_path, references=True)
    assert full.references is not None
    assert [path.name for path in full.references[::12]] == ["1600.png", "aerial_city.png", "trolley.png"]


def test_the_list_and_images_in_one_folder(tmp_path: Path) -> None:
    files = csiq(tmp_path)
    book = load_dataset("csiq", tmp_path)
    (tmp_path / "csiq.DMOS.xlsx").unlink()
    flat = tmp_path / "dst_imgs_all"
    flat.mkdir()
    for name, _ in files:
        (tmp_path / "dst_imgs" / name).rename(flat / Path(name).name)
    for folder in (tmp_path / "dst_imgs").iterdir():
        folder.rmdir()
    (tmp_path / "dst_imgs").rmdir()
    text = "".join(f"{Path(name).name.upper().replace('PNG', 'png')}\t{dmos}\n" for name, dmos in files)
    (tmp_path / "csiq_label.txt").write_text(text)
    ratings = load_dataset("csiq", tmp_path)
    assert ratings.paths == tuple(flat / path.name for path in book.paths)
    assert ratings.scores.tolist() == book.scores.tolist()
    assert ratings.groups.tolist() == book.groups.tolist()


def test_types_folders_directly_in_the_root(tmp_path: Path) -> None:
    csiq(tmp_path)
    for folder in ("dst_imgs", "src_imgs"):
        for inner in [*(tmp_path / folder).iterdir()]:
            inner.rename(tmp_path / inner.name)
        (tmp_path / folder).rmdir()
    assert len(load_dataset("csiq", tmp_path, references=True)) == 36


def test_types_written_as_in_the_file_names(tmp_path: Path) -> None:
    csiq(tmp_path)
    header = ["image", "dst_type", "dst_lev", "dmos"]
    rows = [["trolley", kind, 1, 0.3] for kind in ("AWGN", "BLUR", "contrast", "fnoise", "JPEG", "jpeg2000")]
    write_xlsx(tmp_path / "csiq.DMOS.xlsx", {"all_by_image": [header, *rows]})
    assert [path.name for path in load_dataset("csiq", tmp_path).paths] == [f"trolley.{row[1]}.1.png" for row in rows]


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    csiq(tmp_path)
    book = tmp_path / "csiq.DMOS.xlsx"
    header = ["image", "dst_type", "dst_lev", "dmos"]
    write_xlsx(book, {"all_by_image": [header, ["trolley", "rotation", 1, 0.3]]})
    with pytest.raises(ContriqueError, match="unknown type 'rotation', level '1' of trolley"):
        load_dataset("csiq", tmp_path)
    write_xlsx(book, {"all_by_image": [["image", "dmos"]]})
    with pytest.raises(ContriqueError, match="no sheet has the columns image, dst_type, dst_lev, dmos"):
        load_dataset("csiq", tmp_path)
    book.write_bytes(b"PK, or not")
    with pytest.raises(ContriqueError, match=r"csiq.DMOS.xlsx: not an .xlsx workbook"):
        load_dataset("csiq", tmp_path)
    book.unlink()
    (tmp_path / "csiq_label.txt").write_text("1600.AWGN.1.png 0.1\n1600.AWGN.5.png\n")
    with pytest.raises(ContriqueError, match=r"csiq_label.txt, line 2: expected a file name and a score"):
        load_dataset("csiq", tmp_path)
