"""Tar files read at random: where each member's bytes lie, found by walking the headers, without unpacking anything.

The headers are read here and not by ``tarfile``, because that keeps every member in memory, and stops at the first
damaged header; this walk goes on with the next one that is whole. Formats: ustar, GNU (long names, large sizes), pax.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

BLOCK = 512  # of POSIX.1-1988 tar: headers and contents begin at multiples of it
_AHEAD = 1 << 16  # bytes read at a time
_FILES = b"0\0" + b"7"
_LONGEST_NOTE = 1 << 20  # bytes of a long name or pax header; longer ones are taken as damage

Read = Callable[[int, int], bytes]
"""Bytes first … last − 1 of a file."""


class Member(NamedTuple):
    """A file in a tar.

    Attributes:
        name: ``""`` if it could not be read.
        start: where its bytes begin.
        size: how many there are.
        damage: what is wrong with it, or ``""``.
    """

    name: str
    start: int
    size: int
    damage: str = ""


class _Window:
    """A file through which reading moves forward: small reads are answered from the last block."""

    def __init__(self, read: Read, size: int) -> None:
        self._read, self.size = read, size
        self._start, self._data = 0, b""

    def get(self, start: int, count: int) -> bytes:
        """Up to ``count`` bytes, fewer at the file's end."""
        end = min(start + count, self.size)
        if start < self._start or end > self._start + len(self._data):
            self._start = start
            self._data = self._read(start, max(end, min(start + _AHEAD, self.size))) if end > start else b""
        return self._data[start - self._start : end - self._start]


def members(read: Read, size: int) -> Iterator[Member]:
    """The files of a tar in the order they lie in it, damaged ones with what is wrong.

    Args:
        read: gives bytes of the tar.
        size: its length.
    """
    window, at, note = _Window(read, size), 0, {}  # type: tuple[_Window, int, dict[str, str]]
    while at < size:
        header = window.get(at, BLOCK)
        if not any(header):  # the end of an archive; another may have been appended
            at = _skip_zeros(window, at)
            continue
        kind = header[156:157]
        length = _size(header) if is_header(header) else None
        if length is None:
            yield Member("", at, 0, "damaged tar header")
            at, note = _next_header(window, at + BLOCK), {}
            continue
        start = at + BLOCK
        at = start + -(-length // BLOCK) * BLOCK
        if kind in b"Lx" and length <= _LONGEST_NOTE:
            data = window.get(start, length)
            note |= {"path": _words(data.rstrip(b"\0"))} if kind == b"L" else _pax(data)
            continue
        if kind in b"LxgK":
            continue
        name, note_size = note.get("path") or _name(header), note.get("size", "")
        if note_size.isdigit():  # pax: sizes the header has no room for
            length = int(note_size)
            at = start + -(-length // BLOCK) * BLOCK
        note = {}
        if kind not in _FILES or name.endswith("/"):
            continue
        yield Member(name, start, length, "cut off: the tar ends before it" if start + length > size else "")


def is_header(block: bytes) -> bool:
    """Whether a block's checksum is a header's: the sum of its bytes, the checksum's own eight taken as spaces."""
    try:
        stated = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return len(block) == BLOCK and stated == sum(block[:148]) + 8 * 32 + sum(block[156:])


def _size(header: bytes) -> int | None:
    field = header[124:136]
    if field[0] & 0x80:  # GNU: base 256
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big") if not field[0] & 0x40 else None
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _words(prefix + b"/" + name if prefix else name)


def _words(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _pax(data: bytes) -> dict[str, str]:
    """Records ``LENGTH key=value\\n``; damaged ones end the reading."""
    found: dict[str, str] = {}
    while data:
        length = data.partition(b" ")[0]
        if not length.isdigit() or not 0 < int(length) <= len(data):
            break
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        found[_words(key)] = _words(value)
        data = data[int(length) :]
    return {key: value for key, value in found.items() if key in ("path", "size")}


def _skip_zeros(window: _Window, at: int) -> int:
    while at < window.size:
        data = window.get(at, _AHEAD)
        zeros = len(data) - len(data.lstrip(b"\0"))
        if zeros < len(data):
            return at + zeros // BLOCK * BLOCK
        at += len(data)
    return at


def _next_header(window: _Window, at: int) -> int:
    """The first whole header from here on; the tar's end if there is none."""
    while at < window.size:
        data = window.get(at, _AHEAD)
        place = data.find(b"ustar")
        while place >= 0:
            block = data[place - 257 : place - 257 + BLOCK] if place >= 257 else b""
            if (place - 257) % BLOCK == 0 and is_header(block):
                return at + place - 257
            place = data.find(b"ustar", place + 1)
        at += max(BLOCK, len(data) // BLOCK * BLOCK)
    return at
