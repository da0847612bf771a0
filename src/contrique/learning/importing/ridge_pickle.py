"""The arrays of a pickled scikit-learn ``Ridge``, read without executing anything (pickle_machine.py).

Read are protocols 2 to 5, of NumPy 1 and 2, as ``pickle.dump`` writes them and as ``joblib.dump`` does, plain or with
zlib (the only compression that joblib chooses by itself).
"""

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from contrique.errors import ModelError
from contrique.evaluation.regressor import Regressor
from contrique.learning.importing.pickle_machine import MAX_BYTES, Refused, Thing, carry_out


def read_ridge(path: Path) -> tuple[Regressor, dict[str, Any]]:
    """Read a pickled ``Ridge``.

    Returns:
        The regressor, and what is known of its making: ``alpha`` and ``scikit-learn`` (the version), where they are
        there.

    Raises:
        ModelError: the file cannot be read, or holds anything but a fitted Ridge for one target; the words name what
            was refused.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    try:
        return _ridge_of(carry_out(_inflated(data)))
    except Refused as error:
        raise ModelError(f"{path}: refused: {error}; only a pickled scikit-learn Ridge is read, as arrays") from None
    except Exception as error:  # pickletools and NumPy raise many kinds on bytes that are no such file
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{path}: not a pickled scikit-learn Ridge, or damaged: {words}") from None


def _inflated(data: bytes) -> bytes:
    if data[:1] == b"\x78":  # zlib; a pickle of protocol 2 or later begins with 0x80
        data = zlib.decompressobj().decompress(data, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES:,} bytes")
    return data


def _ridge_of(thing: Any) -> tuple[Regressor, dict[str, Any]]:
    if not isinstance(thing, Thing) or thing.kind != "ridge":
        raise Refused("an object that is no Ridge")
    if not {"coef_", "intercept_"} <= set(thing.state):
        raise Refused("a Ridge that is not fitted")
    coef, intercept = (np.asarray(_plain(thing.state[name]), dtype=np.float64) for name in ("coef_", "intercept_"))
    if coef.ndim == 2 and coef.shape[0] != 1:
        raise Refused(f"a Ridge with {coef.shape[0]} targets")
    regressor = Regressor.from_arrays({"coef": coef.reshape(-1), "intercept": intercept})
    about = {"alpha": _plain(thing.state.get("alpha")), "scikit-learn": thing.state.get("_sklearn_version")}
    return regressor, {key: value for key, value in about.items() if isinstance(value, int | float | str)}


def _plain(value: Any) -> Any:
    if isinstance(value, Thing):
        if value.kind != "array" or not value.full:
            raise Refused("numbers that are no array")
        return value.value
    return value if isinstance(value, int | float) else None
