"""SPAQ: 11,125 photographs of 66 smartphones, MOS from 0 to 100, higher is better.

Fang, Zhu, Zeng, Ma, Wang: Perceptual quality assessment of smartphone photography, CVPR 2020. Published by the authors
(github.com/h4nwei/SPAQ). They publish no split.

Layout: ``Annotations/MOS and Image attribute scores.xlsx`` (Image name, MOS, Brightness, …), or the same saved as .csv;
``TestImage/`` (00001.jpg …) of full size. Scoring shrinks large images as the model's card says.
"""

from pathlib import Path

from contrique.evaluation.datasets.layout import Row, SetFolder, no_references, ratings_from
from contrique.evaluation.datasets.tables import csv_table, table_lines
from contrique.evaluation.datasets.xlsx import read_xlsx, with_header
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "SPAQ"
FILE = "MOS and Image attribute scores"
IMAGES = ("testimage", "images")
NAME, SCORE = "Image name", "MOS"


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    no_references(TITLE, references)
    folder = SetFolder(TITLE, root, inside=(*IMAGES, "Annotations"))
    file = folder.find(f"{FILE}.xlsx", f"{FILE}.csv")
    if file.suffix.lower() == ".xlsx":
        header, cells = with_header(file, read_xlsx(file), NAME.lower(), SCORE.lower())
        lines = table_lines(file, header, cells, name=(NAME,), score=(SCORE,))
    else:
        lines = csv_table(file, name=(NAME,), score=(SCORE,))
    images = folder.folder(*IMAGES, near=file)
    lookup = FileLookup(images)
    rows = [Row(line.name, lookup.find(line.name), line.score) for line in lines]
    return ratings_from(TITLE, "spaq", [file], rows, folder=images)
