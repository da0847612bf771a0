"""The pretraining loop: recipe in; checkpoints, a log and an encoder out. Stops and resumes anywhere with the same
result."""

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast

import cv2
import numpy as np
from torch import nn
from tqdm import tqdm

from contrique.errors import ContriqueError
from contrique.learning import encoders
from contrique.learning.checkpoints import (
    all_checkpoints,
    load_checkpoint,
    read_note,
    save_checkpoint,
    write_atomically,
)
from contrique.learning.corpora import Corpus
from contrique.learning.export import save_encoder
from contrique.learning.journal import Journal
from contrique.learning.loader import batches, lost_workers_named
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
        resume: go on from the newest checkpoint in ``out``; the recipe must be the same up to how it is carried out.
        stop_after: stop, with a checkpoint, once this many steps are done.
        encoder: trained instead of the one the recipe names (for experiments).
        progress: show bars on stderr.

    Returns:
        How it ended. SIGINT and SIGTERM end it after the step at hand, with a checkpoint.

    Raises:
        ContriqueError: ``out`` holds a run and ``resume`` was not asked for, or there is none to resume, or it was of
            another recipe or other images; or the loss became NaN or infinite (earlier checkpoints are left intact).
    """
    out = Path(out)
    corpus = Corpus(recipe)
    saved = all_checkpoints(out / CHECKPOINTS)
    _check_output(out, recipe, corpus, resume)
    trainer = Trainer(recipe, encoder=encoder)
    first = int(load_checkpoint(saved[-1], trainer.model, trainer.optimizer)["step"]) if saved else 0
    last = min(recipe.run.steps, recipe.run.steps if stop_after is None else stop_after)
    out.mkdir(parents=True, exist_ok=True)
    note = {"recipe": recipe.to_dict(), "corpus": corpus.digest()}
    write_atomically(out / RECIPE, json.dumps(note | {"versions": versions()}, indent=1) + "\n")
    warm(corpus, recipe, progress)
    broken = corpus.broken()
    step, seen, started = first, 0, time.perf_counter()

    def save() -> None:
        save_checkpoint(out / CHECKPOINTS, step, trainer.model, trainer.optimizer, note)

    with (
        lost_workers_named(),
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
                raise ContriqueError(f"the loss is {loss} at step {step}: stopped; checkpoints up to then are intact")
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
    training = {
        "method": "CONTRIQUE",
        "recipe": public_part(recipe.to_dict()),
        "versions": versions(),
        "images": {"pristine": len(corpus.pristine), "authentic": len(corpus.authentic), "unusable": len(broken)},
    }
    trained = cast(encoders.Encoder, trainer.model.encoder.cpu().eval())
    return Outcome(step, True, None, save_encoder(trained, out / ENCODER, name=recipe.name, training=training), broken)


def _check_output(out: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> None:
    """Refuse to overwrite a run, or to resume what is not this run."""
    saved = all_checkpoints(out / CHECKPOINTS)
    if not resume:
        if saved or (out / RECIPE).exists():
            raise ContriqueError(f"{out}: holds a run already; go on with it (--resume) or choose another folder")
        return
    if not saved:
        if not (out / RECIPE).exists():
            raise ContriqueError(f"{out}: no run here to resume")
        return  # stopped before its first checkpoint: from the start
    note = read_note(saved[-1])
    then, now = result_part(note["recipe"]), result_part(json.loads(json.dumps(recipe.to_dict())))
    if changed := [key for key in now if then.get(key) != now[key]]:
        raise ContriqueError(
            f"{out}: was run with another recipe: {changed[0]} was {then.get(changed[0])}, is {now[changed[0]]}"
        )
    if note["corpus"] != corpus.digest():
        raise ContriqueError(f"{out}: was run on other images than those in {recipe.data} now")


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
        tqdm.write(f"warning: {path}: {why}; left out", file=sys.stderr)


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
