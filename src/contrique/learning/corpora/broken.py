"""Images that could not be used: all counted, the first ones named, each found only once by all processes of a run."""

import csv
import os
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

MOST_NAMES = 1000
"""Broken images that are named in memory; a run's broken.csv names all."""


class Broken:
    """A count of broken images and the names of the first.

    Attributes:
        count: how many there are.
        named: name → reason of the first ``MOST_NAMES``.
    """

    def __init__(self) -> None:
        self.count = 0
        self.named: dict[str, str] = {}

    def add(self, name: str, reason: str) -> None:
        """Note one more."""
        self.count += 1
        if len(self.named) < MOST_NAMES:
            self.named[name] = reason


class Marks:
    """A mark for each image, kept on disk and shared with the processes forked later; memory does not grow."""

    def __init__(self) -> None:
        # One byte each; what was never written takes no room.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115

    def __contains__(self, index: int) -> bool:
        return os.pread(self._file.fileno(), 1, index) == b"\1"

    def add(self, index: int) -> bool:
        """Mark an image; returns whether it was not marked before."""
        if index in self:
            return False
        os.pwrite(self._file.fileno(), b"\1", index)
        return True


class BrokenList:
    """The file broken.csv of a run, with a line for each broken image: name and reason.

    A resumed run goes on with the list it finds. Beyond the first ``MOST_NAMES``, which are known by name, an image can
    then be listed and counted once more.

    Attributes:
        broken: what is listed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.broken = Broken()
        if path.exists():
            with path.open("r+b") as file:  # a killed process can leave the last line without its end
                file.truncate(_end_of_last_line(file))
            with path.open(newline="", encoding="utf-8", errors="surrogateescape") as text:
                for row in islice(csv.reader(text), 1, None):
                    if len(row) == 2:
                        self.broken.add(*row)
        self._known = set(self.broken.named)

    def add(self, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Write down newly found ones; returns those that were not known yet and are among the first to be named.

        Raises:
            OSError: the file cannot be written.
        """
        new = [(name, reason) for name, reason in found if name not in self._known]
        if not new:
            return []
        is_empty = not (self._path.exists() and self._path.stat().st_size)
        with self._path.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
            csv.writer(file, lineterminator="\n").writerows(([("image", "reason")] if is_empty else []) + new)
        told = new[: max(0, MOST_NAMES - len(self._known))]
        for name, reason in new:
            self.broken.add(name, reason)
        self._known.update(name for name, _ in told)
        return told


def _end_of_last_line(file: BinaryIO) -> int:
    """Where the last whole line of a file ends."""
    end = 0
    for line in file:
        end += len(line) if line.endswith(b"\n") else 0
    return end
