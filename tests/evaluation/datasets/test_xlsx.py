"""Workbooks: text and numbers where they stand, and files that are none."""

import zipfile
from pathlib import Path

import pytest
from workbooks import NS, write_xlsx

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.xlsx import LARGEST, read_xlsx, with_header


def test_cells_where_they_stand(tmp_path: Path) -> None:
    rows = [["title & co"], [], [None, None, "name", "mos"], [None, None, "a <b>.png", 3.8199999999999998]]
    write_xlsx(tmp_path / "a.xlsx", {"first": [["x"]], "second": rows})
    sheets = read_xlsx(tmp_path / "a.xlsx")
    assert list(sheets) == ["first", "second"]
    assert sheets["second"] == [
        (1, ["title & co"]),
        (3, ["", "", "name", "mos"]),
        (4, ["", "", "a <b>.png", "3.82"]),
    ]
    header, below = with_header(tmp_path / "a.xlsx", sheets, "mos", "name")
    assert (header, below) == (["", "", "name", "mos"], [(4, ["", "", "a <b>.png", "3.82"])])


def edited(source: Path, **parts: str) -> Path:
    """A copy of a workbook with other contents of its parts."""
    target = source.with_name("edited.xlsx")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            stem = Path(name).stem
            new.writestr(name, parts[stem] if stem in parts else old.read(name))
    return target


def test_other_ways_of_writing_cells(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", {"first": [["x"]]})
    sheet = (
        f'<worksheet {NS}><sheetData><row r="7">'
        '<c r="AB7" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c></row>'
        '<row><c t="str"><f>A1</f><v>formula</v></c><c><v>2.5</v></c><c r="C8" t="s"><v>0</v></c></row>'
        "</sheetData></worksheet>"
    )
    strings = f"<sst {NS}><si><r><t>ri</t></r><r><t>ch</t></r><rPh sb='0' eb='1'><t>aloud</t></rPh></si></sst>"
    book = edited(tmp_path / "a.xlsx", sheet1=sheet, sharedStrings=strings)
    assert read_xlsx(book)["first"] == [(7, [""] * 27 + ["inline"]), (8, ["formula", "2.5", "rich"])]


@pytest.mark.parametrize(
    "sheet",
    [
        "<worksheet>",
        f'<worksheet {NS}><sheetData><row><c t="s"><v>99</v></c></row></sheetData></worksheet>',
        f'<worksheet {NS}><sheetData><row><c r="ZZZZZZ1"><v>1</v></c></row></sheetData></worksheet>',
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12))
        + f']><worksheet {NS}><sheetData><row><c t="str"><v>&m;</v></c></row></sheetData></worksheet>',
    ],
)
def test_damaged_and_hostile_sheets_are_one_error(tmp_path: Path, sheet: str) -> None:
    write_xlsx(tmp_path / "a.xlsx", {"first": [["x"]]})
    with pytest.raises(ContriqueError, match=r"edited.xlsx: not an .xlsx workbook, or a damaged one"):
        read_xlsx(edited(tmp_path / "a.xlsx", sheet1=sheet))


def test_a_part_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_xlsx(tmp_path / "a.xlsx", {"first": [["x" * 5000]]})
    assert LARGEST > 100 << 20
    monkeypatch.setattr("contrique.evaluation.datasets.xlsx.LARGEST", 4000)
    with pytest.raises(ContriqueError, match=r"sharedStrings.xml is larger than"):
        read_xlsx(tmp_path / "a.xlsx")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"name,mos\n"])
def test_files_that_are_no_workbooks(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    with pytest.raises(ContriqueError, match=r"a.xlsx: not an .xlsx workbook"):
        read_xlsx(tmp_path / "a.xlsx")
    with pytest.raises(ContriqueError, match="No such file"):
        read_xlsx(tmp_path / "b.xlsx")
