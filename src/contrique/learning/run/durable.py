"""Files that a crash cannot leave half written, and a lock that keeps two processes out of one run folder.

Everything here first writes under a name that ends in ``.partial``, flushes it to the disk, and renames it: a reader
finds the old file or the new one, whole. Each name has one ``.partial`` only, so that what a killed process left is
found again and removed.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from contrique.errors import ContriqueError

LOCK = ".lock"


def partial(path: Path) -> Path:
    """The name under which a file or folder is written before it is whole."""
    return path.with_name(f".{path.name}.partial")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut. Text is written as UTF-8.

    Raises:
        OSError: it cannot be written (a full disk, say); the message names the file, and nothing is left behind.
    """
    temporary = partial(path)
    try:
        with temporary.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:  # also when a signal's handler raised in between
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)


def publish_folder(path: Path) -> None:
    """Give a folder written under :func:`partial`'s name its own, once all its files are on the disk."""
    temporary = partial(path)
    for child in temporary.iterdir():
        with child.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(temporary)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to disk, so that a rename survives a power cut, where the file system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # several network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half written in a folder."""
    for path in folder.glob(".*.partial"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """While entered, no other process of this machine (or of others, where the file system locks across them) may
    enter the same folder. A killed process lets go at once.

    Raises:
        ContriqueError: another process is in.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with (folder / LOCK).open("a+") as file:
        try:
            # Not flock: worker processes would inherit it and keep it for a moment after their parent was killed.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            who = file.read().strip() or "?"
            raise ContriqueError(f"{folder}: another process (number {who}) is carrying out this run") from None
        except OSError:  # a file system without locks
            pass
        with contextlib.suppress(OSError):  # a full disk: whoever comes will do without the number
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield
