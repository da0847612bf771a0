"""Files by the names that ratings give them: other case, folders left out, suffix left out."""

import os
from pathlib import Path

from contrique.errors import ContriqueError
from contrique.finding import IMAGE_SUFFIXES


class FileLookup:
    """Finds the files of one folder.

    Args:
        folder: where to look; it is listed only once a name is not there as written.

    Raises:
        ContriqueError: no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ContriqueError(f"{folder}: no such folder of images")
        self.folder = folder
        self.index: dict[str, Path | None] | None = None

    def find(self, name: str) -> Path | None:
        """The one file that a name can mean, or None.

        The name as written; else below the folder without regard to case; else without its folders; else, for a name
        without an image's suffix, any image of that name. Where two files would do, neither is taken.
        """
        try:
            if (self.folder / name).is_file():
                return self.folder / name
        except (OSError, ValueError):  # a NUL, or longer than a name can be
            return None
        if self.index is None:
            self.index = self._read()
        wanted = name.replace("\\", "/").removeprefix("./").lower()
        base = wanted.rpartition("/")[2]
        keys = [wanted, f"*/{base}"]
        if os.path.splitext(base)[1] not in IMAGE_SUFFIXES:
            keys.append(f"*/{base}.*")
        return next((self.index[key] for key in keys if self.index.get(key)), None)

    def _read(self) -> dict[str, Path | None]:
        index: dict[str, Path | None] = {}
        for place, folders, files in os.walk(self.folder):
            folders.sort()
            for file in sorted(files):
                path = Path(place, file)
                stem, suffix = os.path.splitext(file.lower())
                keys = [path.relative_to(self.folder).as_posix().lower(), f"*/{file.lower()}"]
                for key in keys + ([f"*/{stem}.*"] if suffix in IMAGE_SUFFIXES else []):
                    index[key] = None if key in index else path  # two files of one key: neither
        return index
