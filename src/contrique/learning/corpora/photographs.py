"""Sources whose images are files of their own: folders, manifests, published layouts."""

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from contrique.errors import ContriqueError
from contrique.images import read_image
from contrique.learning.corpora.broken import Broken
from contrique.learning.corpora.layouts import Found, distorted_versions, identity
from contrique.learning.corpora.table import Table, hash_key
from contrique.learning.distortions import N_CLASSES, PRISTINE_CLASS

MOST_ORIGINS = 1000  # different pairs of source and licence that are counted apart; the rest are "others"

_LOOKED_FOR = 20  # images of a manifest, to tell a wrong row from a vanished source

Origin = tuple[str, str]


class Photographs:
    """Image files under one folder; see ``contrique.learning.corpora.opening.Opened``."""

    def __init__(
        self, base: str, found: Iterable[tuple[Found, Origin]], layout: str | None = None, *, seen: bool = True
    ) -> None:
        """List them.

        Args:
            base: the folder that paths are relative to.
            found: the files, in any order, and for each whose it is and under which licence.
            layout: the data set they belong to, if any.
            seen: whether the files were found there, not only named by a manifest.

        Raises:
            ContriqueError: there are none, or the data set's pristine images are missing.
        """
        self._base = os.path.normpath(os.path.abspath(base))
        self._layout, self._seen = layout, seen
        tags: dict[Origin, int] = {}
        classes: set[int] = set()

        def rows() -> Iterator[tuple[bytes, int, int]]:
            for (path, class_id), origin in found:
                path = self._relative(path)
                if class_id is not None:
                    classes.add(class_id)
                    yield os.fsencode(path), self._key(path, class_id), class_id
                    continue
                if origin not in tags and len(tags) >= MOST_ORIGINS:
                    origin = ("others", "")
                yield os.fsencode(path), self._key(path), tags.setdefault(origin, len(tags))

        self._table = Table(rows())
        if not len(self._table):
            raise ContriqueError(f"{base}: no images in this folder" + (f" laid out as {layout}" if layout else ""))
        self.notes = [f"{base}: left out {self._table.repeats} repeated names"] if self._table.repeats else []
        self.damaged = Broken()
        self.origins = {origin: count for origin, tag in tags.items() if (count := self._table.tags.get(tag))}
        self.class_starts: list[int] | None = None
        if classes:
            if PRISTINE_CLASS not in classes:
                raise ContriqueError(f"{base}: no images in ref_imgs/, from which classes without files are made")
            self.origins = {("", ""): len(self._table)}
            self.class_starts = [0, *accumulate(self._table.tags.get(c, 0) for c in range(N_CLASSES))]

    def __len__(self) -> int:
        return len(self._table)

    def digest(self) -> str:
        return self._table.digest

    def name(self, row: int) -> str:
        return os.path.join(self._base, os.fsdecode(self._table[row][0]))

    def read(self, row: int) -> NDArray[np.uint8]:
        return read_image(self.name(row))

    def gone(self, row: int) -> str | None:
        folder = os.path.dirname(self.name(row))
        try:
            with os.scandir(folder) as inside:
                if any(inside):
                    return None
            why = "is empty"  # as where nothing is mounted any more
        except OSError as error:
            why = error.strerror or str(error)
        if self._seen:
            return f"{folder}: images were found here, but the folder is gone: {why}"
        others = range(0, len(self), max(1, len(self) // _LOOKED_FOR))
        if any(os.path.exists(self.name(other)) for other in others):
            return None
        return f"{self._base}: none of {len(others)} images looked for is there; {folder}: {why}"

    def rows_of(self, path: str) -> list[int]:
        path = self._relative(path)
        if self.class_starts is None:
            keys = [self._key(path)]
        else:
            versions = enumerate(distorted_versions(path))
            keys = [self._key(path, PRISTINE_CLASS), *(self._key(v, i % PRISTINE_CLASS) for i, v in versions)]
        return [row for key in keys if (row := self._table.find(key)) is not None]

    def _key(self, path: str, class_id: int | None = None) -> int:
        """Rows are sorted by it: ready-made samples by class first."""
        key = hash_key(os.fsencode(identity(self._layout, path)))
        return key if class_id is None else class_id << 56 | key >> 8

    def _relative(self, path: str) -> str:
        """One spelling for each file: relative to the base where it lies inside."""
        path = os.path.normpath(path)
        return path[len(self._base) + 1 :] if path.startswith(self._base + os.sep) else path
