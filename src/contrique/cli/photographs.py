"""Photographs that nobody rated, as the command line names them: a folder, or the rows of a list."""

from collections import Counter
from pathlib import Path
from typing import Any

from contrique.errors import ContriqueError


def photographs_of(folder: str, rows_of: str | None, licences: list[str] | None) -> tuple[list[Path], dict[str, Any]]:
    """Their files, and what a card says of where they are from: ``source``, and ``licences`` if the list has them.

    Args:
        folder: of the images.
        rows_of: a CSV that names those that are used, relative to the folder; all in it if left out.
        licences: only rows with one of these; all if left out.

    Raises:
        ContriqueError: there are none, or the list cannot be read.
    """
    from contrique.images import find_images

    about: dict[str, Any] = {"source": Path(folder).resolve().name}
    if rows_of is None:
        paths = [Path(path) for path in find_images([folder])]
    else:
        from contrique.learning.corpora.manifests import manifest_rows

        rows = list(manifest_rows(Path(rows_of), tuple(licences) if licences else None))
        paths = list(dict.fromkeys(Path(folder) / row.path for row in rows))
        about["source"] += f"/{Path(rows_of).name}"
        counts = Counter(row.licence for row in rows if row.licence)
        if counts:
            about["licences"] = dict(counts.most_common())
    if not paths:
        raise ContriqueError(f"{folder}: no images in this folder")
    return paths, about
