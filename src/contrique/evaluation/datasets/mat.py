"""Variables out of MATLAB files of version 7 and before, as the LIVE laboratory publishes its scores."""

from pathlib import Path
from typing import Any

import numpy as np

from contrique.errors import ContriqueError, need


def read_mat(file: Path, *names: str) -> dict[str, np.ndarray]:
    """Variables of a MATLAB file, each flattened.

    Args:
        file: the .mat file.
        names: the variables; those that it has not are left out of the answer.

    Raises:
        ContriqueError: not a MATLAB file, or one of version 7.3.
        MissingExtra: SciPy is not installed.
    """
    loadmat = need("scipy.io", "evaluate", f"reading {file.name}").loadmat
    try:
        with open(file, "rb") as stream:
            found: dict[str, Any] = loadmat(stream, variable_names=names)
    except NotImplementedError:
        raise ContriqueError(f"{file}: of MATLAB version 7.3; save it again with save(…, '-v7')") from None
    except OSError as error:
        raise ContriqueError(f"{file}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file ends in whatever its bytes lead SciPy to
        raise ContriqueError(f"{file}: not a MATLAB file, or a damaged one ({error})") from None
    return {name: np.ravel(found[name]) for name in names if name in found}


def numbers(file: Path, variables: dict[str, np.ndarray], name: str) -> np.ndarray:
    """One variable as float64 (N,).

    Raises:
        ContriqueError: there is no such variable, or it holds something else.
    """
    values = _there(file, variables, name)
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        raise ContriqueError(f"{file}: {name} holds something else than numbers") from None


def texts(file: Path, variables: dict[str, np.ndarray], name: str) -> list[str]:
    """One variable, a cell array of text or a matrix of characters, as strings.

    Raises:
        ContriqueError: there is no such variable, or it holds something else.
    """
    words = [_text(item) for item in _there(file, variables, name)]
    if not all(words):
        raise ContriqueError(f"{file}: {name} holds something else than text")
    return words


def _there(file: Path, variables: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in variables:
        raise ContriqueError(f"{file}: there is no variable {name} in it")
    return variables[name]


def _text(item: Any) -> str:
    while isinstance(item, np.ndarray) and item.size == 1:
        item = item.reshape(-1)[0]
    return item.strip() if isinstance(item, str) else ""
