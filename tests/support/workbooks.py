"""Writes .xlsx files as spreadsheet programs do: shared strings, cells left out where they are blank."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def write_xlsx(path: Path, sheets: dict[str, list[list]]) -> None:
    """Write sheets of rows of text, numbers and None."""
    strings: dict[str, int] = {}
    parts = {}
    for number, rows in enumerate(sheets.values(), 1):
        xml = ""
        for row, cells in enumerate(rows, 1):
            inner = ""
            for column, cell in enumerate(cells):
                place = f"{chr(ord('A') + column)}{row}"
                if isinstance(cell, str):
                    inner += f'<c r="{place}" t="s"><v>{strings.setdefault(cell, len(strings))}</v></c>'
                elif cell is not None:
                    inner += f'<c r="{place}" s="1"><v>{cell!r}</v></c>'
            xml += f'<row r="{row}">{inner}</row>'
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {NS}><sheetData>{xml}</sheetData></worksheet>"
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    parts["xl/sharedStrings.xml"] = f"<sst {NS}>{items}</sst>"
    names = "".join(f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1))
    parts["xl/workbook.xml"] = f"<workbook {NS} {R}><sheets>{names}</sheets></workbook>"
    links = "".join(f'<Relationship Id="rId{i}" Target="worksheets/sheet{i}.xml"/>' for i in range(1, len(sheets) + 1))
    parts["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="urn:links">{links}</Relationships>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, HEAD + text)
