"""KonIQ-10k: 10,073 photographs from the web, MOS from 1 to 100, higher is better.

Hosu, Lin, Sziranyi, Saupe: KonIQ-10k: An ecologically valid database for deep learning of blind image quality
assessment, IEEE TIP 29, 2020. Published by the Multimedia Signal Processing Group of Konstanz
(database.mmsp-kn.de/koniq-10k-database.html); ``metadata/koniq10k_distributions_sets.csv`` of github.com/subpic/koniq
has the authors' split in its column ``set`` (training 7,058, validation 1,000, test 2,015).

Layout: ``koniq10k_distributions_sets.csv`` (image_name, c1 … c5, c_total, MOS, SD, set), else
``koniq10k_scores_and_distributions.csv`` (image_name, c1 … c5, c_total, MOS, SD, MOS_zscore: no split; its MOS runs
from 1 to 5, so MOS_zscore is taken, which is the other file's MOS); images in ``1024x768/``, the size that the
published numbers are on, else in ``512x384/``.
"""

from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, no_references, ratings_from
from contrique.evaluation.datasets.tables import csv_table
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "KonIQ-10k"
WITH_SETS, WITHOUT_SETS = "koniq10k_distributions_sets.csv", "koniq10k_scores_and_distributions.csv"
SIZES = ("1024x768", "512x384")
IMAGES = (*SIZES, "images")
SETS = {"training": 0, "train": 0, "validation": 1, "val": 1, "test": 2}


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    no_references(TITLE, references)
    folder = SetFolder(TITLE, root, inside=(*IMAGES, "metadata"))
    file = folder.find(WITH_SETS, WITHOUT_SETS)
    table = csv_table(file, name=("image_name",), score=("MOS_zscore", "MOS"), optional=("set",))
    images = folder.folder(*IMAGES, near=file)
    lookup = FileLookup(images)
    rows = []
    for line in table:
        part = line.more.get("set", "").lower()
        if part and part not in SETS:
            raise ContriqueError(f"{file}: {line.name} is in the set {part!r}: expected {', '.join(SETS)}")
        rows.append(Row(line.name, lookup.find(line.name), line.score, part=SETS.get(part)))
    copy = images.name.lower() if images.name.lower() in SIZES else ""
    return ratings_from(TITLE, "koniq10k", [file], rows, folder=images, copy=copy)
