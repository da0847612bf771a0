"""The pretraining loop: recipe in; checkpoints, a log and an encoder out. Stops and resumes anywhere with the same
result."""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast

import cv2
import numpy as np
import torch
from torch import Tensor, nn
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
from contrique.learning.loader import batches, lost_workers_named
from contrique.learning.loss import contrastive_loss
from contrique.learning.optimizer import build_optimizer, learning_rate, set_learning_rate, trained_parameters
from contrique.learning.projector import GRID, Contrast
from contrique.learning.recipe import Recipe, public_part, result_part, versions

RECIPE, LOG, CHECKPOINTS, ENCODER = "recipe.json", "log.jsonl", "checkpoints", "encoder"


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


def keep_freed_memory() -> None:
    """Ask the C library to keep what is freed for the next step instead of handing it back to the system.

    A step allocates and frees the same gigabytes of activations again and again; by default glibc maps each of them
    anew and the kernel clears every page. Measured on 2 CPU cores (EfficientNet-Lite0 with side network, 64 views of
    256 px): 203 ms a view before, 82 ms after. Elsewhere than on Linux with glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    m_trim_threshold, m_mmap_threshold, largest = -1, -3, 2**31 - 1  # malloc.h
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(m_mmap_threshold, 2**30)
        libc.mallopt(m_trim_threshold, largest)


def hardware_has_bf16(device: torch.device) -> bool:
    """Whether bf16 is multiplied by hardware there; on a CPU without it, bf16 convolutions are tens of times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    supported = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(check() for check in supported if check is not None)


class Trainer:
    """Model, optimizer and one training step.

    Args:
        recipe: what to train.
        device: where; CUDA if there is one when not given.
        encoder: trained instead of the one the recipe names.
    """

    def __init__(self, recipe: Recipe, device: torch.device | None = None, encoder: nn.Module | None = None) -> None:
        self.recipe = recipe
        keep_freed_memory()
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.run.seed)
        if encoder is None:
            try:
                encoder = cast(nn.Module, encoders.build(recipe.encoder.name, recipe.encoder.start))
            except ValueError as error:
                raise ContriqueError(f"recipe {recipe.name}: encoder: {error}") from error
        self.model = Contrast(encoder).train().to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        part = recipe.optimizer
        self.optimizer = build_optimizer(
            self.model, part.name, lr=part.lr, weight_decay=part.weight_decay, momentum=part.momentum
        )
        self.bf16 = recipe.run.precision == "bf16" or (
            recipe.run.precision == "auto" and hardware_has_bf16(self.device)
        )

    def step(self, step: int, view_B2SSC: Tensor, class_B: Tensor) -> tuple[float, float]:
        """One step on one batch.

        Returns:
            Loss before the step, and the learning rate used.
        """
        part = self.recipe.optimizer
        lr = learning_rate(step, steps=self.recipe.run.steps, peak=part.lr, warmup=part.warmup)
        set_learning_rate(self.optimizer, lr)
        torch.manual_seed(self.recipe.run.seed + step)  # for encoders that draw (dropout): nothing to carry over
        view_NSSC = view_B2SSC.to(self.device).flatten(0, 1)
        class_N = class_B.to(self.device).repeat_interleave(2 * GRID**2)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            z_ND = self.model(view_NSSC)
        loss = contrastive_loss(z_ND, class_N, self.recipe.temperature)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if part.clip:
            nn.utils.clip_grad_norm_(trained_parameters(self.model).values(), part.clip)
        self.optimizer.step()
        return loss.item(), lr


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
        _open_log(out / LOG, first) as log,
        tqdm(total=recipe.run.steps, initial=first, unit="step", disable=not progress, file=sys.stderr,
             mininterval=0.5 if sys.stderr.isatty() else 30) as bar,
    ):  # fmt: skip
        source = stack.enter_context(contextlib.closing(batches(corpus, recipe, first, last)))
        before = time.perf_counter()
        for views, classes, newly_broken in source:
            got = time.perf_counter()
            loss, lr = trainer.step(step, views, classes)
            if not np.isfinite(loss):
                raise ContriqueError(f"the loss is {loss} at step {step}: stopped; checkpoints up to then are intact")
            step, seen, now = step + 1, seen + 2 * len(views), time.perf_counter()
            for path in newly_broken.keys() - broken.keys():  # every worker meets a broken image for itself
                bar.write(f"warning: {path}: {newly_broken[path]}; left out", file=sys.stderr)
            broken |= newly_broken
            line = {
                "step": step,
                "loss": round(loss, 6),
                "lr": lr,
                "views_per_second": round(2 * len(views) / (now - before), 2),
                "data_wait": round((got - before) / (now - before), 4),
                "seconds": round(now - started, 3),
            }
            log.write(json.dumps(line) + "\n")
            log.flush()
            bar.set_postfix(loss=f"{loss:.3f}", views_s=f"{seen / (now - started):.1f}", refresh=False)
            bar.update()
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


def _open_log(path: Path, first: int) -> TextIO:
    """Open the log for more lines, without those of steps that will be done again."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            with contextlib.suppress(json.JSONDecodeError):  # a last line cut short by a crash
                if json.loads(line)["step"] <= first:
                    kept.append(line)
    write_atomically(path, "".join(kept))
    return path.open("a", encoding="utf-8")


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
