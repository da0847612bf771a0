"""FLIVE (LIVE-FB): 39,810 photographs from four collections, MOS from 0 to 100, higher is better.

Ying, Niu, Gupta, Mahajan, Ghadiyaram, Bovik: From patches to pictures (PaQ-2-PiQ): mapping the perceptual space of
picture quality, CVPR 2020. Published by the authors (github.com/niu-haoran/FLIVE_Database and
github.com/baidut/PaQ-2-PiQ, whose notebook fetches the images from their collections).

Layout: ``labels_image.csv`` (name, mos), beside or inside ``database/``, which holds the images under the names of the
list, such as ``voc_emotic_ava/JPEGImages__2009_001012.jpg``. Patches are not read.

The authors' split is in two further lists of PaQ-2-PiQ: images with a side above 640 pixels (``labels>640.csv``, found
as ``labels640.csv`` where the name was not allowed) are test; of the rest (``labels<=640_padded.csv``, or
``labels=640_padded.csv``) those whose ``is_valid`` is true are validation; all others are training, as in IQA-PyTorch's
split. Columns ``is_test`` and ``is_valid`` of ``labels_image.csv`` itself come before these lists.

The notebook saves each photograph of VOC 2012 under two names, JPEGImages__X and VOC2012__X: these share a group.
"""

import re
from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, no_references, ratings_from
from contrique.evaluation.datasets.tables import Line, csv_table
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "FLIVE"
LARGE = ("labels>640.csv", "labels640.csv", "labels_640.csv")
SMALL = ("labels<=640_padded.csv", "labels=640_padded.csv", "labels<=640.csv", "labels=640.csv")
IMAGES = ("database", "images")
TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False, "": False}


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    no_references(TITLE, references)
    folder = SetFolder(TITLE, root, inside=IMAGES)
    file = folder.find("labels_image.csv")
    lines = csv_table(file, name=("name", "name_image"), score=("mos", "mos_image"), optional=("is_test", "is_valid"))
    large, small = folder.maybe(*LARGE), folder.maybe(*SMALL)
    files = [file, *(other for other in (large, small) if other is not None)]
    part: dict[str, int] = {}
    if any("is_test" in line.more for line in lines):
        files = [file]
        part = {line.name: _part(file, line) for line in lines}
    elif large is not None:
        part = {line.name: _part(small or file, line) for line in (lines if small is None else _split_lines(small))}
        part |= {line.name: 2 for line in _split_lines(large)}
    images = folder.folder(*IMAGES, near=file)
    lookup = FileLookup(images)
    rows = [
        Row(
            line.name,
            lookup.find(line.name),
            line.score,
            _photograph(line.name),
            part=part.get(line.name, 0) if part else None,
        )
        for line in lines
    ]
    return ratings_from(TITLE, "flive", files, rows, folder=images, grouped_by="photograph")


def _split_lines(file: Path) -> list[Line]:
    return csv_table(
        file,
        name=("name_image", "name"),
        score=("mos_image", "mos"),
        optional=("is_valid",),
    )


def _part(file: Path, line: Line) -> int:
    """2 for test, 1 for validation, 0 for training."""
    marks = {name: line.more.get(name, "").lower() for name in ("is_test", "is_valid")}
    for name, mark in marks.items():
        if mark not in TRUTH:
            raise ContriqueError(f"{file}: {name} of {line.name} is {mark!r}: expected True or False")
    return 2 if TRUTH[marks["is_test"]] else int(TRUTH[marks["is_valid"]])


def _photograph(name: str) -> str:
    return re.sub(r"(?i)(JPEGImages|VOC2012)__", "", name).lower()
