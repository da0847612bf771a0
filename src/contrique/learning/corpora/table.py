"""Rows of a corpus on disk, sorted and without repeats, so that memory does not grow with their number.

A row is a text (where the image lies), a 64-bit key (a hash of what tells it from other images) and a small tag. Rows
are sorted by key, which makes their order the same however they were listed, brings repeats together, and finds a row
without reading the others. Two files without names hold them: they vanish with the processes that use them, however
those end, and workers forked later share them. They lie in Python's temporary folder (``TMPDIR``), about 24 bytes and
the text's length a row; where that is a memory disk, choose another for very large corpora.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from contrique.errors import ContriqueError

_RECORD = np.dtype([("key", "<u8"), ("start", "<u8"), ("length", "<u4"), ("tag", "<u4")])
_CHUNK = 1 << 13  # rows held in memory at a time
_BINS = 1 << 16  # the keys' upper 16 bits

Records = NDArray[np.void]


def hash_key(identity: bytes) -> int:
    """The key of an image from what tells it from all others in its source: the first 64 bits of its BLAKE2 hash.

    Two of n different images get the same key, and one of them is left out, with a chance of n²/2⁶⁵: 3·10⁻⁸ for a
    million, 3·10⁻⁴ for a hundred million.
    """
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "big")


class Table:
    """Sorted rows on disk.

    Attributes:
        repeats: rows left out because their key was there already; of several the first is kept.
        tags: tag → number of rows.
        digest: short id of all keys.
    """

    def __init__(self, rows: Iterable[tuple[bytes, int, int]]) -> None:
        """Write rows, in one pass.

        Args:
            rows: text, key (below 2⁶⁴) and tag (below 2³²) of each.

        Raises:
            ContriqueError: the temporary folder has no room.
        """
        self.repeats = 0
        self.tags: dict[int, int] = {}
        self._count = 0
        try:
            self._text = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (open as long as the table)
            with tempfile.TemporaryFile(buffering=0) as listed, tempfile.TemporaryFile(buffering=0) as binned:
                bins = self._write(rows, listed)
                bounds = _partition(listed, binned, bins)
                self._index = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
                self.digest = self._sort(binned, bounds)
        except OSError as error:
            raise ContriqueError(f"{tempfile.gettempdir()}: cannot keep the list of images here: {error}") from error

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> tuple[bytes, int]:
        """Text and tag of a row."""
        record = self._record(row)
        return os.pread(self._text.fileno(), int(record["length"]), int(record["start"])), int(record["tag"])

    def find(self, key: int) -> int | None:
        """The row with a key, if there is one."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if int(self._record(middle)["key"]) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < self._count and int(self._record(low)["key"]) == key else None

    def _record(self, row: int) -> Any:
        if not 0 <= row < self._count:
            raise IndexError(row)
        return np.frombuffer(os.pread(self._index.fileno(), _RECORD.itemsize, row * _RECORD.itemsize), _RECORD)[0]

    def _write(self, rows: Iterable[tuple[bytes, int, int]], listed: IO[bytes]) -> NDArray[np.int64]:
        """Append texts and records in the order they come; returns how many keys fall into each bin."""
        bins, start, source = np.zeros(_BINS, np.int64), 0, iter(rows)
        while chunk := list(islice(source, _CHUNK)):
            texts, keys, tags = zip(*chunk, strict=True)
            record_N = np.zeros(len(chunk), _RECORD)
            record_N["key"], record_N["tag"] = keys, tags
            record_N["length"] = [len(text) for text in texts]
            record_N["start"] = start + np.cumsum(record_N["length"], dtype=np.uint64) - record_N["length"]
            start += _append(self._text, b"".join(texts))
            _append(listed, record_N.tobytes())
            bins += np.bincount(record_N["key"] >> np.uint64(48), minlength=_BINS)
        return bins

    def _sort(self, binned: IO[bytes], bounds: NDArray[np.int64]) -> str:
        """Sort each part by key, leave out repeats, and write the index."""
        seen = hashlib.sha256()
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            record_N = next(_read(binned, first, last, last - first), np.zeros(0, _RECORD))
            record_N = record_N[np.argsort(record_N["key"], kind="stable")]
            new_N = np.ones(len(record_N), bool)
            new_N[1:] = record_N["key"][1:] != record_N["key"][:-1]
            kept_N = record_N[new_N]
            _append(self._index, kept_N.tobytes())
            seen.update(kept_N["key"].tobytes())
            for tag, count in zip(*np.unique(kept_N["tag"], return_counts=True), strict=True):
                self.tags[int(tag)] = self.tags.get(int(tag), 0) + int(count)
            self._count += len(kept_N)
            self.repeats += len(record_N) - len(kept_N)
        return seen.hexdigest()[:16]


def _partition(listed: IO[bytes], binned: IO[bytes], bins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Copy records into parts of neighbouring keys that each fit into memory; returns the parts' bounds."""
    before = (np.cumsum(bins) - bins) // _CHUNK  # whole chunks of keys before each bin: where it grows, a part begins
    part_of_bin = np.cumsum(np.diff(before, prepend=0) > 0)
    sizes = np.bincount(part_of_bin, weights=bins).astype(np.int64)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    following = bounds[:-1].copy()
    for record_N in _read(listed, 0, int(bounds[-1]), _CHUNK):
        part_N = part_of_bin[record_N["key"] >> np.uint64(48)]
        order = np.argsort(part_N, kind="stable")
        parts, starts = np.unique(part_N[order], return_index=True)
        for part, piece_N in zip(parts.tolist(), np.split(record_N[order], starts[1:]), strict=True):
            binned.seek(int(following[part]) * _RECORD.itemsize)
            _append(binned, piece_N.tobytes())
            following[part] += len(piece_N)
    return bounds


def _read(file: IO[bytes], first: int, last: int, step: int) -> Iterator[Records]:
    for start in range(first, last, max(1, step)):
        size = (min(start + step, last) - start) * _RECORD.itemsize
        yield np.frombuffer(_pread_all(file, size, start * _RECORD.itemsize), _RECORD)


def _pread_all(file: IO[bytes], size: int, start: int) -> bytes:
    parts = []
    while size:
        part = os.pread(file.fileno(), size, start)
        if not part:
            raise OSError("the list of images was cut off")
        parts.append(part)
        size, start = size - len(part), start + len(part)
    return b"".join(parts)


def _append(file: IO[bytes], data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    return len(data)
