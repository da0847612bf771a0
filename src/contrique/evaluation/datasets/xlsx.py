"""Tables out of .xlsx files: zipped XML (ECMA-376 part 1, SpreadsheetML), read with the standard library.

Text, numbers and results of formulas as they are stored; no styles, so a date is a number.
"""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from contrique.errors import ContriqueError

LARGEST = 256 << 20
"""Bytes that one part of the file may unpack to: a workbook of 11,125 rows takes about 5 MB."""

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Rows = list[tuple[int, list[str]]]
"""For each row that is not blank its number, from 1, and the text of its cells from column A on."""


def read_xlsx(file: Path) -> dict[str, Rows]:
    """The sheets of a workbook, in its order.

    Raises:
        ContriqueError: it is no .xlsx file, or damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            shared = [_text(item) for item in _part(archive, "xl/sharedStrings.xml", optional=True).iter(f"{MAIN}si")]
            links = {link.get("Id"): link.get("Target", "") for link in _part(archive, "xl/_rels/workbook.xml.rels")}
            sheets = {}
            for sheet in _part(archive, "xl/workbook.xml").iter(f"{MAIN}sheet"):
                target = links[sheet.get(LINK)]
                path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                sheets[sheet.get("name", "")] = _rows(_part(archive, path), shared)
            return sheets
    except OSError as error:
        raise ContriqueError(f"{file}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, IndexError, ValueError, EOFError) as error:
        raise ContriqueError(f"{file}: not an .xlsx workbook, or a damaged one ({error})") from None


def with_header(file: Path, sheets: dict[str, Rows], *names: str) -> tuple[list[str], Rows]:
    """The first table that has these columns, whatever stands above it.

    Args:
        file: the workbook, for errors.
        sheets: of ``read_xlsx``, those preferred first.
        names: columns that it must have, in lower case.

    Returns:
        Its header, and the rows below.

    Raises:
        ContriqueError: there is none.
    """
    for rows in sheets.values():
        for place, (_, cells) in enumerate(rows):
            if {cell.strip().lower() for cell in cells} >= set(names):
                return [cell.strip() for cell in cells], rows[place + 1 :]
    raise ContriqueError(f"{file}: no sheet has the columns {', '.join(names)}")


def _part(archive: zipfile.ZipFile, name: str, *, optional: bool = False) -> ElementTree.Element:
    if optional and name not in archive.namelist():
        return ElementTree.Element("none")
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} is larger than {LARGEST >> 20} MiB")
    return ElementTree.fromstring(archive.read(name))


def _rows(sheet: ElementTree.Element, shared: list[str]) -> Rows:
    rows: Rows = []
    number = 0
    for row in sheet.iter(f"{MAIN}row"):
        number = int(row.get("r", number + 1))
        cells: list[str] = []
        for cell in row.iter(f"{MAIN}c"):
            place = _column(cell.get("r", "")) or len(cells)
            cells += [""] * (place - len(cells))
            cells.append(_value(cell, shared))
        if any(cells):
            rows.append((number, cells))
    return rows


def _column(reference: str) -> int:
    """Position, from 0, of the column in a reference such as "D5"; 0 where there is none."""
    place = 0
    for letter in reference.rstrip("0123456789").upper():
        place = 26 * place + ord(letter) - ord("A") + 1
    if place > 16384:  # XFD, the last column there can be
        raise ValueError(f"there is no cell {reference}")
    return max(place - 1, 0)


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{MAIN}v", "")
    return shared[int(value)] if cell.get("t") == "s" and value else value


def _text(item: ElementTree.Element) -> str:
    """All text of a string item; of runs with formats of their own, all together; without phonetic readings."""
    aloud = {text for reading in item.iter(f"{MAIN}rPh") for text in reading.iter(f"{MAIN}t")}
    return "".join(text.text or "" for text in item.iter(f"{MAIN}t") if text not in aloud)
