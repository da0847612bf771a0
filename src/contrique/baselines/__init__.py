"""Published methods beside CONTRIQUE: one file each, with its paper, its formula and its known deviations at the top.

To add one, write a file with a subclass of ``Baseline`` (baseline.py) and a function ``load(parameters)``, which takes
the folder of official files or None for the shipped ones, and name it in ``METHODS``. ``FILES`` in it names official
files, if there are any. ``contrique score --method``, ``contrique.load(method=...)``, streaming, the feature cache and
the protocol then know it; docs/baselines.md shows how.
"""

import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.errors import ContriqueError, ModelError

if TYPE_CHECKING:
    from contrique.baselines.baseline import Baseline

METHODS = {
    "brisque": "contrique.baselines.brisque",
    "niqe": "contrique.baselines.niqe",
    "cornia": "contrique.baselines.cornia",
    "hosa": "contrique.baselines.hosa",
    "hyperiqa": "contrique.baselines.hyperiqa",
}
"""Methods by name, and the module each is in; imported when it is asked for."""


def parameters_for(method: str, folder: Path) -> Path | None:
    """Where the parameters of one method are in a folder that may hold those of several.

    Args:
        method: one of ``METHODS``.
        folder: with official files, or with what contrique wrote for the method (``contrique codebook``, say), there or
            in a folder of the method's name.

    Returns:
        ``folder``, the one in it, or None where there is nothing of this method.

    Raises:
        ModelError: there is a card whose method cannot be told: whose parameters it is with must not be guessed.
    """
    if (folder / method / "card.json").is_file():
        return folder / method
    if (folder / "card.json").exists():
        try:
            card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            if str(card["method"]).lower() == method:
                return folder
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            words = " ".join(str(error).split())
            raise ModelError(f"{folder / 'card.json'}: not the card of a method, or damaged: {words}") from error
    files = getattr(importlib.import_module(METHODS[method]), "FILES", ())
    return folder if any((folder / file).exists() for file in files) else None


def load_baseline(method: str, parameters: str | os.PathLike[str] | None = None) -> "Baseline":
    """Load a method with its shipped parameters or its official ones.

    Args:
        method: one of ``METHODS``.
        parameters: the folder of the official files, or one as in ``parameters_for``; None for the parameters that ship
            with contrique.

    Raises:
        ContriqueError: there is no such method.
        ModelError: the folder or a file is missing or damaged.
        MissingExtra: an official file needs a package that is not installed.
    """
    if method not in METHODS:
        raise ContriqueError(f"unknown method {method!r}: expected contrique, {', '.join(METHODS)}")
    folder = None if parameters is None else Path(parameters)
    if folder is not None and not folder.is_dir():
        raise ModelError(f"{folder}: no such folder of parameters")
    if folder is not None:
        folder = parameters_for(method, folder) or folder  # where it has none, load says what is missing
    return importlib.import_module(METHODS[method]).load(folder)
