"""How scores are written: a table for people, CSV, JSON, JSON Lines or Parquet, to standard output or a file.

Every writer writes the same columns of each row: six, seven for a published method, more with distortions. CSV, JSON
Lines and the table are written row by row and flushed, so what was computed survives a crash; JSON and Parquet are
whole documents, written when the run ends (also when it ends early) to a temporary name beside the file and then
renamed.
"""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NotRequired, Protocol, TextIO, TypedDict

from contrique.errors import ContriqueError, need

COLUMNS = ("path", "score", "low", "high", "error", "model")

METHOD_COLUMNS = (*COLUMNS, "raw")
"""For published methods beside contrique, which have a number of their own."""

DISTORTION_COLUMNS = ("distortion", "distortion_level", "distortion_probability")
"""The most likely distortion: its name, 1 to 5 (0 for "none"), and 0 to 1."""

LISTING = ("json", "jsonl")
"""Formats whose rows can hold all distortions, in a further column ``distortions``."""

FORMATS = ("table", "csv", "json", "jsonl", "parquet")
"""The formats by name; all but the table are also the endings by which a file chooses its format."""


class Row(TypedDict):
    """One image: score, low and high are on 0–100, higher is better; all numbers are None where there is an error, and
    it is None else. There may be no interval. ``raw`` is the method's own number. ``distortions`` are all kinds, most
    likely first; the columns above it tell the first of them."""

    path: str
    score: float | None
    low: float | None
    high: float | None
    error: str | None
    model: str
    raw: NotRequired[float | None]
    distortion: NotRequired[str | None]
    distortion_level: NotRequired[float | None]
    distortion_probability: NotRequired[float | None]
    distortions: NotRequired[list[dict[str, Any]] | None]


class Writer(Protocol):
    """Takes rows one by one; what is not yet written is written by ``close``, which leaves the stream open."""

    def write(self, row: Row) -> None: ...

    def close(self) -> None: ...


class TableWriter:
    """Aligned columns for people: score, interval, perhaps the most likely distortion with its probability and level,
    path. The path comes last because its width is not known ahead."""

    def __init__(self, stream: TextIO, columns: Sequence[str] = COLUMNS) -> None:
        self.stream = stream
        self.distortions = "distortion" in columns
        between = f"{'distortion':<43}   " if self.distortions else ""
        print(f"{'score':>6}   {'interval':>15}   {between}image", file=stream, flush=True)

    def write(self, row: Row) -> None:
        name = printable(row["path"])
        if self.distortions:
            name = f"{_distortion(row):<43}   {name}"
        if row["error"] is None:
            interval = "" if row["low"] is None else f"{row['low']:6.2f} – {row['high']:6.2f}"
            line = f"{row['score']:6.2f}   {interval:>15}   {name}"
        else:
            line = f"{'–':>6}   {'error':>15}   {name}: {printable(row['error'])}"
        print(line, file=self.stream, flush=True)

    def close(self) -> None:
        pass


def _distortion(row: Row) -> str:
    """The most likely distortion in words, such as "jpeg 64%, level 3.2"."""
    kind, likely, level = row.get("distortion"), row.get("distortion_probability"), row.get("distortion_level")
    if kind is None or likely is None:
        return ""
    return f"{kind} {likely:.0%}" + (f", level {level:.1f}" if level else "")


class CsvWriter:
    """Comma-separated values with a header, UTF-8, one line feed a row; an empty field stands for None."""

    def __init__(self, stream: TextIO, columns: Sequence[str] = COLUMNS) -> None:
        self.stream = stream
        self.columns = columns
        self.writer = csv.writer(stream, lineterminator="\n")
        # The csv module leaves a carriage return unquoted when line feeds end its rows, and readers then split there.
        self.quoting_writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self.writer.writerow(columns)
        stream.flush()

    def write(self, row: Row) -> None:
        values = list(only(row, self.columns).values())
        has_return = any(isinstance(value, str) and "\r" in value for value in values)
        (self.quoting_writer if has_return else self.writer).writerow(values)
        self.stream.flush()

    def close(self) -> None:
        pass


class JsonLinesWriter:
    """One JSON object a line."""

    def __init__(self, stream: TextIO, columns: Sequence[str] = COLUMNS) -> None:
        self.stream = stream
        self.columns = columns

    def write(self, row: Row) -> None:
        print(json.dumps(only(row, self.columns), ensure_ascii=False), file=self.stream, flush=True)

    def close(self) -> None:
        pass


class DocumentWriter:
    """A whole document, written when the run ends: to standard output, or in one step over the file of that name."""

    def __init__(self, encode: "Encode", file: str | None, columns: Sequence[str] = COLUMNS) -> None:
        self.encode = encode
        self.columns = columns
        self.rows: list[dict[str, Any]] = []
        self.path = self.partial = Path(file) if file is not None else None
        # A device or a pipe (/dev/stdout) can only be written to; everything else is replaced by renaming.
        if self.path is not None and (self.path.is_file() or not self.path.exists()):
            self.path = self.path.resolve()
            self.partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        if self.partial is not None:
            with _naming(self.path):
                self.partial.open("wb").close()  # now, so that an unwritable folder is noticed before any work

    def write(self, row: Row) -> None:
        self.rows.append(only(row, self.columns))

    def close(self) -> None:
        if self.path is None or self.partial is None:
            sys.stdout.buffer.write(self.encode(self.rows, self.columns))
            sys.stdout.buffer.flush()
            return
        try:
            with _naming(self.path):
                self.partial.write_bytes(self.encode(self.rows, self.columns))
                if self.partial != self.path:
                    self.partial.replace(self.path)
        finally:
            if self.partial != self.path:
                self.partial.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path | None) -> Iterator[None]:
    """Errors name the file that the user asked for, not the temporary one beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


Encode = Callable[[list[dict[str, Any]], Sequence[str]], bytes]
"""From rows, and the names of their columns, to a document."""


def only(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """These columns of a row, in this order."""
    return {column: row.get(column) for column in columns}


def json_document(rows: list[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A JSON array of objects, UTF-8."""
    return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()


def parquet_document(rows: list[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A Parquet table: numbers are float64, the rest are strings, any may be null."""
    import pyarrow
    import pyarrow.parquet

    numbers = ("score", "low", "high", "raw", "distortion_level", "distortion_probability")
    schema = pyarrow.schema([(c, pyarrow.float64() if c in numbers else pyarrow.string()) for c in columns])
    document = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), document)
    return document.getvalue()


ROW_WRITERS: dict[str, Callable[[TextIO, Sequence[str]], Writer]] = {
    "table": TableWriter,
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
}
DOCUMENTS: dict[str, Encode] = {"json": json_document, "parquet": parquet_document}


def choose_format(asked: str | None, file: str | None, terminal: bool) -> str:
    """The format of one run.

    Args:
        asked: the format asked for by name, or None.
        file: the output file, or None for standard output.
        terminal: whether standard output is a terminal.

    Returns:
        What was asked for; else what the file's ending says; else a table on a terminal and CSV into a pipe.

    Raises:
        ContriqueError: the file's ending names no format, or a binary format would go to a terminal.
    """
    if asked == "parquet" and file is None and terminal:
        raise ContriqueError("Parquet is not for reading on a terminal: name a file with -o FILE")
    if asked is not None:
        return asked
    if file is None:
        return "table" if terminal else "csv"
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending == "txt":
        return "table"
    if ending not in FORMATS:
        raise ContriqueError(
            f"cannot tell the format from the name {file!r}: end it in .csv, .json, .jsonl, .parquet or .txt, "
            "or say --format"
        )
    return ending


@contextmanager
def open_writer(kind: str, file: str | None, columns: Sequence[str] = COLUMNS) -> Iterator[Writer]:
    """Open the output of one run and finish it however the run ends, so that rows already computed are kept.

    Args:
        kind: one of ``FORMATS``.
        file: the file to write; None for standard output.
        columns: those to write; the table is for people and has its own.

    Yields:
        The writer.

    Raises:
        MissingExtra: Parquet without pyarrow; raised before the first row, as is:
        OSError: the file cannot be written.
    """
    if kind == "parquet":
        need("pyarrow.parquet", "parquet", "Parquet output")
    writer: Writer
    with ExitStack() as stack:
        if kind in DOCUMENTS:
            writer = DocumentWriter(DOCUMENTS[kind], file, columns)
        elif file is not None:
            stream = stack.enter_context(open(file, "w", encoding="utf-8", newline=""))
            writer = ROW_WRITERS[kind](stream, columns)
        else:
            if isinstance(sys.stdout, io.TextIOWrapper):  # a name may hold what the terminal's encoding lacks
                sys.stdout.reconfigure(errors="backslashreplace")
            writer = ROW_WRITERS[kind](sys.stdout, columns)
        stack.callback(writer.close)
        yield writer


def readable(path: str) -> str:
    """The path as text that every format can hold: bytes of a file name that are not UTF-8 are written ``\\xNN``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """The text on one line of a terminal: control characters are written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
