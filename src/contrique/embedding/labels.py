"""What to call images that are drawn as they are: by the folder they lie in, or by the columns of a CSV."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.csv_file import Columns, number, open_csv
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import GROUP_COLUMNS, NAME_COLUMNS, REFERENCE_COLUMNS, SCORE_COLUMNS
from contrique.finding import find_images

TYPE_COLUMNS = ("type", "distortion_type", "distortion", "label", "class", "category", "source", "licence")
LEVEL_COLUMNS = ("level", "distortion_level", "strength", "severity", *SCORE_COLUMNS)


@dataclass(frozen=True)
class Labelled:
    """One image and what is known of it.

    Attributes:
        path: the file; it need not exist.
        type: what it is called, "" where that is not known.
        level: how strong, how good: any number; nan where that is not known.
        content: equal for images of one content; None where each image is its own.
    """

    path: str
    type: str
    level: float = float("nan")
    content: str | None = None


def labels_by_folder(words: Sequence[str | os.PathLike[str]]) -> list[Labelled]:
    """Images called after the folder they lie in.

    Args:
        words: files, folders and patterns, as in :func:`contrique.finding.find_images`.

    Returns:
        For each image the folders between the one that was named and the file (``blur/strong``); where there are none,
        or the file itself was named, the name of the folder that holds it.
    """
    found = []
    for word in words:
        top = os.fsdecode(word)
        for path in find_images([word]):
            folder = os.path.dirname(path)
            inside = os.path.relpath(folder, top) if os.path.isdir(top) else "."
            name = inside.replace(os.sep, "/") if inside != "." else os.path.basename(os.path.abspath(folder))
            found.append(Labelled(path, name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")))
    return found


def labels_by_csv(
    file: str | os.PathLike[str],
    images: str | os.PathLike[str],
    *,
    name_column: str | None = None,
    type_column: str | None = None,
    level_column: str | None = None,
    group_column: str | None = None,
) -> tuple[list[Labelled], str | None]:
    """Images with what a CSV says of them.

    Args:
        file: the CSV, read as ratings are (any delimiter; columns found by their usual names).
        images: the folder that names are relative to.
        name_column: the column of file names.
        type_column: what images are called; by default the first of ``TYPE_COLUMNS`` that there is.
        level_column: a number for each image; by default the first of ``LEVEL_COLUMNS`` that there is.
        group_column: images of equal value share content; by default as for ratings.

    Returns:
        One entry for each row, in order, also where the file is missing; and the level column's name or None.

    Raises:
        ContriqueError: no such file, folder or column, no type and no level column, a level that is no number, or no
            row.
    """
    path = Path(file)
    _, delimiter, header, rows = open_csv(path)
    columns = Columns(path, header)
    name_at = columns.find(name_column, NAME_COLUMNS, "name", "--name-column")
    type_at = columns.maybe(type_column, TYPE_COLUMNS)
    level_at = columns.maybe(level_column, LEVEL_COLUMNS)
    group_at = columns.maybe(group_column, GROUP_COLUMNS + REFERENCE_COLUMNS)
    if type_at is None and level_at is None:
        raise ContriqueError(
            f"{path}: no type or level column known among {', '.join(filter(None, header))}: "
            "say which with --type-column or --level-column"
        )
    finder = FileLookup(Path(images))
    found = []
    for line, cells in rows:

        def cell(at: int | None, cells: list[str] = cells) -> str:
            return cells[at].strip() if at is not None and at < len(cells) else ""

        name = cell(name_at)
        if not name:
            raise ContriqueError(f"{path}, line {line}: no file name in column {header[name_at]!r}")
        place = finder.find(name)
        level = None
        if level_at is not None:
            level = number(cell(level_at), delimiter, f"{path}, line {line}: column {header[level_at]!r}")
        found.append(
            Labelled(
                os.fspath(place or Path(images) / name),
                cell(type_at),
                float("nan") if level is None else level,
                cell(group_at) or None,
            )
        )
    if not found:
        raise ContriqueError(f"{path}: no rows")
    return found, None if level_at is None else header[level_at]
