"""Predictions on disk, kept by all that they depend on, so that a table that was interrupted goes on where it was.

One small .npy file a method and split, beside the cached features. Fitting is what they save: minutes for a support
vector regression on many images, hours for a network trained anew in each split.
"""

import hashlib
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contrique import __version__

if TYPE_CHECKING:
    from contrique.evaluation.cache import FeatureCache
    from contrique.evaluation.protocol import Method

FORMAT = "predictions-1"
"""The folder's name, beside that of the features."""


def remembered(
    method: "Method", cache: "FeatureCache | None", scores_N: np.ndarray, *parts: str | np.ndarray
) -> "Method":
    """The method, asked once for each split: later the file answers.

    Args:
        method: what predicts.
        cache: beside whose features predictions are kept; None keeps nothing.
        scores_N: the ratings it learns from; only those of training and validation count, as it sees no others.
        parts: all else that its predictions depend on: what it is, its settings, its images or their features.
    """
    if cache is None:
        return method
    folder = cache.folder.parent / FORMAT
    about = hashlib.sha256(__version__.encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).data
        about.update(hashlib.sha256(data).digest())

    def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
        key = about.copy()
        for seen in (scores_N[train], scores_N[validation], train, validation, test):
            key.update(hashlib.sha256(np.asarray(seen, dtype=np.float64).tobytes()).digest())
        path = folder / f"{key.hexdigest()}.npy"
        found = _read(path, len(test))
        if found is None:
            found = np.asarray(method(train, validation, test), dtype=np.float64)
            _write(path, found, cache)
        return found

    return predict


def _read(path: Path, count: int) -> np.ndarray | None:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = isinstance(found, np.ndarray) and found.shape == (count,) and found.dtype == np.float64
    return found if good and np.isfinite(found).all() else None


def _write(path: Path, predicted_M: np.ndarray, cache: "FeatureCache") -> None:
    """Warns once for each cache of a disk that cannot be written to; the next split is tried again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
            try:
                np.save(file, predicted_M, allow_pickle=False)
                file.close()
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        if not cache.predictions_warned:
            cache.predictions_warned = True
            warnings.warn(f"predictions are not kept, {path.parent}: {error.strerror or error}", stacklevel=3)
