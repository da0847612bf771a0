"""From what a user names - files, folders, glob patterns - to single image paths, lazily and in a fixed order."""

import glob
import os
from collections.abc import Iterable, Iterator

# Of the formats in decode.py; what a file holds decides once it is opened.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".avif"}
    | {".tif", ".tiff", ".bmp", ".dib", ".gif"}
)


def find_images(paths: Iterable[str | os.PathLike[str]]) -> Iterator[str]:
    """Turn files, folders and glob patterns into paths of images, one at a time.

    - An existing file is given as it is, whatever its suffix, even if its name looks like a pattern.
    - A folder is walked to any depth, giving files with a suffix in ``IMAGE_SUFFIXES`` (any case). Names that begin
      with a dot are passed over. Folders behind links are entered, but none twice, so loops end. Within one folder
      named by the user the order is that of the sorted full paths.
    - A pattern (``*``, ``?``, ``[``; ``**`` for any depth) stands for its sorted matches, each treated as if named
      itself, except that folders matched by a ``**`` pattern are not walked: it already gives what they hold.
    - Anything else, a missing file above all, is given too, so that whoever reads it reports it.

    Names that are not valid UTF-8 come out as Python's own surrogate-escaped strings, which open() takes.

    Args:
        paths: what the user named; one string or path counts as one name.
    """
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        name = os.fsdecode(path)
        if _is_folder(name):
            yield from _walk(name)
        elif glob.has_magic(name) and not os.path.lexists(name):
            matches = sorted(glob.glob(name, recursive=True))
            for match in matches or [name]:
                if not _is_folder(match):
                    yield match
                elif "**" not in name:
                    yield from _walk(match)
        else:
            yield name


def _walk(top: str) -> Iterator[str]:
    """Images under one folder; a folder that cannot be listed is given itself, since reading it says why."""
    seen: set[tuple[int, int]] = set()  # device and inode of every folder entered so far
    waiting = [(top, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path
            continue
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            names = [name for name in os.listdir(path) if not name.startswith(".")]
        except OSError:
            yield path
            continue
        entries = []
        for name in names:
            entry = os.path.join(path, name)
            if _is_folder(entry):
                entries.append((entry + os.sep, entry, True))  # sorts as the beginning of its files' paths does
            elif os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
                entries.append((entry, entry, False))
        waiting.extend((entry, is_folder) for _, entry, is_folder in sorted(entries, reverse=True))


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:  # a NUL in the path
        return False
