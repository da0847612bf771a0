"""A stream of images to a stream of features or scores: in order, one result or one error each, in bounded memory.

A few threads decode and prepare images ahead of the engine (Pillow works outside Python's global lock). The engine
takes them in windows of ``batch`` consecutive images, within which equal sizes go through together. Windows depend on
nothing but the order of the sources, so a stream always gives the same numbers.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from contrique.errors import ImageError, MissingExtra, ModelError
from contrique.images import MAX_PIXELS, Source, find_images, read_image, source_name

if TYPE_CHECKING:
    from contrique.result import Score

BATCH = 16
"""Images in one window: several engine batches of one megapixel, and at most 48 MB of prepared pixels in all."""

MOST_WORKERS = 4
"""Decoding threads, on a machine with at least so many cores; each may hold one image at its full size."""


class Scorer(Protocol):
    """What a stream goes through: ``QualityModel``, or a method in baselines/."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def full_reference(self) -> bool:
        """Whether scores need the undistorted image beside each."""

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """What is done with one decoded image alone: runs in the decoding threads, and must not mind."""

    def features_of(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Features (N, D) of what ``prepare`` gave for N images, all at once."""

    def to_score(self, path: str, features_D: np.ndarray) -> "Score":
        """The score of one image by its features."""


def score_many(model: Scorer, source: Any) -> "list[Score] | None":
    """Scores of a folder, searched recursively, or of an iterable of images; None if ``source`` is a single image."""
    if isinstance(source, str | os.PathLike):
        return list(score_stream(model, find_images([os.fspath(source)]))) if os.path.isdir(source) else None
    single = isinstance(source, bytes | bytearray | memoryview | np.ndarray) or hasattr(source, "read")
    return None if single or not isinstance(source, Iterable) else list(score_stream(model, source))


def score_stream(
    model: Scorer,
    sources: Iterable[Source],
    *,
    batch: int = BATCH,
    workers: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> "Iterator[Score]":
    """Score images as they come.

    Args:
        model: what scores them.
        sources: paths, bytes, file objects, Pillow images or arrays; up to 2 × ``batch`` are taken ahead of results.
        batch: images in one window.
        workers: decoding threads; None for one a core, at most four.
        max_pixels: as in ``read_image``.

    Yields:
        One ``Score`` for each source, in order; for an image that cannot be scored, one with ``error`` set.

    Raises:
        ModelError: the model gives no scores, or needs a reference beside each image.
        ValueError: ``batch`` or ``workers`` below one, or ``sources`` is a single path.
    """
    from contrique.result import Score

    if model.full_reference:
        raise ModelError(f"{model.name} scores an image against its reference: use model.score(image, reference)")
    for name, features_D, error in feature_stream(model, sources, batch=batch, workers=workers, max_pixels=max_pixels):
        if features_D is None:
            yield Score.failed(name, error or "cannot be scored")
        else:
            yield model.to_score(name, features_D)


def feature_stream(
    model: Scorer,
    sources: Iterable[Source],
    *,
    batch: int = BATCH,
    workers: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[tuple[str, np.ndarray | None, str | None]]:
    """Features of images as they come.

    Args and errors are those of ``score_stream``; no regressor is needed.

    Yields:
        For each source, in order: its name, then its features (D,) and None, or None and the reason.
    """
    if isinstance(sources, str | bytes | os.PathLike):
        raise ValueError(f"expected an iterable of images, got one {type(sources).__name__}: put it in a list")
    workers = min(MOST_WORKERS, _cores()) if workers is None else workers
    if batch < 1 or workers < 1:
        raise ValueError(f"expected batch and workers of at least 1, got {batch} and {workers}")
    remaining = iter(sources)
    ended = False
    broken: Exception | None = None
    waiting: deque[tuple[str, Future[np.ndarray | str]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="contrique-decode")
    try:
        while True:
            while not ended and len(waiting) < 2 * batch:
                try:
                    source = next(remaining)
                except StopIteration:
                    ended = True
                except Exception as error:  # the caller's iterable failed: first give what it gave before
                    ended, broken = True, error
                else:
                    waiting.append((source_name(source), pool.submit(_load, source, model, max_pixels)))
            if not waiting:
                break
            window = [waiting.popleft() for _ in range(min(batch, len(waiting)))]
            results = _features(model, [future.result() for _, future in window])
            for (name, _), result in zip(window, results, strict=True):
                yield (name, None, result) if isinstance(result, str) else (name, result, None)
    finally:
        pool.shutdown(cancel_futures=True)
    if broken is not None:
        raise broken


def _load(source: Source, model: Scorer, max_pixels: int) -> np.ndarray | str:
    """Runs in a thread: what the model makes of one image, or why there is none."""
    try:
        return model.prepare(read_image(source, max_pixels=max_pixels))
    except ImageError as error:
        return error.reason
    except Exception as error:  # one image, whatever is wrong with it, never ends the run
        return _reason(error)


def _features(model: Scorer, images: list[np.ndarray | str]) -> list[np.ndarray | str]:
    """Features for each image of a window; reasons pass through."""
    results = list(images)
    good = {index: image for index, image in enumerate(images) if not isinstance(image, str)}
    if not good:
        return results
    try:
        for index, row in zip(good, model.features_of(list(good.values())), strict=True):
            results[index] = row
    except (ModelError, MissingExtra):
        raise  # the model's fault, not an image's
    except Exception:  # too much memory for the batch, say: each alone shows which one it was
        for index, image in good.items():
            try:
                results[index] = model.features_of([image])[0]
            except Exception as error:
                results[index] = _reason(error)
    return results


def _reason(error: Exception) -> str:
    return f"cannot be scored: {' '.join(str(error).split()) or type(error).__name__}"


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
