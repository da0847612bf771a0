"""The pretraining loop: recipe in; checkpoints, a log and an encoder out. Stops and resumes anywhere with the same
result."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast

import cv2
import numpy as np
from safetensors import SafetensorError
from torch import nn
from tqdm import tqdm

from contrique.errors import ContriqueError
from contrique.learning import encoders
from contrique.learning.checkpoints import (
    all_checkpoints,
    load_checkpoint,
    newest_checkpoint,
    read_note,
    save_checkpoint,
)
from contrique.learning.corpora import Corpus
from contrique.learning.durable import partial, publish_folder, remove_leftovers, sole_user, write_atomically
from contrique.learning.export import save_encoder
from contrique.learning.journal import Journal
from contrique.learning.loader import batches, shortages_named
from contrique.learning.recipe import Recipe, public_part, result_part, versions
from contrique.learning.trainer import Trainer

RECIPE, CHECKPOINTS, ENCODER = "recipe.json", "checkpoints", "encoder"


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: steps done.
        finished: whether that was all of them.
        signal: the signal that stopped it, or None.
        encoder: folder of the trained encoder, once finished.
        broken: path → reason of images that could not be used.
    """

    step: int
    finished: bool
    signal: int | None
    encoder: Path | None
    broken: dict[str, str]


def pretrain(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    stop_after: int | None = None,
    encoder: nn.Module | None = None,
    progress: bool = True,
) -> Outcome:
    """Carry out a recipe.

    Writes into ``out``: recipe.json (the recipe with versions), log.jsonl (one line a step), checkpoints/, encoder/
    at the end.

    Args:
        recipe: what to do.
        out: folder of the run.
        resume: go on from the newest whole checkpoint in ``out``, or start if there is none; the recipe must be the
            same up to how it is carried out.
        stop_after: stop, with a checkpoint, once this many steps are done.
        encoder: trained instead of the one the recipe names (for experiments).
        progress: show bars on stderr.

    Returns:
        How it ended. SIGINT and SIGTERM end it after the step at hand, with a checkpoint.

    Raises:
        ContriqueError: ``out`` holds a run and ``resume`` was not asked for, or it was of another recipe or other
            images, or another process is carrying it out; the loss became NaN or infinite; images cannot be read any
            more; memory ran out. Whatever stopped a run, its checkpoints up to then are intact.
        OSError: the disk is full or cannot be written; likewise.
    """
    out = Path(out)
    corpus = Corpus(recipe)
    note = {"recipe": recipe.to_dict(), "corpus": corpus.digest()}
    out.mkdir(parents=True, exist_ok=True)
    with sole_user(out), shortages_named():
        saved = _find_start(out, note, resume)
        return _carry_out(recipe, out, corpus, note, saved, stop_after, encoder, progress)


def _carry_out(
    recipe: Recipe,
    out: Path,
    corpus: Corpus,
    note: dict[str, Any],
    saved: Path | None,
    stop_after: int | None,
    encoder: nn.Module | None,
    progress: bool,
) -> Outcome:
    trainer = Trainer(recipe, encoder=encoder)
    first = int(load_checkpoint(saved, trainer.model, trainer.optimizer)["step"]) if saved else 0
    last = min(recipe.run.steps, recipe.run.steps if stop_after is None else stop_after)
    write_atomically(out / RECIPE, json.dumps(note | {"versions": versions()}, indent=1) + "\n")
    warm(corpus, recipe, progress)
    broken = corpus.broken()
    step, seen, started = first, 0, time.perf_counter()

    def save() -> None:
        save_checkpoint(out / CHECKPOINTS, step, trainer.model, trainer.optimizer, note, steps=recipe.run.steps)

    with (
        contextlib.ExitStack() as stack,
        _StopFlag() as stop,
        Journal(out, first, recipe.run.steps, progress=progress) as journal,
    ):
        source = stack.enter_context(contextlib.closing(batches(corpus, recipe, first, last)))
        before = time.perf_counter()
        for views, classes, newly_broken in source:
            got = time.perf_counter()
            loss, lr = trainer.step(step, views, classes)
            if not np.isfinite(loss):
                raise ContriqueError(
                    f"the loss is {loss} at step {step}: stopped; checkpoints up to then are intact (a lower "
                    f"optimizer.lr may help, in a new run)"
                )
            step, seen, now = step + 1, seen + 2 * len(views), time.perf_counter()
            for path in newly_broken.keys() - broken.keys():  # every worker meets a broken image for itself
                journal.warn(f"{path}: {newly_broken[path]}; left out")
            broken |= newly_broken
            line = {
                "step": step,
                "loss": round(loss, 6),
                "lr": lr,
                "views_per_second": round(2 * len(views) / (now - before), 2),
                "data_wait": round((got - before) / (now - before), 4),
                "seconds": round(now - started, 3),
            }
            journal.step(line, seen / (now - started))
            before = now
            ending = step >= last or stop.signal is not None
            if ending or step % recipe.run.checkpoint_every == 0:
                save()
            if ending:
                break
    if step < recipe.run.steps:
        return Outcome(step, False, stop.signal, None, broken)
    if not (out / ENCODER).exists():  # else it is whole: it got its name last
        _export(recipe, trainer, corpus, len(broken), out / ENCODER)
    return Outcome(step, True, None, out / ENCODER, broken)


