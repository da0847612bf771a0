"""Bytes of files that lie on a disk or behind a URL, any part of them, through one pair of functions.

URLs go through fsspec: ``https://``, ``s3://``, ``gs://`` and others, each with the package fsspec asks for. Nothing is
kept open: a forked worker finds its own connections.
"""

import os
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

from contrique.errors import ContriqueError, MissingExtra, need

_WAITS = (0.5, 2.0, 8.0, 30.0)  # seconds before each further try to read: object storage has hiccups
_MOST_NAMES = 10**6


class Unreachable(OSError):
    """Storage does not answer, or not with what was asked for: no fault of the file."""


def is_url(name: str) -> bool:
    """Whether a name is a URL rather than a path."""
    return "://" in name


def expand(pattern: str) -> list[str]:
    """The files that a pattern with braces and wildcards stands for.

    ``{000..331}`` counts, with the zeros as written; ``{a,b}`` lists; then ``*`` (on a disk also ``?`` and ``[…]``)
    stands for sorted matches. A file that has exactly this name is itself.

    Raises:
        ContriqueError: nothing matches, a named file is missing, or the braces stand for more than a million names.
        MissingExtra: it is a URL, and fsspec or its part for this kind of URL is not installed.
    """
    import glob

    if not is_url(pattern) and os.path.isfile(pattern):
        return [pattern]
    names: list[str] = []
    for name in _braces(pattern):
        if is_url(name):
            found = _glob(name) if "*" in name else [name]
        else:
            found = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) else [name]
        if not found:
            raise ContriqueError(f"{name}: no such files")
        names += found
    return names


def size_of(name: str) -> int:
    """Bytes in a file.

    Raises:
        ContriqueError: there is none, or it cannot be asked.
    """
    try:
        if not is_url(name):
            return os.stat(name).st_size
        size = _retried(name, "size", _WAITS[:2])
    except (OSError, ValueError) as error:
        raise ContriqueError(f"{name}: cannot open: {_words(error)}") from error
    if size is None:
        raise ContriqueError(f"{name}: the server does not say how large it is")
    return int(size)


def read_range(name: str, start: int, stop: int) -> bytes:
    """Bytes start … stop − 1 of a file.

    Raises:
        OSError: they cannot be read.
        Unreachable: it is a URL, and its storage did not answer for the better part of a minute.
    """
    if not is_url(name):
        with open(name, "rb", buffering=0) as file:
            data = _pread(file.fileno(), start, stop)
    else:
        data = _retried(name, "cat_file", _WAITS, start=start, end=stop)
    if len(data) > stop - start:
        raise Unreachable(f"asked for {stop - start} bytes, got {len(data)}: the server does not answer byte ranges")
    if len(data) < stop - start:
        raise OSError(f"asked for bytes {start} to {stop}, got {len(data)} bytes: it ends before")
    return bytes(data)


def _pread(handle: int, start: int, stop: int) -> bytes:
    data = b""
    while start + len(data) < stop and (part := os.pread(handle, stop - start - len(data), start + len(data))):
        data += part
    return data


def _filesystem(url: str) -> tuple[Any, str]:
    need("fsspec", "shards", f"{url}: a URL")
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(url)
    except ImportError as error:  # fsspec's own words name the package
        raise MissingExtra(f"{url}: {error} (https:// comes with pip install 'contrique[shards]')") from error
    return filesystem, path


def _retried(url: str, method: str, waits: tuple[float, ...], **words: int) -> Any:
    filesystem, path = _filesystem(url)
    for wait in (*waits, None):
        try:
            return getattr(filesystem, method)(path, **words)
        except FileNotFoundError:
            raise
        except Exception as error:  # each kind of storage has errors of its own
            if wait is None:
                raise Unreachable(_words(error)) from error
            time.sleep(wait)
    raise AssertionError


def _glob(url: str) -> list[str]:
    filesystem, path = _filesystem(url)
    try:
        return sorted(filesystem.unstrip_protocol(found) for found in filesystem.glob(path))
    except Exception as error:
        raise ContriqueError(f"{url}: cannot list: {_words(error)}") from error


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _braces(pattern: str) -> Iterator[str]:
    """Every name that braces stand for, in order; braces inside braces are not read."""
    import re

    parts: list[list[str]] = []
    count = 1
    for i, part in enumerate(re.split(r"\{([^{}]*)\}", pattern)):
        if i % 2 == 0:
            parts.append([part])
            continue
        numbers = re.fullmatch(r"(\d+)\.\.(\d+)", part)
        if numbers:
            first, last = int(numbers[1]), int(numbers[2])
            if abs(last - first) * count > _MOST_NAMES:
                raise ContriqueError(f"{pattern}: stands for more than {_MOST_NAMES} files")
            step = 1 if last >= first else -1
            parts.append([f"{n:0{len(numbers[1])}d}" for n in range(first, last + step, step)])
        else:
            parts.append(part.split(","))
        count *= len(parts[-1])
    if count > _MOST_NAMES:
        raise ContriqueError(f"{pattern}: stands for more than {_MOST_NAMES} files")
    yield from ("".join(words) for words in product(*parts))
