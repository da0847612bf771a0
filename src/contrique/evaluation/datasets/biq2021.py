"""BIQ2021: 12,000 photographs, MOS from 0 to 1, higher is better.

Ahmed, Asif: BIQ2021: a large-scale blind image quality assessment database, Journal of Electronic Imaging 31, 2022.
Published by the authors (github.com/nisarahmedrana/BIQ2021), split into 10,000 for training and 2,000 for test.

Layout: ``Train (Images and MOS).csv`` and ``Test (Images and MOS).csv`` (Image Name, MOS, and columns without a name),
or ``Train.csv`` and ``Test.csv``; ``Images/`` (ss01 (1).jpg …; some names are in another case than in the lists).
The set holds near-duplicates that no list tells of: random splits may put them on both sides.
"""

from pathlib import Path

from contrique.evaluation.datasets.layout import Row, SetFolder, no_references, ratings_from
from contrique.evaluation.datasets.tables import csv_table
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "BIQ2021"
TRAIN = ("Train (Images and MOS).csv", "Train.csv")
TEST = ("Test (Images and MOS).csv", "Test.csv")


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    no_references(TITLE, references)
    folder = SetFolder(TITLE, root, inside=("Images",))
    files = {0: folder.find(*TRAIN), 2: folder.find(*TEST)}
    images = folder.folder("images", near=files[0])
    lookup = FileLookup(images)
    rows = [
        Row(line.name, lookup.find(line.name), line.score, part=part)
        for part, file in files.items()
        for line in csv_table(file, name=("Image Name", "image", "images", "name"), score=("MOS",))
    ]
    return ratings_from(TITLE, "biq2021", list(files.values()), rows, folder=images)
