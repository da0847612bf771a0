"""Ratings of images: any CSV with a name and a score for each image, read with as few flags as it allows.

The delimiter (comma, semicolon, tab, bar), the encoding and the columns are found in the file; flags overrule. Rows
that cannot be used because an image or a score is missing are left out with a warning that counts and names them; what
looks like a mistake is an error that names the file, the line and the reason.
"""

import hashlib
import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.csv_file import Columns, number, open_csv, plain
from contrique.evaluation.lookup import FileLookup

# In order of preference; compared in lower case with spaces and dashes as underscores.
NAME_COLUMNS = (
    *("name", "image", "image_name", "imagename", "img_name", "filename", "file_name", "file", "path", "image_path"),
    *("img", "img_path", "dist_img", "distorted", "distorted_image", "images", "image_id"),
)
SCORE_COLUMNS = ("mos", "dmos", "score", "mean_opinion_score", "mean_score", "quality", "rating", "mos_zscore")
GROUP_COLUMNS = ("content_group", "group", "content", "scene")
REFERENCE_COLUMNS = ("reference", "ref", "ref_img", "ref_image", "reference_image", "ref_name", "reference_name")
LOWER_IS_BETTER = ("dmos", "difference")
"""A score column whose name begins so counts from good to bad: a difference from the reference's opinion score."""

KADID_COLUMNS = {"dist_img", "ref_img", "dmos"}
"""The header of KADID-10k's ``dmos.csv``; its "dmos" runs from 1, bad, to 5, excellent (Lin et al., QoMEX 2019)."""

NAMED = 5
"""How many names a warning gives before it only counts."""


