"""Manifests: CSV or Parquet files with a row for each image, read row by row however long they are."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from contrique.errors import ContriqueError, need

_BATCH = 4096  # rows of a Parquet file read at a time
_BUFFER = 1 << 16  # bytes of a column of it read at a time


class Row(NamedTuple):
    """One image of a manifest.

    Attributes:
        path: as written there.
        source: whose image it is, ``""`` if the manifest does not say.
        licence: ``""`` if the manifest does not say.
    """

    path: str
    source: str
    licence: str


def manifest_rows(path: Path, licences: tuple[str, ...] | None = None) -> Iterator[Row]:
    """The rows of a manifest, one at a time.

    Columns are known by their names, in any order and case: ``path`` or, without one, ``name``; ``source`` and
    ``licence`` (or ``license``) if there are any. Others are passed over. A CSV file is comma-separated UTF-8 with or
    without a byte order mark; a name with a comma, quote or line break in it stands in quotes. Empty lines are passed
    over. Which of the two formats a file has is told by its first bytes.

    Args:
        path: the manifest.
        licences: only rows with one of these licences.

    Raises:
        ContriqueError: the file cannot be read, a column is missing, a row has no path or too many cells, or no row
            is left, or none has one of the licences; the message names the file and row.
    """
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        unseen = set(licences or ())
        number = 0
        for number, row in enumerate(_parquet(path, licences) if is_parquet else _csv(path, licences), start=1):
            if licences is None or row.licence in licences:
                unseen.discard(row.licence)
                yield _checked(path, number, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContriqueError(f"{path}: cannot read this manifest: {error}") from error
    if not number:
        raise ContriqueError(f"{path}: no rows in this manifest")
    if unseen:
        raise ContriqueError(f"{path}: no row has the licence {sorted(unseen)[0]!r}")


def _checked(path: Path, number: int, row: Row) -> Row:
    for wrong, words in [
        (not row.path, "has no path"),
        ("\0" in row.path, "has a NUL in its path"),
        ("://" in row.path, "names a URL: images in object storage come in tar files, see `shards`"),
    ]:
        if wrong:
            raise ContriqueError(f"{path}: row {number} {words}")
    return row


def _columns(path: Path, header: Iterable[str], licences: tuple[str, ...] | None) -> tuple[int, int | None, int | None]:
    """Where path, source and licence stand."""
    names = [str(name).strip().casefold() for name in header]

    def place(*wanted: str) -> int | None:
        found = [i for name in wanted for i, other in enumerate(names) if other == name]
        if found and names.count(names[found[0]]) > 1:
            raise ContriqueError(f"{path}: has two columns {names[found[0]]}")
        return found[0] if found else None

    image, source, licence = place("path", "name"), place("source"), place("licence", "license")
    if image is None:
        raise ContriqueError(f"{path}: expected a column path or name, found {', '.join(names)[:200] or 'none'}")
    if licences is not None and licence is None:
        raise ContriqueError(f"{path}: has no column licence to filter by")
    return image, source, licence


def _csv(path: Path, licences: tuple[str, ...] | None) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        image, source, licence = _columns(path, header, licences)
        number = 0
        for cells in reader:
            if not cells:
                continue
            number += 1
            if len(cells) > len(header):
                raise ContriqueError(
                    f"{path}: row {number} has {len(cells)} cells, not {len(header)}; names with commas need quotes"
                )
            cells += [""] * (len(header) - len(cells))
            yield Row(
                cells[image], cells[source] if source is not None else "", cells[licence] if licence is not None else ""
            )


def _parquet(path: Path, licences: tuple[str, ...] | None) -> Iterator[Row]:
    need("pyarrow.parquet", "parquet", f"{path}: a Parquet manifest")
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            names: list[str] = file.schema_arrow.names
            places = _columns(path, names, licences)
            wanted = [names[place] for place in places if place is not None]
            for batch in file.iter_batches(_BATCH, columns=wanted, use_threads=False):
                columns = [
                    batch.column(names[place]).to_pylist() if place is not None else [""] * len(batch)
                    for place in places
                ]
                yield from (Row(*map(_text, cells)) for cells in zip(*columns, strict=True))
    except pyarrow.ArrowException as error:
        raise ContriqueError(f"{path}: cannot read this manifest: {error}") from error


def _text(value: Any) -> str:
    """A cell as text: nothing for null."""
    if value is None:
        return ""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
