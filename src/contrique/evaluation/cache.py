"""Features on disk, kept by what they were computed from, so that a second run computes nothing.

A key is the SHA-256 of the image file's bytes together with the model's digest (encoder and preprocessing): renamed and
moved images are found again, changed ones are not. One small .npy file an image (25 kB for 6,272 features): written
when computed and under a temporary name first, so an interrupted run goes on where it was and several may run at once.
"""

import hashlib
import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from contrique.baselines.baseline import Baseline
    from contrique.evaluation.ratings import Ratings
    from contrique.model import QualityModel

FORMAT = "features-1"
"""Part of the folder's name: changes when decoding changes what features mean, and old entries are left behind."""


def default_folder() -> Path:
    """``$CONTRIQUE_CACHE``, else ``contrique`` in ``$XDG_CACHE_HOME``, else ``~/.cache/contrique``."""
    if os.environ.get("CONTRIQUE_CACHE"):
        return Path(os.environ["CONTRIQUE_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "contrique"


class FeatureCache:
    """Features by image content and model.

    Args:
        folder: where they lie; ``default_folder()`` if left out. It is made when the first entry is written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = (default_folder() if folder is None else Path(folder)) / FORMAT
        self._writable = True
        self.predictions_warned = False

    def path(self, model_digest: str, content: str) -> Path:
        """Where the features of one image by one model lie."""
        return self.folder / model_digest / content[:2] / f"{content}.npy"

    def get(self, model_digest: str, content: str, dim: int) -> np.ndarray | None:
        """Features float32 (dim,), or None where there are none or the entry is damaged."""
        try:
            features_D = np.load(self.path(model_digest, content), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        good = isinstance(features_D, np.ndarray) and features_D.shape == (dim,) and features_D.dtype == np.float32
        return features_D if good and np.isfinite(features_D).all() else None

    def put(self, model_digest: str, content: str, features_D: np.ndarray) -> None:
        """Keep features; a disk that cannot be written to is warned of once and then left alone."""
        if not self._writable:
            return
        path = self.path(model_digest, content)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
                try:
                    np.save(file, np.asarray(features_D, dtype=np.float32), allow_pickle=False)
                    file.close()
                    os.replace(file.name, path)
                except BaseException:
                    os.unlink(file.name)
                    raise
        except OSError as error:
            self._writable = False
            warnings.warn(f"features are not kept, {self.folder}: {error.strerror or error}", stacklevel=2)


def content_digest(path: str | os.PathLike[str]) -> str | None:
    """SHA-256 of a file's bytes in hexadecimal, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def cached_features(
    model: "QualityModel | Baseline",
    paths: Sequence[Path],
    cache: FeatureCache | None = None,
    *,
    progress: bool = False,
) -> tuple[np.ndarray, dict[int, str]]:
    """Features of image files, from the cache where it has them, else computed once for each content and kept.

    Args:
        model: computes what is missing.
        paths: N image files.
        cache: None to compute everything and keep nothing.
        progress: show a bar on standard error.

    Returns:
        float32 (N, D), nan in the rows of images that cannot be used, and why by position.
    """
    from tqdm import tqdm

    from contrique.scoring import feature_stream

    features_ND = np.full((len(paths), model.dim), np.nan, dtype=np.float32)
    errors: dict[int, str] = {}
    missing: dict[str, list[int]] = {}  # positions by content; an unreadable file stands for itself
    contents: list[str | None] = []
    looked = tqdm(
        paths, unit="file", desc=f"{model.name}: cache", disable=not progress, delay=2, leave=False, file=sys.stderr
    )
    for index, path in enumerate(looked):
        content = content_digest(path)
        contents.append(content)
        found = None if cache is None or content is None else cache.get(model.digest, content, model.dim)
        if found is None:
            missing.setdefault(content or f"unreadable {index}", []).append(index)
        else:
            features_ND[index] = found
    todo = list(missing.values())
    stream = feature_stream(model, (paths[places[0]] for places in todo))
    bar = tqdm(total=len(todo), unit="image", desc=model.name, disable=not (progress and todo), file=sys.stderr)
    with bar:
        for places, (_, features_D, error) in zip(todo, stream, strict=True):
            if features_D is not None and np.isfinite(features_D).all():
                features_ND[places] = features_D
                content = contents[places[0]]
                if cache is not None and content is not None:
                    cache.put(model.digest, content, features_D)
            else:
                errors.update(dict.fromkeys(places, error or "its features are not finite numbers"))
            bar.update()
    return features_ND, errors


def rated_features(
    model: "QualityModel", ratings: "Ratings", cache: FeatureCache | None = None, *, progress: bool = False
) -> tuple[np.ndarray, dict[int, str]]:
    """Features of rated images; with references |f(reference) − f(image)|, the full-reference variant.

    Returns:
        As ``cached_features``, one row for each rated image.
    """
    if ratings.references is None:
        return cached_features(model, ratings.paths, cache, progress=progress)
    count = len(ratings)
    both_2ND, errors = cached_features(model, [*ratings.paths, *ratings.references], cache, progress=progress)
    reasons = {index: reason for index, reason in errors.items() if index < count}
    for index, reason in errors.items():
        if index >= count:
            reasons.setdefault(index - count, f"its reference {ratings.references[index - count]}: {reason}")
    return np.abs(both_2ND[count:] - both_2ND[:count]), reasons