@dataclass(frozen=True)
class Ratings:
    """Rated images, all of whose files exist.

    Attributes:
        names: as the CSV writes them.
        paths: their files.
        scores: float64 (N,), on the ratings' own scale.
        groups: int64 (N,), equal where images share content.
        lower_is_better: whether a lower score is a better image.
        source: which ratings these are, for people: the CSV's folder and name.
        digest: SHA-256 of the CSV, short.
        grouped_by: the column that groups, or None where each image is its own group.
        references: the undistorted image of each image, or None where they were not asked for.
        dataset: the published set these are, by its name in ``contrique.evaluation.datasets``, or None.
        official: the authors' own split of the set as positions of training, validation (none, if they have no such
            part) and test images, each int64 and sorted; None where they published no split.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    scores: np.ndarray
    groups: np.ndarray
    lower_is_better: bool
    source: str
    digest: str
    grouped_by: str | None = None
    references: tuple[Path, ...] | None = None
    dataset: str | None = None
    official: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def only(self, keep_N: np.ndarray) -> "Ratings":
        """The ratings of some of the images.

        Args:
            keep_N: for each image, whether it stays.
        """
        rows = np.flatnonzero(keep_N)
        official = self.official
        if official is not None:
            train, validation, test = (np.flatnonzero(np.isin(rows, part)) for part in official)
            official = train, validation, test
        return replace(
            self,
            names=tuple(self.names[i] for i in rows),
            paths=tuple(self.paths[i] for i in rows),
            scores=self.scores[rows],
            groups=self.groups[rows],
            references=None if self.references is None else tuple(self.references[i] for i in rows),
            official=official,
        )


def read_ratings(
    file: str | os.PathLike[str],
    *,
    images: str | os.PathLike[str],
    name_column: str | None = None,
    score_column: str | None = None,
    group_column: str | None = None,
    lower_is_better: bool | None = None,
    references: str | os.PathLike[str] | None = None,
    reference_column: str | None = None,
) -> Ratings:
    """Read rated images from a CSV with a header.

    Args:
        file: the CSV; UTF-8 with or without a mark, UTF-16 with one, else Latin-1; any line ends.
        images: the folder that names are relative to. A name that is not there as written is looked for below the
            folder without regard to case, then without its folders, then (a name without suffix) without suffixes.
        name_column: the column of file names; by default the first of ``NAME_COLUMNS`` that there is.
        score_column: the column of scores; by default the first of ``SCORE_COLUMNS``.
        group_column: the column whose equal values share content; by default the first of ``GROUP_COLUMNS`` and
            ``REFERENCE_COLUMNS``; without one, and where it is blank, each image is a group of its own.
        lower_is_better: the direction of scores; by default as the score column's name says: DMOS is lower better.
        references: the folder of undistorted images; only with it are references looked for.
        reference_column: the column that names them; by default the first of ``REFERENCE_COLUMNS``.

    Returns:
        The usable rows, in the file's order.

    Raises:
        ContriqueError: no such file, folder or column; a score that is no number; one image with two scores; or no
            row left.

    Warns:
        UserWarning: rows were left out, counted and named by reason: no score, no such file, the same row again.
    """
    path = Path(file)
    data, delimiter, header, rows = open_csv(path)
    columns = Columns(path, header)
    name_at = columns.find(name_column, NAME_COLUMNS, "name", "--name-column")
    score_at = columns.find(score_column, SCORE_COLUMNS, "score", "--score-column")
    group_at = columns.maybe(group_column, GROUP_COLUMNS + REFERENCE_COLUMNS)
    ask = "reference", "--reference-column"
    reference_at = None if references is None else columns.find(reference_column, REFERENCE_COLUMNS, *ask)
    finder = FileLookup(Path(images))
    reference_finder = None if references is None else FileLookup(Path(references))

    left_out: dict[str, list[str]] = {"have no score": [], "are not in the folder": [], "are listed again": []}
    found: list[tuple[str, Path, float, object, Path | None]] = []
    seen: dict[object, tuple[str, float]] = {}
    for line, cells in rows:
        name, text = (cells[at].strip() if at < len(cells) else "" for at in (name_at, score_at))
        if not name:
            raise ContriqueError(f"{path}, line {line}: no file name in column {header[name_at]!r}")
        score = number(text, delimiter, f"{path}, line {line}: column {header[score_at]!r}")
        if score is None:
            left_out["have no score"].append(name)
            continue
        place = finder.find(name)
        if place in seen or name in seen:
            first, other = seen.get(place) or seen[name]
            if score != other:
                raise ContriqueError(f"{path}, line {line}: {name} has the score {score:g}, but {other:g} in {first}")
            left_out["are listed again"].append(name)
            continue
        seen[place or name] = (f"line {line}", score)
        reference = None
        if reference_finder is not None and reference_at is not None and place is not None:
            named = cells[reference_at].strip() if reference_at < len(cells) else ""
            reference = reference_finder.find(named) if named else None
            if reference is None:
                name, place = f"{name} (its reference {named or 'has no name'})", None
        if place is None:
            left_out["are not in the folder"].append(name)
            continue
        group = cells[group_at].strip() if group_at is not None and group_at < len(cells) else ""
        found.append((name, place, score, group or place, reference))
    warn_left_out(path, left_out, len(found))
    numbers: dict[object, int] = {}
    groups = [numbers.setdefault(row[3], len(numbers)) for row in found]
    if lower_is_better is None:
        lower_is_better = plain(header[score_at]).startswith(LOWER_IS_BETTER)
        if {plain(name) for name in header} >= KADID_COLUMNS:
            lower_is_better = False
            warnings.warn(f"{path}: laid out as KADID-10k, whose dmos is higher for better images", stacklevel=2)
    return Ratings(
        names=tuple(row[0] for row in found),
        paths=tuple(row[1] for row in found),
        scores=np.array([row[2] for row in found], dtype=np.float64),
        groups=np.array(groups, dtype=np.int64),
        lower_is_better=lower_is_better,
        source=f"{path.resolve().parent.name}/{path.name}".lstrip("/"),
        digest=hashlib.sha256(data).hexdigest()[:16],
        grouped_by=None if group_at is None else header[group_at],
        references=None if references is None else tuple(row[4] for row in found if row[4] is not None),
    )


def warn_left_out(path: Path, left_out: dict[str, list[str]], kept: int) -> None:
    """Warn of rows that were left out, counted and named by reason.

    Args:
        path: the file they are in.
        left_out: names by reason.
        kept: how many rows are left.

    Raises:
        ContriqueError: none is.
    """
    total = kept + sum(map(len, left_out.values()))
    reasons = []
    for reason, names in left_out.items():
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            reasons.append(f"{len(names)} of {total} {reason}: {', '.join(names[:NAMED])}{more}")
    if not kept:
        raise ContriqueError(f"{path}: no rated image left. " + ("; ".join(reasons) or "The file has no rows"))
    for reason in reasons:
        warnings.warn(f"{path}: {reason}", stacklevel=3)
