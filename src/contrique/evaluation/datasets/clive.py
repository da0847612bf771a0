"""LIVE In the Wild Image Quality Challenge (CLIVE): 1,162 photographs of mobile cameras, MOS, higher is better.

Ghadiyaram, Bovik: Massive online crowdsourced study of subjective and objective picture quality, IEEE TIP 25, 2016.
Published by the LIVE laboratory (live.ece.utexas.edu/research/ChallengeDB). The authors publish no split.

Layout: ``Data/AllImages_release.mat`` (variable of the same name: 1,169 file names) and ``Data/AllMOS_release.mat``
(1,169 scores, 0 to 100); ``Images/``. The first 7 of each are the images that trained the subjects, in
``Images/trainingImages/``; they are no part of the set and left out, as in all published numbers.
"""

from pathlib import Path

from contrique.errors import ContriqueError
from contrique.evaluation.datasets.layout import Row, SetFolder, no_references, ratings_from
from contrique.evaluation.datasets.mat import numbers, read_mat, texts
from contrique.evaluation.lookup import FileLookup
from contrique.evaluation.ratings import Ratings

TITLE = "LIVE Challenge"
NAMES, SCORES = "AllImages_release", "AllMOS_release"
TRAINING = 7
"""How many rows come first that trained the subjects."""


def load(root: Path, *, references: bool = False) -> Ratings:
    """Read the set; see the top of this file and ``load_dataset``."""
    no_references(TITLE, references)
    folder = SetFolder(TITLE, root, inside=("Data", "Images"))
    file, names_file = folder.find(f"{SCORES}.mat"), folder.find(f"{NAMES}.mat")
    score_N = numbers(file, read_mat(file, SCORES), SCORES)
    names = texts(names_file, read_mat(names_file, NAMES), NAMES)
    if len(names) != len(score_N):
        raise ContriqueError(f"{file}: {len(score_N)} scores, but {names_file.name} has {len(names)} names")
    images = folder.folder("images", near=file)
    lookup = FileLookup(images)
    rows = [
        Row(name, lookup.find(name), float(score))
        for name, score in zip(names[TRAINING:], score_N[TRAINING:], strict=True)
    ]
    return ratings_from(TITLE, "clive", [file, names_file], rows, folder=images)
