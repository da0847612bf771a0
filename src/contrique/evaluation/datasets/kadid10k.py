"""KADID-10k: 81 photographs, each with 25 distortions at 5 levels; scores from 1 to 5, higher is better.

Lin, Hosu, Saupe: KADID-10k: A large-scale artificially distorted IQA database, QoMEX 2019. Published by the Multimedia
Signal Processing Group of Konstanz (database.mmsp-kn.de/kadid-10k-database.html). The authors publish no split.

Layout: ``dmos.csv`` (dist_img, ref_img, dmos, var), also found as ``kadid10k.csv``; distorted images and references
together in ``images/``. The column is called dmos and counts from 1, very annoying, to 5, imperceptible: a higher score
is a better image.
"""

from pathlib import Path

from contrique.evaluation.datasets.layout import Row, SetFolder, ratings_from
from contrique.evaluation.datasets.tables import csv_table
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "KADID-10k"
IMAGES = ("images", "distorted_images")
REFERENCES = ("reference_images", "images")


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    folder = SetFolder(TITLE, root, inside=(*IMAGES, *REFERENCES))
    file = folder.find("dmos.csv", "kadid10k.csv")
    table = csv_table(file, name=("dist_img",), score=("dmos",), more=("ref_img",))
    images = folder.folder(*IMAGES, near=file)
    lookup = FileLookup(images)
    original = FileLookup(folder.folder(*REFERENCES, near=file)) if references else None
    rows = []
    for line in table:
        reference = line.more["ref_img"]
        found = original.find(reference) if original is not None and reference else None
        rows.append(Row(line.name, lookup.find(line.name), line.score, reference.lower() or None, found))
    return ratings_from(TITLE, "kadid10k", [file], rows, folder=images, grouped_by="reference", references=references)
