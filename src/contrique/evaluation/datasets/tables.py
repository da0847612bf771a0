"""Annotations as tables: columns that a set is known to have, and lists of names and scores."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.csv_file import Columns, number, open_csv
from contrique.finding import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Line:
    """One line of annotations.

    Attributes:
        name: the image's, as written.
        score: its rating, or None where the cell is blank or nan.
        more: the other columns that were asked for, by name; "" where blank or absent.
    """

    name: str
    score: float | None
    more: dict[str, str] = field(default_factory=dict)


def csv_table(
    file: Path, *, name: Sequence[str], score: Sequence[str], more: Sequence[str] = (), optional: Sequence[str] = ()
) -> list[Line]:
    """Read a CSV with a header.

    Args:
        file: the CSV.
        name: what the column of names is called, the first that there is.
        score: the same for scores.
        more: other columns, all of which there must be.
        optional: other columns, which need not be there.

    Raises:
        ContriqueError: it cannot be read, a column is missing, a score is no number, or a line has one and no name.
    """
    _, delimiter, header, rows = open_csv(file)
    return table_lines(file, header, rows, delimiter=delimiter, name=name, score=score, more=more, optional=optional)


def table_lines(
    file: Path,
    header: list[str],
    rows: Iterable[tuple[int, list[str]]],
    *,
    name: Sequence[str],
    score: Sequence[str],
    more: Sequence[str] = (),
    optional: Sequence[str] = (),
    delimiter: str = ",",
) -> list[Line]:
    """As ``csv_table``, of a table already read: its header, and for each row its number and cells."""
    columns = Columns(file, header)
    at = {column: _find(columns, [column]) for column in more}
    at |= {column: place for column in optional if (place := columns.known([column])) is not None}
    name_at, score_at = _find(columns, name), _find(columns, score)
    lines = []
    for place, cells in rows:
        cell = [*(text.strip() for text in cells), *[""] * (len(header) - len(cells))]
        if not cell[name_at] and not cell[score_at]:
            continue  # something in the margin
        if not cell[name_at]:
            raise ContriqueError(f"{file}, line {place}: no file name in column {header[name_at]!r}")
        value = number(cell[score_at], delimiter, f"{file}, line {place}: column {header[score_at]!r}")
        lines.append(Line(cell[name_at], value, {column: cell[index] for column, index in at.items()}))
    return lines


def _find(columns: Columns, names: Sequence[str]) -> int:
    at = columns.known(names)
    if at is None:
        there = ", ".join(cell for cell in columns.header if cell)
        raise ContriqueError(f"{columns.path}: expected a column {' or '.join(names)} among {there}")
    return at


def name_score_lines(file: Path) -> list[Line]:
    """Read a list without a header: a file name and a number on each line, in either order.

    Raises:
        ContriqueError: it cannot be read, or a line holds something else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ContriqueError(f"{file}: {error.strerror}") from None
    lines = []
    for place, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2:
            raise ContriqueError(f"{file}, line {place}: expected a file name and a score, got {line[:80]!r}")
        name, score = words if _is_name(words[0]) else reversed(words)
        lines.append(Line(name, number(score, ",", f"{file}, line {place}:")))
    return lines


def _is_name(word: str) -> bool:
    """Whether a word is the name of an image file."""
    return os.path.splitext(word.lower())[1] in IMAGE_SUFFIXES
