"""Tables and lists: columns by name, the two orders of a list, and mistakes named by line."""

from pathlib import Path

import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.tables import Line, csv_table, name_score_lines


def test_columns_by_name_in_any_case_and_order(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mos,Image Name,set,,\n1.5,a.png, test ,,\n,b.png\n\n3,c.png,x\n,,,,10000\n")
    lines = csv_table(file, name=("name", "image_name"), score=("MOS",), more=("Set",), optional=("split",))
    assert lines == [
        Line("a.png", 1.5, {"Set": "test"}),
        Line("b.png", None, {"Set": ""}),
        Line("c.png", 3.0, {"Set": "x"}),
    ]
    with pytest.raises(ContriqueError, match=r"a.csv: expected a column split among mos, Image Name, set"):
        csv_table(file, name=("image_name",), score=("mos",), more=("split",))
    file.write_text("name,mos\n,3\n")
    with pytest.raises(ContriqueError, match="line 2: no file name in column 'name'"):
        csv_table(file, name=("name",), score=("mos",))
    with pytest.raises(ContriqueError, match="No such file"):
        csv_table(tmp_path / "b.csv", name=("name",), score=("mos",))


def test_lists_in_either_order(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbf5.51429 I01_01_1.bmp\r\n\r\ni25_24_5.BMP\t 0.062\r\n")
    assert name_score_lines(file) == [Line("I01_01_1.bmp", 5.51429), Line("i25_24_5.BMP", 0.062)]


@pytest.mark.parametrize("line", ["a.png high", "1.5 2.5 a.png", "a.png", "nothing here at all", "a.png inf"])
def test_a_list_with_another_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text(f"1.5 a.png\n{line}\n")
    with pytest.raises(ContriqueError, match=r"a.txt, line 2"):
        name_score_lines(tmp_path / "a.txt")