def _export(recipe: Recipe, trainer: Trainer, corpus: Corpus, unusable: int, folder: Path) -> None:
    """Write the trained encoder's folder, which is there whole or not at all."""
    training = {
        "method": "CONTRIQUE",
        "recipe": public_part(recipe.to_dict()),
        "versions": versions(),
        "images": {"pristine": len(corpus.pristine), "authentic": len(corpus.authentic), "unusable": unusable},
    }
    trained = cast(encoders.Encoder, trainer.model.encoder.cpu().eval())
    try:
        save_encoder(trained, partial(folder), name=recipe.name, training=training)
        publish_folder(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial(folder), ignore_errors=True)
        raise OSError(f"{folder}: cannot write the encoder: {error}; the last checkpoint is intact") from error


def _find_start(out: Path, now: dict[str, Any], resume: bool) -> Path | None:
    """The checkpoint to go on from, None for the beginning; refuses to overwrite a run, or to resume what is not this
    run."""
    started = (out / RECIPE).exists()
    if not resume:
        if started or all_checkpoints(out / CHECKPOINTS):
            raise ContriqueError(f"{out}: holds a run already; go on with it (--resume) or choose another folder")
        return None
    for folder in (out, out / CHECKPOINTS):
        remove_leftovers(folder)
    saved = newest_checkpoint(out / CHECKPOINTS, _warn)
    if saved is None:
        _warn(f"{out}: no whole checkpoint to go on from: starting from the beginning")
    if saved or started:
        then = read_note(saved) if saved else json.loads((out / RECIPE).read_text(encoding="utf-8"))
        _check_same(out, then, now)
    return saved


def _check_same(out: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    before, after = result_part(then["recipe"]), result_part(json.loads(json.dumps(now["recipe"])))
    if changed := [key for key in after if before.get(key) != after[key]]:
        raise ContriqueError(
            f"{out}: was run with another recipe: {changed[0]} was {before.get(changed[0])}, is {after[changed[0]]}"
        )
    if then["corpus"] != now["corpus"]:
        raise ContriqueError(f"{out}: was run on other images than those in {now['recipe']['data']} now")


def _warn(text: str) -> None:
    tqdm.write(f"warning: {text}", file=sys.stderr)


def warm(corpus: Corpus, recipe: Recipe, progress: bool = True) -> None:
    """Decode images into memory up to the recipe's budget, before workers are forked."""
    budget = int(recipe.run.cache_gb * 1e9)
    if not budget:
        return
    cv2.setNumThreads(0)
    total = len(corpus.pristine) + len(corpus.authentic)
    with tqdm(total=total, desc="decoding", unit="image", disable=not progress, file=sys.stderr, leave=False,
              mininterval=0.5 if sys.stderr.isatty() else 30) as bar:  # fmt: skip
        used = corpus.pristine.warm(budget, os.cpu_count() or 2, bar.update)
        corpus.authentic.warm(budget - used, os.cpu_count() or 2, bar.update)
    for path, why in corpus.broken().items():
        _warn(f"{path}: {why}; left out")


class _StopFlag:
    """While entered, SIGINT and SIGTERM are noted instead of obeyed; a second one is obeyed."""

    signal: int | None = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        signal.signal(number, self._old[number])

    def __enter__(self) -> "_StopFlag":
        self._old: dict[int, Any] = {}
        with contextlib.suppress(ValueError):  # signals are the main thread's: elsewhere there is nothing to catch
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
