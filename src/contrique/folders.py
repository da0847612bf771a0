"""Model folders: which ship and by what names, where one may be written, and the fitted numbers that lie in one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from contrique.card import CARD
from contrique.errors import ContriqueError, ModelError
from contrique.probe import Probe

WEIGHTS = Path(__file__).parent / "weights"
SHIPPED = WEIGHTS / "default"
MODELS = ("default", "accurate")
"""The models that ship with the package, by name."""


def model_folder(model: str | os.PathLike[str] | None) -> Path:
    """The folder of a shipped model by its name, of the default one for None; any other word is a folder itself.

    Raises:
        ModelError: a bare word that is neither.
    """
    if model is None:
        return SHIPPED
    if model in MODELS:
        return WEIGHTS / model
    folder = Path(model)
    if model == folder.name and not folder.is_dir():
        raise ModelError(f"{model}: no such model folder, and the models that ship are {' and '.join(MODELS)}")
    return folder


def check_free(target: Path) -> None:
    """Raise ModelError where a model cannot be written without losing something else: anything but a model is there."""
    if target.exists() and not (target / CARD).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise ModelError(f"{target}: exists and is not a model folder; it is left as it was")


def read_regressor(path: Path) -> Any:
    """The regressor in a safetensors file.

    Raises:
        ModelError: the file is damaged or holds something else.
    """
    from contrique.evaluation.regressor import Regressor

    return _read(path, Regressor.from_arrays)


def read_probe(path: Path, classes: list[Any]) -> Probe:
    """The probe in a safetensors file; ``classes`` are those its model's card names.

    Raises:
        ModelError: the file is damaged or holds something else, or other classes.
    """
    return _read(path, lambda arrays: Probe.from_arrays(arrays, classes))


def _read(path: Path, build: Callable[[dict[str, np.ndarray]], Any]) -> Any:
    """What ``build`` makes of the arrays in a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return build(load_file(path))
    except (SafetensorError, ContriqueError, OSError) as error:
        raise ModelError(f"{path}: {error}") from error
