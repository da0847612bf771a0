"""LIVE release 2: 29 photographs, 779 distorted images of 5 types, realigned DMOS, lower is better.

Sheikh, Sabir, Bovik: A statistical evaluation of recent full reference image quality assessment algorithms, IEEE TIP
15, 2006. Published by the LIVE laboratory (live.ece.utexas.edu/research/quality). The authors publish no split.

Layout: ``dmos_realigned.mat`` (dmos_new and orgs, 982 values each; where it has no orgs they are taken from
``dmos.mat``), ``refnames_all.mat`` (refnames_all: 982 names of references), ``refimgs/`` and a folder for each type.
The 982 are, in this order, ``jp2k/img1.bmp`` to ``img227.bmp``, ``jpeg/`` 233, ``wn/`` 174, ``gblur/`` 174 and
``fastfading/`` 174 (the release's readme). Where orgs is 1 the image is an undistorted original: left out, as in all
published numbers. Files of another length, those of a part of the release, are read only if the highest numbers of the
images in the five folders add up to it.
"""

import re
from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, in_folder, ratings_from
from contrique.evaluation.datasets.mat import numbers, read_mat, texts
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "LIVE release 2"
TYPES = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
"""Folders in the order of the scores, and how many images each has."""


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    folder = SetFolder(TITLE, root, inside=(*TYPES, "refimgs"))
    file, names_file = folder.find("dmos_realigned.mat"), folder.find("refnames_all.mat")
    variables = read_mat(file, "dmos_new", "orgs")
    files = [file, names_file]
    if "orgs" not in variables:
        files.append(folder.find("dmos.mat"))
        variables |= read_mat(files[-1], "orgs")
    score_N, original_N = (numbers(files[0], variables, name) for name in ("dmos_new", "orgs"))
    names = texts(names_file, read_mat(names_file, "refnames_all"), "refnames_all")
    if not len(score_N) == len(original_N) == len(names):
        counts = f"{len(score_N)} scores, {len(original_N)} marks of originals, {len(names)} names of references"
        raise ContriqueError(f"{file}: not one of each for each image: {counts}")
    folders = {kind: folder.folder(kind, near=file) for kind in TYPES}
    places = _places(file, folders, len(score_N))
    lookup = FileLookup(folder.folder("refimgs", near=file)) if references else None
    rows = [
        Row(
            f"{kind}/img{number}.bmp",
            in_folder(folders[kind], f"img{number}.bmp"),
            float(score),
            name.lower(),
            None if lookup is None else lookup.find(name),
        )
        for (kind, number), score, original, name in zip(places, score_N, original_N, names, strict=True)
        if not original
    ]
    return ratings_from(
        TITLE,
        "live",
        files,
        rows,
        folder=file.parent,
        lower_is_better=True,
        grouped_by="reference",
        references=references,
    )


def _places(file: Path, folders: dict[str, Path], count: int) -> list[tuple[str, int]]:
    """Type and number of each of the images, in the order of the scores."""
    sizes = TYPES
    if count != sum(TYPES.values()):
        sizes = {kind: max(_numbers(folder), default=0) for kind, folder in folders.items()}
    if count != sum(sizes.values()):
        there = ", ".join(f"{size} in {kind}" for kind, size in sizes.items())
        raise ContriqueError(
            f"{file}: {count} scores, where the release has {sum(TYPES.values())} and the images go up to {there}"
        )
    return [(kind, number) for kind, size in sizes.items() for number in range(1, size + 1)]


def _numbers(folder: Path) -> list[int]:
    """The numbers of the images in a folder."""
    found = (re.fullmatch(r"(?i)img(\d+)\.bmp", path.name) for path in folder.iterdir())
    return [int(match[1]) for match in found if match]
