"""The fine-tuning loop: a rater and ratings in; the weights of the epoch that agrees best with held-out images out.

    loss = mean (p − z)² + correlation · (1 − PLCC(p, z)) over a batch,      z = (rating − mean) / deviation

AdamW, linear warm-up and cosine, smaller rates in early layers; batch norms in eval mode throughout. After every epoch
the validation images are rated whole, and the state is written: a run that was stopped, or killed, goes on from its
last checkpoint to the weights of a run that never was.

Shapes: N images, B crops of a batch, V validation images.
"""

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from contrique.errors import ContriqueError
from contrique.evaluation.correlation import plcc, srocc
from contrique.images import read_image
from contrique.learning.optimizer import build_optimizer, learning_rate, set_learning_rate
from contrique.learning.run.checkpoints import load_checkpoint, newest_checkpoint, save_checkpoint
from contrique.learning.run.durable import write_atomically
from contrique.learning.run.live import LiveLine
from contrique.learning.run.stopping import StopFlag
from contrique.learning.trainer import keep_freed_memory
from contrique.learning.tuning.crops import Place, cut, places_of
from contrique.learning.tuning.network import Rater, set_trained
from contrique.learning.tuning.settings import WARMUP, WEIGHT_DECAY, Settings
from contrique.model import QualityModel

LOG, CHECKPOINTS, BEST = "log.jsonl", "checkpoints", "best.safetensors"
WORKERS = 4
"""Threads that decode the images of a batch."""

EVERY = 200
"""Steps between checkpoints, beside those at the end of an epoch and at a stop."""

EPSILON = 1e-6  # under the root of PLCC: z is of order 1


@dataclass
class Tuned:
    """How a run ended.

    Attributes:
        history: of each validated epoch, from 1: ``epoch``, ``loss`` and ``plcc`` (means over its batches), ``srocc``,
            ``plcc_held_out`` and ``mse`` (in units of the ratings' variance) on the validation images.
        steps: steps done.
        signal: the signal that stopped it, or None: then the rater holds the best epoch's weights.
    """

    history: list[dict[str, float]]
    steps: int
    signal: int | None

    @property
    def best(self) -> int:
        """Which epoch agrees best with the validation images, from 1."""
        return best_epoch(self.history)


def best_epoch(history: Sequence[dict[str, float]]) -> int:
    """The epoch of greatest SROCC on the validation images (the first of equals), from 1."""
    return max(history, key=lambda line: (line["srocc"], -line["epoch"]))["epoch"]  # type: ignore[return-value]


def batch_loss(predicted_B: Tensor, wanted_B: Tensor, correlation: float) -> tuple[Tensor, Tensor]:
    """Loss of a batch, and its PLCC.

    Args:
        predicted_B: standardised ratings, of two or more crops.
        wanted_B: those that people gave.
        correlation: weight of 1 − PLCC.
    """
    p_B, z_B = predicted_B - predicted_B.mean(), wanted_B - wanted_B.mean()
    plcc_ = (p_B * z_B).mean() / (p_B.square().mean() * z_B.square().mean() + EPSILON).sqrt()
    return (predicted_B - wanted_B).square().mean() + correlation * (1 - plcc_), plcc_


