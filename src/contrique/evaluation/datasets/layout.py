"""What the sets share: finding files where authors put them, and turning what they list into ``Ratings``.

Sets are unpacked in many ways: one folder too high or too low, names in another case, annotations beside the images or
in a folder of their own. So a file is looked for by its name, in any case, in the root, in the folders below it (to a
depth of three), and, if the root is itself one of the folders inside the set, in the folder above it.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.ratings import Ratings, warn_left_out

DEPTH = 3
"""How far below the root files are looked for."""

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """One rated image as a set lists it.

    Attributes:
        name: as the set writes it.
        image: its file, or None if it is not there.
        score: its rating, or None if it has none.
        group: what it shares content by, or None if it is a group of its own.
        reference: the file of its undistorted image, or None.
        part: 0, 1 or 2 where the authors put it into training, validation or test, or None.
    """

    name: str
    image: Path | None
    score: float | None
    group: str | None = None
    reference: Path | None = None
    part: int | None = None


class SetFolder:
    """The folder of a set.

    Args:
        title: the set's name, for errors.
        root: what the user says the folder is.
        inside: names of the folders inside the set; where the root is one of them, the folder above it is searched too.
    """

    def __init__(self, title: str, root: Path, inside: Sequence[str] = ()) -> None:
        self.title, self.root = title, root
        self.levels = list(_levels(root))
        if root.resolve().name.lower() in {name.lower() for name in inside}:
            above = root.resolve().parent
            self.levels += [[above], [folder for folder in _folders(above) if folder != root.resolve()]]

    def maybe(self, *names: str) -> Path | None:
        """The first of the names that there is, in any case; of several files of one name the one least deep.

        Raises:
            ContriqueError: two equally deep files of one name that are not the same, byte for byte.
        """
        for name in names:
            for level in self.levels:
                found = [path for folder in level if (path := in_folder(folder, name)) is not None]
                if len(found) > 1 and len({path.read_bytes() for path in found}) > 1:
                    places = " and ".join(str(path) for path in found[:2])
                    raise ContriqueError(f"{self.root}: {self.title} could be in {places}: name the one folder")
                if found:
                    return found[0]
        return None

    def find(self, *names: str) -> Path:
        """As ``maybe``, but there must be one.

        Raises:
            ContriqueError: there is none; it says what was looked for.
        """
        path = self.maybe(*names)
        if path is None:
            wanted = " or ".join(names)
            raise ContriqueError(f"{self.root}: not the folder of {self.title}: no {wanted} in it or below it")
        return path

    def folder(self, *names: str, near: Path) -> Path:
        """The folder of images: the first of these names that there is.

        Args:
            names: what it may be called, in lower case, the best first.
            near: the set's annotations; folders beside them come before those further away.

        Returns:
            The root itself if it is called so and the annotations are outside; else the folder found; else, where the
            images lie anywhere else, the folder of the annotations.
        """
        root, home = self.root.resolve(), near.parent
        if root.name.lower() in names and not near.resolve().is_relative_to(root):
            return self.root
        known = [folder for level in self.levels for folder in level]
        beside = [home, *(folder for folder in known if folder.resolve() == home.parent.resolve())]
        for folder in [*beside, *(inner for level in _levels(home) for inner in level), *known]:
            inside = {inner.name.lower(): inner for inner in reversed(_folders(folder))}
            for name in names:
                if name in inside:
                    return inside[name]
        return home


def in_folder(folder: Path, name: str) -> Path | None:
    """The file of that name directly in a folder, in the same case or else in another, or None."""
    if (folder / name).is_file():
        return folder / name
    try:
        found = sorted(entry for entry in os.listdir(folder) if entry.lower() == name.lower())
    except OSError:
        return None
    return next((folder / entry for entry in found if (folder / entry).is_file()), None)


def ratings_from(
    title: str,
    dataset: str,
    files: Sequence[Path],
    rows: Sequence[Row],
    *,
    folder: Path,
    copy: str = "",
    lower_is_better: bool = False,
    grouped_by: str | None = None,
    references: bool = False,
) -> Ratings:
    """Turn rows into ratings; those without a file or a score are left out, counted and named.

    Args:
        title: the set's name for people.
        dataset: its name here.
        files: the annotations that were read; the digest is theirs.
        rows: one for each rated image, in the set's order.
        folder: where the images were looked for, for warnings.
        copy: which copy of the images these are, where there are several (part of the digest), else "".
        lower_is_better: the direction of the scores.
        grouped_by: what ``Row.group`` is called, or None where each image is its own group.
        references: whether rows without a reference are to be left out, and the others' to be given.

    Raises:
        ContriqueError: no row is left.

    Warns:
        UserWarning: rows were left out.
    """
    no_score, no_file, no_reference, again = (
        "have no score",
        f"are not in the folder {folder}",
        "have no reference image",
        "are listed again",
    )
    left_out: dict[str, list[str]] = {no_score: [], no_file: [], no_reference: [], again: []}
    kept: list[tuple[Path, float, Row]] = []
    seen: set[Path] = set()
    for row in rows:
        if row.score is None or not np.isfinite(row.score):
            left_out[no_score].append(row.name)
        elif row.image is None:
            left_out[no_file].append(row.name)
        elif references and row.reference is None:
            left_out[no_reference].append(row.name)
        elif row.image in seen:
            left_out[again].append(row.name)
        else:
            seen.add(row.image)
            kept.append((row.image, row.score, row))
    warn_left_out(files[0], left_out, len(kept))
    numbers: dict[object, int] = {}
    groups = [numbers.setdefault(row.group or image, len(numbers)) for image, _, row in kept]
    part_N = np.array([-1 if row.part is None else row.part for *_, row in kept], dtype=np.int64)
    train, validation, test = (np.flatnonzero(part_N == part) for part in range(len(PARTS)))
    digest = hashlib.sha256(copy.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return Ratings(
        names=tuple(row.name for *_, row in kept),
        paths=tuple(image for image, *_ in kept),
        scores=np.array([score for _, score, _ in kept], dtype=np.float64),
        groups=np.array(groups, dtype=np.int64),
        lower_is_better=lower_is_better,
        source=f"{title}, {copy}" if copy else title,
        digest=digest.hexdigest()[:16],
        grouped_by=grouped_by,
        references=tuple(row.reference for *_, row in kept if row.reference is not None) if references else None,
        dataset=dataset,
        official=(train, validation, test) if any(row.part is not None for row in rows) else None,
    )


def no_references(title: str, references: bool) -> None:
    """Raise ContriqueError if references are asked for of a set of photographs that have none."""
    if references:
        raise ContriqueError(f"{title} has no references: its photographs were taken as they are")


def _levels(root: Path) -> Iterator[list[Path]]:
    """The root, then the folders below it, a list for each depth."""
    level = [root]
    for _ in range(DEPTH):
        yield level
        level = [inner for folder in level for inner in _folders(folder)]
    yield level


def _folders(folder: Path) -> list[Path]:
    """The folders directly in a folder, sorted; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []
