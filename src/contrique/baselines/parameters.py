"""Where a method's numbers come from: the folder that ships with contrique, or a file its authors published.

Shipped: ``card.json``, which says what they were fitted to and how well they agree, and ``parameters.safetensors``,
checked by the digest in the card. Nothing in either is executable, nor in MATLAB's .mat files as they are read here.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contrique.card import digest
from contrique.errors import ContriqueError, ModelError, need
from contrique.scale import check_mapping

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
    except (OSError, ValueError, LookupError, TypeError, RecursionError, SafetensorError) as error:
        raise ModelError(f"{folder}: {error}") from error


def read_method(folder: Path, method: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """``read_shipped`` for a folder that a user may have named: it must hold that method's parameters.

    Raises:
        ModelError: a file is missing or damaged, or the folder is another method's.
    """
    card, arrays = read_shipped(folder)
    if card.get("method") != method:
        raise ModelError(f"{folder}: holds parameters of {card.get('method')!r}, not of {method}")
    if not isinstance(card.get("name"), str) or "raw" not in card:
        raise ModelError(f"{folder / CARD}: has no name or no raw")
    if card["raw"] is not None:
        check_raw(card["raw"], folder / CARD)
    return card, arrays


def check_raw(raw: Any, where: Path) -> None:
    """Refuse what a card says of a method's number if it is not of the kind ``Baseline`` wants.

    Raises:
        ModelError: something is missing or of another kind.
    """
    try:
        check_mapping(raw["mapping"])
        if type(raw["lower_is_better"]) is not bool:
            raise ContriqueError("lower_is_better is neither true nor false")
        if raw["interval"] is not None:
            half_width = raw["interval"]["half_width"]
            if type(half_width) not in (int, float) or not 0 <= half_width < float("inf"):
                raise ContriqueError(f"an interval has a half_width from 0 upwards, got {half_width!r}")
    except (ContriqueError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"{where}: what it says of raw is damaged: {error}") from error


def digest_of(name: str, *arrays: np.ndarray) -> str:
    """A name for features that arrays define: the same for the same numbers, short."""
    sha = hashlib.sha256()
    for one in arrays:
        sha.update(np.ascontiguousarray(one, np.float64).tobytes())
    return f"{name}-{sha.hexdigest()[:12]}"


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
        wanted: shapes by variable; ``variable.field`` is one field of a struct.

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
        found = io.loadmat(path, variable_names=[name.partition(".")[0] for name in wanted])
    except Exception as error:  # on damaged bytes SciPy raises anything from struct.error to MemoryError
        words = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{path}: not a MATLAB file, or damaged: {words}") from error
    matrices = []
    for name, shape in wanted.items():
        variable, _, field = name.partition(".")
        matrix = found.get(variable)
        if field:
            whole = isinstance(matrix, np.ndarray) and matrix.size == 1 and field in (matrix.dtype.names or ())
            matrix = matrix.item()[matrix.dtype.names.index(field)] if whole else None
        if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "fiu" or matrix.shape != shape:
            raise ModelError(f"{path}: expected a matrix {name} of shape {shape}")
        matrix = matrix.astype(np.float64)
        if not np.isfinite(matrix).all():
            raise ModelError(f"{path}: {name} holds values that are not finite")
        matrices.append(matrix)
    return matrices
