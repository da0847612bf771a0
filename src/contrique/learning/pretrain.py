"""The pretraining loop: recipe in; checkpoints, a log and an encoder out. Stops and resumes anywhere with the same
result, in one process or in several that torchrun started."""

import contextlib
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import nn
from tqdm import tqdm

from contrique.errors import ContriqueError
from contrique.learning.ahead import on_device
from contrique.learning.corpora import Corpus
from contrique.learning.corpora.broken import Broken, BrokenList
from contrique.learning.loader import batches, shortages_named
from contrique.learning.probe import Probe
from contrique.learning.processes.distributed import ALONE, Group, joined, restarted
from contrique.learning.recipe import Recipe, versions
from contrique.learning.run.checkpoints import load_checkpoint, save_checkpoint
from contrique.learning.run.durable import sole_user, write_atomically
from contrique.learning.run.journal import Journal
from contrique.learning.run.run_folder import BROKEN, CHECKPOINTS, ENCODER, RECIPE, export, find_start, warn
from contrique.learning.run.stopping import StopFlag
from contrique.learning.trainer import Trainer


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: steps done.
        finished: whether that was all of them.
        signal: the signal that stopped it, or None.
        encoder: folder of the trained encoder, once finished.
        broken: name → reason of images that could not be used: the first thousand; broken.csv names all.
        unusable: how many there were.
        rank: number of this process among those of the run; only 0 wrote files.
    """

    step: int
    finished: bool
    signal: int | None
    encoder: Path | None
    broken: dict[str, str]
    unusable: int = 0
    rank: int = 0


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

    Writes into ``out``: recipe.json (the recipe with versions), log.jsonl (one line a step), probe.jsonl (one line a
    probe), tensorboard/ (both as scalars), broken.csv (images that cannot be used, if there are any), checkpoints/,
    encoder/ at the end. If torchrun started this process as one
    of several, they do it together and the first one writes; one that torchrun started again goes on, as with
    ``resume``.

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
            more; memory ran out; another process of the run was lost. Whatever stopped a run, its checkpoints up to
            then are intact.
        ToldElsewhere: another process of the run raises the error.
        OSError: the disk is full or cannot be written; likewise.
    """
    out = Path(out)
    with joined() as group, shortages_named(), contextlib.ExitStack() as stack:
        progress = progress and group.first
        with group.together():
            check_shares(recipe, group)
            corpus = Corpus(recipe)
            note = {"recipe": recipe.to_dict(), "corpus": corpus.digest()}
        group.same(f"the images in {recipe.data}", note["corpus"])
        resume = resume or bool(group.heard(restarted() or None))
        saved = None
        with group.together():
            if group.first:
                out.mkdir(parents=True, exist_ok=True)
                stack.enter_context(sole_user(out))
                saved = find_start(out, note, resume)
        trainer = Trainer(recipe, encoder=encoder, group=group)
        group.same("precision: whether the hardware multiplies in bf16", trainer.bf16)
        first = 0
        with group.together():
            if saved:
                first = int(load_checkpoint(saved, trainer.model, trainer.optimizer)["step"])
            if group.first:
                write_atomically(out / RECIPE, json.dumps(note | {"versions": versions()}, indent=1) + "\n")
            warm(corpus, recipe, progress, group)
        first = group.from_first(first)
        if first:
            group.share_state(trainer.model, trainer.optimizer)
        last = min(recipe.run.steps, recipe.run.steps if stop_after is None else stop_after)
        step, number, unusable = _train(trainer, corpus, out, note, first, last, progress)
        if step < recipe.run.steps:
            return Outcome(step, False, number, None, unusable.named, unusable.count, group.rank)
        with group.together():
            if group.first and not (out / ENCODER).exists():  # else it is whole: it got its name last
                export(recipe, trainer.model, corpus, unusable.count, out / ENCODER)
        return Outcome(step, True, None, out / ENCODER, unusable.named, unusable.count, group.rank)


def check_shares(recipe: Recipe, group: Group) -> None:
    """Refuse a batch that cannot be dealt to the processes in equal shares."""
    if recipe.batch.images % group.world:
        raise ContriqueError(
            f"recipe {recipe.name}: batch.images = {recipe.batch.images} cannot be dealt to {group.world} processes in "
            "equal shares"
        )


