"""From a corpus to a stream of batches: worker processes make the views of coming steps while this one is computed."""

import atexit
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from contrique.errors import ContriqueError
from contrique.learning.corpora import Corpus
from contrique.learning.processes.distributed import ALONE, Group
from contrique.learning.recipe import Recipe

_REFUSED = re.compile("can't allocate memory|Cannot allocate memory|Insufficient memory|bad_alloc", re.IGNORECASE)

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

PIECE = 16  # samples a worker makes at a time: a step's samples come from several workers at once


class _Pieces(Dataset[dict[str, Any]]):
    """Item i is piece i of the steps' samples, as tensors (workers hand these over in shared memory)."""

    def __init__(self, corpus: Corpus, bounds: list[tuple[int, int]]) -> None:
        self._corpus, self._bounds = corpus, bounds

    def __getitem__(self, item: int) -> dict[str, Any]:
        step, piece = divmod(item, len(self._bounds))
        try:
            with shortages_named():
                samples = self._corpus.samples(step, *self._bounds[piece])
        except ContriqueError as error:
            return {"error": str(error)}  # raised again by the parent, without a worker's traceback around it
        return {
            "views": torch.from_numpy(samples.view_N2SSC),
            "classes": torch.from_numpy(samples.class_N),
            "broken": samples.broken,
        }


def _quiet_worker(_: int) -> None:
    """A worker leaves other cores alone, and stopping to its parent, even when a signal goes to the whole group.

    The parent tells it to end when the batches are closed; if the parent is killed, so is the worker (elsewhere than on
    Linux it notices after five seconds): memory is free again before a resumed run needs it.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(0)


_running: list[Any] = []
"""Iterators whose workers run. They are ended by name, not when they are collected: an exception's traceback, or
whoever left the batches open, can keep one to the end of the process, which would wait for workers deaf to signals."""


def _end_workers(iterator: Any) -> None:
    if iterator in _running:
        _running.remove(iterator)
        iterator._shutdown_workers()  # private to torch, whose version is pinned; its public way is to be collected


@atexit.register
def _end_all_workers() -> None:
    for iterator in list(_running):
        _end_workers(iterator)


@contextlib.contextmanager
def shortages_named() -> Iterator[None]:
    """Turn what a shortage of memory looks like into one clear error: a worker that was killed (which PyTorch may
    report anywhere in the training process), or memory refused by the system or the GPU."""
    try:
        yield
    except (MemoryError, RuntimeError, cv2.error) as error:
        first_line = str(error).partition("\n")[0]
        if "DataLoader worker (pid" in first_line:
            raise ContriqueError(f"a process that makes views was lost (out of memory?): {first_line}") from error
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or _REFUSED.search(str(error)):
            raise ContriqueError(
                f"out of memory ({first_line}); a smaller batch, fewer workers or a smaller cache_gb need less"
            ) from error
        raise


def worker_count(recipe: Recipe, group: Group = ALONE) -> int:
    """How many worker processes make views for this process: its portion of what the recipe asks for.

    If it leaves that open: half the cores where they compute the steps too, all but one beside GPUs.
    """
    asked, cores = recipe.run.workers, os.cpu_count() or 2
    free = cores - 1 if torch.cuda.is_available() else cores // 2
    return group.portion(asked if asked >= 0 else max(1, free))


def batches(
    corpus: Corpus, recipe: Recipe, first: int = 0, last: int | None = None, group: Group = ALONE
) -> Generator[tuple[Tensor, Tensor, dict[str, str]], None, None]:
    """Batches of the steps first … last − 1 (to the recipe's end if not given), made ahead by worker processes.

    Of several processes each makes its own part of every batch, with its portion of the machine's workers.

    Yields:
        uint8 views (B, 2, S, S, 3), int64 classes (B,), and newly met broken images.

    Raises:
        ContriqueError: images cannot be read any more.
    """
    cv2.setNumThreads(0)  # before forking: OpenCV's thread pool does not survive it
    workers = worker_count(recipe, group)
    bounds = [
        (start, min(start + PIECE, part.stop))
        for part in group.places(recipe.batch.images, corpus.n_synthetic)
        for start in range(part.start, part.stop, PIECE)
    ]
    items = range(first * len(bounds), (recipe.run.steps if last is None else last) * len(bounds))
    if not items:
        return
    ahead: dict[str, Any] = {}
    if workers:
        ahead = {"prefetch_factor": max(2, -(-2 * len(bounds) // workers)), "multiprocessing_context": "fork"}
    loader = DataLoader(
        _Pieces(corpus, bounds),
        sampler=items,
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_quiet_worker,
        **ahead,
    )
    pieces_made = iter(loader)
    if workers:
        _running.append(pieces_made)
    part: list[dict[str, Any]] = []
    try:
        for _ in items:
            try:
                part.append(next(pieces_made))
            except (ConnectionError, EOFError) as error:  # while it was handing over tensors
                raise ContriqueError(f"a process that makes views was lost (out of memory?): {error}") from error
            if "error" in part[-1]:
                raise ContriqueError(part[-1]["error"])
            if len(part) == len(bounds):
                broken = {path: why for p in part for path, why in p["broken"].items()}
                yield torch.cat([p["views"] for p in part]), torch.cat([p["classes"] for p in part]), broken
                part = []
    finally:
        if workers:
            _end_workers(pieces_made)
