"""Sources packed in tar files (the WebDataset convention), on a disk or in object storage, read by byte range."""

import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from contrique.errors import ContriqueError, ImageError
from contrique.finding import IMAGE_SUFFIXES
from contrique.images import read_image
from contrique.learning.corpora.broken import Broken
from contrique.learning.corpora.remote import Unreachable, expand, is_url, read_range, size_of
from contrique.learning.corpora.table import Table, hash_key
from contrique.learning.corpora.tars import Member, members

_PLACE = struct.Struct("<IQQ")  # number of the tar, start, size
_AT_ONCE = 8  # tars behind URLs whose headers are read together
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


class Shards:
    """Images in tar files; see ``contrique.learning.corpora.opening.Opened``.

    All headers are read when the source is opened: a seek for each member on a disk, about a request for each behind a
    URL (members smaller than 64 kB come several to a request).
    """

    def __init__(self, pattern: str) -> None:
        """List their images.

        Args:
            pattern: path or URL, may hold braces and wildcards (see :func:`~contrique.learning.corpora.remote.expand`).

        Raises:
            ContriqueError: a tar is missing or compressed, or no tar holds images.
            MissingExtra: a URL needs a package that is not installed.
        """
        self._tars = expand(pattern)
        self._short = _below_common_folder(self._tars)
        self.damaged = Broken()
        self._table = Table(self._rows())
        if not len(self._table):
            reasons = "; ".join(f"{name}: {why}" for name, why in [*self.damaged.named.items()][:1])
            raise ContriqueError(f"{pattern}: no images in these tar files" + (f" ({reasons})" if reasons else ""))
        self.notes = [f"{pattern}: left out {self._table.repeats} repeated names"] if self._table.repeats else []
        if (more := self.damaged.count - len(self.damaged.named)) > 0:
            self.notes.append(f"{pattern}: {more} more damaged places, not named")
        self.origins = {("", ""): len(self._table)}
        self.class_starts: list[int] | None = None

    def __len__(self) -> int:
        return len(self._table)

    def digest(self) -> str:
        return self._table.digest

    def name(self, row: int) -> str:
        return self._place(row)[0]

    def read(self, row: int) -> NDArray[np.uint8]:
        name, tar, start, size = self._place(row)
        try:
            return read_image(read_range(tar, start, start + size))
        except ImageError as error:
            raise ImageError(name, error.reason) from error
        except Unreachable as error:  # to go on without its images would be another run
            raise ContriqueError(f"{tar}: cannot be reached any more: {error}") from error
        except OSError as error:
            raise ImageError(name, str(error)) from error

    def gone(self, row: int) -> str | None:
        try:
            size_of(self._place(row)[1])
        except ContriqueError as error:
            return f"{error}; images were found here before"
        return None

    def rows_of(self, path: str) -> list[int]:
        return []

    def _place(self, row: int) -> tuple[str, str, int, int]:
        text, _ = self._table[row]
        number, start, size = _PLACE.unpack_from(text)
        tar = self._tars[number]
        return f"{tar}/{os.fsdecode(text[_PLACE.size :])}", tar, start, size

    def _rows(self) -> Iterator[tuple[bytes, int, int]]:
        for number, member in self._members():
            tar, image = self._tars[number], is_image(member.name)
            if member.damage and (image or not member.name):
                self.damaged.add(
                    f"{tar}/{member.name}" if member.name else f"{tar} at byte {member.start}", member.damage
                )
            elif image and not member.damage:
                text = os.fsencode(member.name)
                key = hash_key(os.fsencode(f"{self._short[number]}/") + text)
                yield _PLACE.pack(number, member.start, member.size) + text, key, 0

    def _members(self) -> Iterator[tuple[int, Member]]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for first in range(0, len(self._tars), _AT_ONCE):
                some = range(first, min(first + _AT_ONCE, len(self._tars)))
                if is_url(self._tars[first]):  # waiting for answers: together
                    lists = pool.map(lambda number: list(_walk(self._tars[number])), some)
                    yield from ((n, member) for n, found in zip(some, lists, strict=True) for member in found)
                else:
                    yield from ((n, member) for n in some for member in _walk(self._tars[n]))


def _below_common_folder(tars: list[str]) -> list[str]:
    """What tells tars apart wherever they lie: their paths from the last folder they share, without URL queries."""
    parts = [tar.partition("?")[0].split("/") for tar in tars]
    shared = min(len(names) for names in parts) - 1
    while any(names[:shared] != parts[0][:shared] for names in parts):
        shared -= 1
    return ["/".join(names[shared:]) for names in parts]


def is_image(name: str) -> bool:
    """Whether a member's name is an image's: by its suffix, and not hidden."""
    base = name.rpartition("/")[2]
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in IMAGE_SUFFIXES


def _walk(tar: str) -> Iterator[Member]:
    size = size_of(tar)
    try:
        head = read_range(tar, 0, min(8, size))
        for magic, kind in _COMPRESSED.items():
            if head.startswith(magic):
                raise ContriqueError(f"{tar}: is compressed ({kind}); only a plain tar can be read at any place")
        yield from members(lambda start, stop: read_range(tar, start, stop), size)
    except OSError as error:
        raise ContriqueError(f"{tar}: cannot read: {error}") from error