def _train(
    trainer: Trainer, corpus: Corpus, out: Path, note: dict[str, Any], first: int, last: int, progress: bool
) -> tuple[int, int | None, Broken]:
    """The steps first … last − 1, or fewer if a signal comes.

    Returns:
        Steps done, the signal that ended them or None, and the images that could not be used.
    """
    recipe, group = trainer.recipe, trainer.group
    listed = BrokenList(out / BROKEN)
    news = _all_broken(group, corpus.newly_broken())
    with group.together():
        if group.first:
            for words in corpus.notes():
                warn(words)
            for path, why in listed.add(news.items()):
                warn(f"{path}: {why}; left out")
    done, number, started = first, None, time.perf_counter()
    views_a_step = 2 * recipe.batch.images
    journal: Journal | None = None  # the first process's, and so is the probe
    probe: Probe | None = None
    with StopFlag() as stop, contextlib.ExitStack() as stack:
        made = on_device(batches(corpus, recipe, first, last, group), trainer.device)
        source = stack.enter_context(contextlib.closing(made))
        with group.together():
            if group.first:
                journal = stack.enter_context(Journal(out, first, recipe.run.steps, progress=progress))
                if recipe.probe:
                    contents = [corpus.pristine.load(index) for index in corpus.held_out]
                    probe = Probe(contents, recipe.batch.view_size, recipe.run.seed)
                    if not done:
                        journal.probe(done, probe(trainer.model.encoder))
        before = time.perf_counter()
        while done < last and number is None:
            with group.together():
                views, classes, own_broken = next(source)
            got = time.perf_counter()
            loss, lr = trainer.step(done, views, classes)
            now = time.perf_counter()
            number = max((number for _, number in group.heard(stop.signal or group.deserted())), default=None)
            news = _all_broken(group, own_broken)
            with group.together():
                if not np.isfinite(loss):
                    raise ContriqueError(
                        f"the loss is {loss} at step {done}: stopped; checkpoints up to then are intact (a lower "
                        f"optimizer.lr may help, in a new run)"
                    )
                done += 1
                line = {
                    "step": done,
                    "loss": round(loss, 6),
                    "lr": lr,
                    "views_per_second": round(views_a_step / (now - before), 2),
                    "data_wait": round((got - before) / (now - before), 4),
                    "seconds": round(now - started, 3),
                }
                if journal is not None:
                    for path, why in listed.add(news.items()):
                        journal.warn(f"{path}: {why}; left out")
                    if probe and recipe.probe and (done % recipe.probe.every == 0 or done == recipe.run.steps):
                        journal.probe(done, probe(trainer.model.encoder))
                    journal.step(line, views_a_step)
                    if done == last or number is not None or done % recipe.run.checkpoint_every == 0:
                        model, optimizer = trainer.model, trainer.optimizer
                        save_checkpoint(out / CHECKPOINTS, done, model, optimizer, note, steps=recipe.run.steps)
            before = time.perf_counter()
    return done, number, listed.broken


def _all_broken(group: Group, own: dict[str, str]) -> dict[str, str]:
    """Path → reason of broken images that any process met. Its workers tell each only once."""
    return {path: why for _, said in group.heard(own or None) for path, why in said.items()}


class _TimeIsUp(Exception):
    pass


def warm(corpus: Corpus, recipe: Recipe, progress: bool = True, group: Group = ALONE, seconds: float = math.inf) -> int:
    """Decode images into memory, before workers are forked: up to this process's share of the recipe's budget, or until
    time is up.

    Returns:
        How many images were looked at.
    """
    budget, threads = int(recipe.run.cache_gb * 1e9) // group.local_world, group.portion(os.cpu_count() or 2)
    if not budget:
        return 0
    cv2.setNumThreads(0)
    end, looked_at = time.perf_counter() + seconds, 0
    total = len(corpus.pristine) + len(corpus.authentic)
    with tqdm(total=total, desc="decoding", unit="image", disable=not progress, file=sys.stderr, leave=False,
              mininterval=0.5 if sys.stderr.isatty() else 30) as bar:  # fmt: skip

        def look(count: int) -> None:
            nonlocal looked_at
            looked_at += count
            bar.update(count)
            if time.perf_counter() > end:
                raise _TimeIsUp

        with contextlib.suppress(_TimeIsUp):
            used = corpus.pristine.warm(budget, threads, look)
            corpus.authentic.warm(budget - used, threads, look)
    return looked_at
