"""From a source in a recipe to its images by row, whatever kind of source it is."""

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrique.errors import ContriqueError
from contrique.learning.corpora.broken import Broken
from contrique.learning.corpora.layouts import folder_images, layout_images
from contrique.learning.corpora.manifests import manifest_rows
from contrique.learning.corpora.photographs import Photographs
from contrique.learning.corpora.remote import is_url
from contrique.learning.corpora.shards import Shards
from contrique.learning.sources import Source

LEAVES_SIZE = 512  # pixels, where a recipe does not say


class Opened(Protocol):
    """Images of one source, by row.

    Attributes:
        notes: what a user should know about it.
        damaged: images found broken while listing it; they have no rows.
        origins: (source, licence) → number of images, as a manifest states them; ``("", "")`` where nothing does.
        class_starts: None, or if these are ready-made samples: class c has the rows class_starts[c] …
            class_starts[c + 1] − 1.
    """

    notes: list[str]
    damaged: Broken
    origins: dict[tuple[str, str], int]
    class_starts: list[int] | None

    def __len__(self) -> int: ...

    def digest(self) -> str:
        """Short id of which images there are, whatever the folder above them."""

    def name(self, row: int) -> str:
        """What a user would call an image: its path, or its tar's followed by its own inside."""

    def read(self, row: int) -> NDArray[np.uint8]:
        """Pixels of an image, (H, W, 3). Raises ImageError if it cannot be read."""

    def gone(self, row: int) -> str | None:
        """Why it is not this image that is broken, if it is the source that cannot be reached any more."""

    def rows_of(self, path: str) -> list[int]:
        """Rows that show the photograph at an absolute path, or distorted versions of it."""


class Leaves:
    """Dead leaves, drawn when asked for, the same in every run (of seed 0); see :class:`Opened`."""

    def __init__(self, kind: str, count: int, size: int) -> None:
        self._kind, self._count, self._size = kind, count, size
        self.notes: list[str] = []
        self.damaged = Broken()
        self.origins = {(f"dead leaves ({kind})", ""): count}
        self.class_starts: list[int] | None = None

    def __len__(self) -> int:
        return self._count

    def digest(self) -> str:
        return f"dead leaves {self._kind} {self._size} {self._count}"

    def name(self, row: int) -> str:
        return f"dead-leaves-{self._kind}/{row}"

    def read(self, row: int) -> NDArray[np.uint8]:
        from contrique.learning.corpora.dead_leaves import image

        return image(0, row, self._size, self._kind)

    def gone(self, row: int) -> str | None:
        return None

    def rows_of(self, path: str) -> list[int]:
        return []


def open_source(source: Source, root: str | Path, *, pristine: bool = True) -> Opened:
    """Find all images of a source.

    Args:
        source: which.
        root: folder that its paths are relative to.
        pristine: whether its images serve as undistorted ones (of a layout that holds others, too).

    Raises:
        ContriqueError: folder, manifest or shards are missing or hold no images; the message names them.
    """
    if source.dead_leaves is not None:
        return Leaves(source.dead_leaves, source.count or 1, source.size or LEAVES_SIZE)
    if source.shards is not None:
        return Shards(source.shards if is_url(source.shards) else os.path.join(root, source.shards))
    folder = os.path.join(root, source.folder or "")
    if not os.path.isdir(folder):
        raise ContriqueError(f"{folder}: no such folder of images")
    if source.manifest is not None:
        manifest = Path(folder, source.manifest)
        base = folder if source.folder is not None else str(manifest.parent)
        rows = manifest_rows(manifest, source.licences)
        return Photographs(base, (((row.path, None), (row.source, row.licence)) for row in rows), seen=False)
    found = folder_images(folder) if source.layout is None else layout_images(source.layout, folder, pristine)
    return Photographs(folder, ((image, ("", "")) for image in found), source.layout)
