"""CSIQ: 30 photographs, 866 distorted images of 6 types, DMOS from 0 to 1, lower is better.

Larson, Chandler: Most apparent distortion: full-reference image quality assessment and the role of strategy, Journal of
Electronic Imaging 19, 2010. Published by the authors' laboratory (s2.smu.edu/~eclarson/csiq.html). They publish no
split.

Layout: ``csiq.DMOS.xlsx``, whose sheet ``all_by_image`` has the columns image, dst_idx, dst_type, dst_lev, dmos_std and
dmos below some lines of title; or, as many carry it about, ``csiq_label.txt`` (a file name and a DMOS on each line).
References in ``src_imgs/`` (1600.png), distorted images in ``dst_imgs/`` or ``dst_imgs_all/``, with or without a folder
for each type, named IMAGE.TYPE.LEVEL.png with the type as AWGN, BLUR, contrast, fnoise, JPEG or jpeg2000.
"""

from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, ratings_from
from contrique.evaluation.datasets.tables import Line, name_score_lines, table_lines
from contrique.evaluation.datasets.xlsx import read_xlsx, with_header
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "CSIQ"
IMAGES = ("dst_imgs", "dst_imgs_all", "distorted_images")
REFERENCES = ("src_imgs", "reference_images")
SHEET = "all_by_image"
IN_FILE_NAMES = {
    "noise": "AWGN",
    "awgn": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg2000": "jpeg2000",
}
"""From the sheet's dst_type, without spaces, to the part of the file's name."""


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    folder = SetFolder(TITLE, root, inside=(*IMAGES, *REFERENCES))
    file = folder.find("csiq.DMOS.xlsx", "csiq_label.txt")
    lines = _sheet(file) if file.suffix.lower() == ".xlsx" else name_score_lines(file)
    images = folder.folder(*IMAGES, near=file)
    lookup = FileLookup(images)
    original = FileLookup(folder.folder(*REFERENCES, near=file)) if references else None
    rows = []
    for line in lines:
        reference = f"{line.name.partition('.')[0]}.png"
        found = None if original is None else original.find(reference)
        rows.append(Row(line.name, lookup.find(line.name), line.score, reference.lower(), found))
    return ratings_from(
        TITLE,
        "csiq",
        [file],
        rows,
        folder=images,
        lower_is_better=True,
        grouped_by="reference",
        references=references,
    )


def _sheet(file: Path) -> list[Line]:
    """The rows of the authors' workbook, under the names of the image files."""
    sheets = read_xlsx(file)
    preferred = {SHEET: sheets[SHEET]} if SHEET in sheets else sheets
    header, rows = with_header(file, preferred, "image", "dst_type", "dst_lev", "dmos")
    at = [cell.lower() for cell in header].index("image")
    rows = [(place, cells) for place, cells in rows if at < len(cells) and cells[at].strip()]  # not those of notes
    lines = table_lines(file, header, rows, name=("image",), score=("dmos",), more=("dst_type", "dst_lev"))
    named = []
    for line in lines:
        kind = line.more["dst_type"].lower().replace(" ", "")
        level = line.more["dst_lev"].removesuffix(".0")
        if kind not in IN_FILE_NAMES or not level.isdigit():
            raise ContriqueError(f"{file}: unknown type {line.more['dst_type']!r}, level {level!r} of {line.name}")
        image = line.name.removesuffix(".0")  # 1600 may be stored as a number
        named.append(Line(f"{image}.{IN_FILE_NAMES[kind]}.{level}.png", line.score))
    return named
