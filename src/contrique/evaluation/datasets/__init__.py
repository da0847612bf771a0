"""Published sets of rated images, each read from the folder as its authors ship it: one file a set.

To add a set, write a file with a function ``load(root, references=False) -> Ratings`` and name it in ``DATASETS``;
docs/datasets.md shows the layouts, the directions and the splits of those that are here.
"""

import importlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.errors import ContriqueError

if TYPE_CHECKING:
    from contrique.evaluation.ratings import Ratings

DATASETS = {
    "koniq10k": "contrique.evaluation.datasets.koniq10k",
    "kadid10k": "contrique.evaluation.datasets.kadid10k",
    "clive": "contrique.evaluation.datasets.clive",
    "live": "contrique.evaluation.datasets.live",
    "csiq": "contrique.evaluation.datasets.csiq",
    "tid2013": "contrique.evaluation.datasets.tid2013",
    "spaq": "contrique.evaluation.datasets.spaq",
    "flive": "contrique.evaluation.datasets.flive",
    "biq2021": "contrique.evaluation.datasets.biq2021",
}
"""Sets by name, and the module each is in; imported when it is asked for."""


def dataset_name(text: str) -> str | None:
    """The set that a text names, whatever its case, spaces and dashes ("KonIQ-10k"), or None."""
    name = re.sub(r"[\W_]+", "", text.lower())
    return name if name in DATASETS else None


def load_dataset(name: str, root: str | os.PathLike[str], *, references: bool = False) -> "Ratings":
    """Read a published set.

    Args:
        name: one of ``DATASETS``; case, spaces and dashes do not matter.
        root: its folder, unpacked as the authors ship it; the folder above it and those inside it will do.
        references: find the undistorted images too, for full-reference features.

    Returns:
        Its rated images, with ``dataset`` and, where the authors published one, their ``official`` split.

    Raises:
        ContriqueError: no such set or folder; files that are not those of the set; ``references`` of a set that has
            none.
        MissingExtra: SciPy is not installed, for sets whose scores are MATLAB files.

    Warns:
        UserWarning: images were left out, counted and named by reason.
    """
    known = dataset_name(name)
    if known is None:
        raise ContriqueError(f"unknown data set {name!r}: expected {', '.join(DATASETS)}")
    if not Path(root).is_dir():
        raise ContriqueError(f"{root}: no such folder")
    return importlib.import_module(DATASETS[known]).load(Path(root), references=references)
