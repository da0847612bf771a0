"""Where a method's numbers come from: the folder that ships with contrique, or a file its authors published.

Shipped: ``card.json``, which says what they were fitted to and how well they agree, and ``parameters.safetensors``,
checked by the digest in the card. Nothing in either is executable, nor in MATLAB's .mat files as they are read here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contrique.card import digest
from contrique.errors import ModelError, need

WEIGHTS = Path(__file__).parents[1] / "weights"
CARD = "card.json"
ARRAYS = "parameters.safetensors"
FORMAT = 1


def read_shipped(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read the card and the arrays of a method.

    Raises:
        ModelError: a file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            raise ModelError(f"{folder / CARD}: expected a card of format {FORMAT}")
        if card["files"][ARRAYS] != digest(folder / ARRAYS):
            raise ModelError(f"{folder / ARRAYS}: damaged, its digest is not the one in {CARD}")
        return card, load_file(folder / ARRAYS)
    except ModelError:
        raise
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise ModelError(f"{folder}: {error}") from error


def write_shipped(folder: Path, card: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write what ``read_shipped`` reads."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(arrays, folder / ARRAYS)
    (folder / ARRAYS).chmod(0o644)  # safetensors makes it private
    text = json.dumps({"format": FORMAT, **card, "files": {ARRAYS: digest(folder / ARRAYS)}}, indent=2)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_matlab(path: Path, wanted: Mapping[str, tuple[int, ...]]) -> list[np.ndarray]:
    """Read matrices from a MATLAB file (version 5 to 7).

    Args:
        path: the file.
        wanted: shapes by variable.

    Returns:
        The matrices, float64, in the order asked for.

    Raises:
        ModelError: the file is missing or damaged, or a matrix is not there, has another shape, or is not finite.
        MissingExtra: SciPy is not installed.
    """
    io = need("scipy.io", "evaluate", "reading MATLAB's parameter files")
    if not path.is_file():
        raise ModelError(f"{path}: missing")
    try:
        found = io.loadmat(path, variable_names=list(wanted))
    except Exception as error:  # on damaged bytes SciPy raises anything from struct.error to MemoryError
        words = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{path}: not a MATLAB file, or damaged: {words}") from error
    matrices = []
    for name, shape in wanted.items():
        matrix = found.get(name)
        if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "fiu" or matrix.shape != shape:
            raise ModelError(f"{path}: expected a matrix {name} of shape {shape}")
        matrix = matrix.astype(np.float64)
        if not np.isfinite(matrix).all():
            raise ModelError(f"{path}: {name} holds values that are not finite")
        matrices.append(matrix)
    return matrices