def tune(
    rater: Rater,
    model: QualityModel,
    paths: Sequence[Path],
    scores_N: np.ndarray,
    training: np.ndarray,
    validation: np.ndarray,
    settings: Settings,
    run: Path,
    *,
    same: dict[str, Any],
    progress: bool = False,
    warn: Callable[[str], object] = print,
) -> Tuned:
    """Tune, or go on with a run that was stopped.

    Args:
        rater: trained in place; holds the best epoch's weights when the run is finished.
        model: whose encoder the rater has; prepares images.
        paths: all rated images, readable.
        scores_N: their ratings.
        training: positions to learn from.
        validation: positions that choose the epoch.
        settings: how.
        run: folder of the run's state: checkpoints/, best.safetensors and log.jsonl; made if need be.
        same: JSON types that say what the run is: another run's checkpoints are refused.
        progress: show a live line on standard error.
        warn: given a line for each damaged checkpoint.

    Raises:
        ContriqueError: the checkpoints are another run's, or the loss is not finite.
        OSError: the disk is full or cannot be written.
    """
    keep_freed_memory()
    rater.to("cuda" if torch.cuda.is_available() else "cpu").to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    shares = set_trained(rater, settings.frozen)
    optimizer = build_optimizer(rater, "adamw", lr=settings.lr, weight_decay=WEIGHT_DECAY, shares=shares)
    batch = min(settings.batch, len(training))
    per_epoch = len(training) // batch
    steps = settings.epochs * per_epoch
    done, history, losses = _found(run, rater, optimizer, same, warn)
    wanted_N = rater.standard(scores_N)
    live = LiveLine(done, steps, show=progress)
    with StopFlag() as stop, ThreadPoolExecutor(WORKERS) as pool, _reopened(run / LOG, done, len(history)) as log:

        def crop(place: Place) -> list[np.ndarray]:
            image_HWC = model.prepare(read_image(paths[place.image]))
            return cut(image_HWC, place, settings.crop, model.preprocessing.scales)

        def tell(line: dict[str, float]) -> None:
            log.write(json.dumps(line) + "\n")
            log.flush()

        def keep() -> None:
            note = same | {"history": history, "losses": losses}
            save_checkpoint(run / CHECKPOINTS, done, rater, optimizer, note, steps=steps)

        while len(history) < settings.epochs and stop.signal is None:
            epoch, place = divmod(done, per_epoch)
            if len(history) < epoch:
                began = time.perf_counter()
                predicted_V = _rate_whole(rater, model, [paths[i] for i in validation], stop)
                if stop.signal is not None:
                    break
                live.pause(time.perf_counter() - began)
                history.append(_judged(epoch, losses, predicted_V, wanted_N[validation]))
                tell(history[-1])
                if progress:
                    live.above(_told(history[-1], settings.epochs))
                if best_epoch(history) == epoch:
                    weights = {name: value.cpu().contiguous() for name, value in rater.state_dict().items()}
                    write_atomically(run / BEST, save(weights))
                losses = []
                keep()
                continue
            places = places_of(training, settings.seed, epoch)[place * batch : (place + 1) * batch]
            wanted_B = torch.tensor(wanted_N[[one.image for one in places]], dtype=torch.float32)
            lr = learning_rate(done, steps=steps, peak=settings.lr, warmup=WARMUP)
            set_learning_rate(optimizer, lr)
            loss, agreement = batch_loss(
                rater.rate(list(pool.map(crop, places))), wanted_B.to(rater.bias.device), settings.correlation
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append([loss.item(), agreement.item()])
            if not np.isfinite(losses[-1][0]):
                raise ContriqueError(f"the loss is not finite at step {done + 1}: try a smaller --lr")
            done += 1
            tell({"step": done, "loss": round(losses[-1][0], 6), "plcc": round(losses[-1][1], 6), "lr": lr})
            live.update(done, losses[-1][0], batch)
            if done % EVERY == 0:
                keep()
        live.close()
        if len(history) < settings.epochs:
            keep()
            return Tuned(history, done, stop.signal)
    rater.load_state_dict(load_file(run / BEST))
    return Tuned(history, done, None)


def _found(
    run: Path, rater: Rater, optimizer: torch.optim.Optimizer, same: dict[str, Any], warn: Callable[[str], object]
) -> tuple[int, list[dict[str, float]], list[list[float]]]:
    """Steps done, epochs validated, and losses since, of the newest whole checkpoint, whose state is loaded."""
    run.mkdir(parents=True, exist_ok=True)
    newest = newest_checkpoint(run / CHECKPOINTS, warn)
    if newest is None:
        return 0, [], []
    note = load_checkpoint(newest, rater, optimizer)
    same = json.loads(json.dumps(same))
    if changed := [key for key in same if note.get(key) != same[key]]:
        before, now = note.get(changed[0]), same[changed[0]]
        raise ContriqueError(f"{run}: holds another run, whose {changed[0]} were {before}; now {now}")
    return note["step"], note["history"], note["losses"]


def _reopened(path: Path, steps: int, epochs: int) -> TextIO:
    """The log, open for more lines, without those of what will be done again."""
    kept = []
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # a last line cut short by a crash
                line = json.loads(text)
                if line.get("step", 0) <= steps and line.get("epoch", 0) <= epochs:
                    kept.append(text + "\n")
    write_atomically(path, "".join(kept))
    return path.open("a", encoding="utf-8")


def _rate_whole(rater: Rater, model: QualityModel, paths: Sequence[Path], stop: StopFlag) -> np.ndarray:
    """Standardised ratings (V,) of whole images; fewer when a signal came."""
    rated = []
    with torch.inference_mode():
        for path in paths:
            if stop.signal is not None:
                break
            rated.append(rater.rate([cut_whole(model, path)]).item())
    return np.array(rated)


def cut_whole(model: QualityModel, path: Path) -> list[np.ndarray]:
    """An image as the model sees it: at each scale."""
    image_HWC = model.prepare(read_image(path))
    return cut(image_HWC, Place(0, 0, 0, False), max(image_HWC.shape), model.preprocessing.scales)


def _judged(
    epoch: int, losses: Sequence[Sequence[float]], predicted_V: np.ndarray, wanted_V: np.ndarray
) -> dict[str, float]:
    loss, agreement = np.mean(losses, axis=0).tolist() if losses else (float("nan"), float("nan"))
    return {
        "epoch": epoch,
        "loss": round(loss, 6),
        "plcc": round(agreement, 6),
        "srocc": round(srocc(predicted_V, wanted_V), 6),
        "plcc_held_out": round(plcc(predicted_V, wanted_V), 6),
        "mse": round(float(np.mean((predicted_V - wanted_V) ** 2)), 6),
    }


def _told(line: dict[str, float], epochs: int) -> str:
    return (
        f"epoch {line['epoch']} of {epochs}: loss {line['loss']:.3f}, on held-out images SROCC {line['srocc']:.3f}, "
        f"PLCC {line['plcc_held_out']:.3f}"
    )
