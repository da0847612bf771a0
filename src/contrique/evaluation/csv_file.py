"""CSV files as people write them: delimiter, encoding, columns by name, numbers, and mistakes named by line."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from contrique.errors import ContriqueError


def open_csv(path: Path) -> tuple[bytes, str, list[str], Iterator[tuple[int, list[str]]]]:
    """A CSV file: its bytes, its delimiter, its header, and then (line number, cells) of every row that is not blank.

    Raises:
        ContriqueError: it cannot be read; else as ``csv_rows``, whose errors may come with any row.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ContriqueError(f"{path}: {error.strerror}") from None
    rows = csv_rows(path, data)
    delimiter, header = next(rows)
    return data, delimiter, header, rows


def csv_rows(path: Path, data: bytes) -> Iterator[tuple]:
    """Yield (delimiter, header), then (line number, cells) for every row of a CSV that is not blank.

    Raises:
        ContriqueError: no header of two columns or more, or not a CSV; it names the file and the line.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    first = next(iter(text.splitlines()), "")
    delimiter = max(",;\t|", key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if sum(map(bool, header)) < 2:
            raise ContriqueError(f"{path}, line 1: expected a header with two columns or more, got {first[:80]!r}")
        yield delimiter, header
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise ContriqueError(f"{path}, line {reader.line_num}: {error}") from None


class Columns:
    """Finds columns by what they are called: as written, else without regard to case, spaces and dashes.

    Args:
        path: the CSV, for errors.
        header: its first row.
    """

    def __init__(self, path: Path, header: list[str]) -> None:
        self.path, self.header = path, header
        self.plain = [plain(cell) for cell in header]

    def maybe(self, asked: str | None, known: Sequence[str]) -> int | None:
        """Position of the column asked for, or of the first known one there is, or None."""
        if asked is not None:
            if asked in self.header:
                return self.header.index(asked)
            if plain(asked) in self.plain and asked.strip():
                return self.plain.index(plain(asked))
            raise ContriqueError(f"{self.path}: no column {asked!r} among {self._there()}")
        return self.known(known)

    def known(self, names: Sequence[str]) -> int | None:
        """Position of the first of these names that there is, or None."""
        return next((self.plain.index(plain(name)) for name in names if plain(name) in self.plain), None)

    def find(self, asked: str | None, known: Sequence[str], what: str, flag: str) -> int:
        """As ``maybe``, but there must be one."""
        at = self.maybe(asked, known)
        if at is None:
            raise ContriqueError(f"{self.path}: no {what} column known among {self._there()}: say which with {flag}")
        return at

    def _there(self) -> str:
        return ", ".join(cell for cell in self.header if cell)


def number(text: str, delimiter: str, where: str) -> float | None:
    """A cell as a number; None for a blank or nan.

    Raises:
        ContriqueError: it is no number, or not finite.
    """
    if text.lower() in ("", "nan", "na", "n/a", "none", "null"):
        return None
    try:
        number = float(text if delimiter == "," else text.replace(",", "."))  # 3,5 in a German spreadsheet
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise ContriqueError(f"{where} holds {text[:40]!r}, not a number")
    return number


def plain(name: str) -> str:
    """A column's name in the form that names are compared in."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")
