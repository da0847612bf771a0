"""TID2013: 25 photographs, each with 24 distortions at 5 levels; MOS from 0 to 9, higher is better.

Ponomarenko et al.: Image database TID2013: peculiarities, results and perspectives, Signal Processing: Image
Communication 30, 2015. Published by the authors (ponomarenko.info/tid2013.htm). They publish no split.

Layout: ``mos_with_names.txt`` (a MOS and a file name on each line), ``distorted_images/`` (I01_01_1.bmp, some with
another case than in the list), ``reference_images/`` (I01.BMP to I24.BMP and i25.bmp). TID2008 has a list of the same
name but 4 levels of 17 distortions: it is no TID2013, and refused.
"""

from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, ratings_from
from contrique.evaluation.datasets.tables import name_score_lines
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "TID2013"


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    folder = SetFolder(TITLE, root, inside=("distorted_images", "reference_images"))
    file = folder.find("mos_with_names.txt")
    lines = name_score_lines(file)
    if len(lines) == 1700:
        raise ContriqueError(f"{file}: 1700 images are TID2008, not TID2013")
    images = folder.folder("distorted_images", near=file)
    lookup = FileLookup(images)
    original = FileLookup(folder.folder("reference_images", near=file)) if references else None
    rows = []
    for line in lines:
        reference = f"{line.name.partition('_')[0]}.BMP"
        found = None if original is None else original.find(reference)
        rows.append(Row(line.name, lookup.find(line.name), line.score, reference.lower(), found))
    return ratings_from(TITLE, "tid2013", [file], rows, folder=images, grouped_by="reference", references=references)
