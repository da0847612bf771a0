"""A few steps of a run, really done, to know how long the whole will take and how much memory. Leaves no file behind.

What a run does is done here once, in its order: listing and decoding images, steps with the same workers and the same
batch, a probe, a checkpoint (into a temporary folder). First, steps on 4 and on 8 images tell whether the whole batch
can fit into memory: where it cannot, it is not tried.
"""

import contextlib
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from contrique.errors import ImageError
from contrique.learning.ahead import Batch, on_device
from contrique.learning.corpora import Corpus, Images
from contrique.learning.loader import batches
from contrique.learning.pretrain import warm
from contrique.learning.probe import Probe
from contrique.learning.run.checkpoints import save_checkpoint
from contrique.learning.run.memory import Peak, available, used
from contrique.learning.trainer import Trainer

DECODING = 60.0  # seconds of decoding at most
WARM_UP = 3  # steps that are not counted: workers start, batches made ahead are used up
TIMED = 10.0  # seconds of steps that are enough to go by
MOST = 103  # steps at most
SMALL = (4, 8)  # images of the steps that memory is judged by
_SAMPLED = 8  # images of each kind whose size is looked at


@dataclass
class Trial:
    """What was measured. Seconds and bytes; those of several processes together where not said otherwise.

    Attributes:
        tried: whether the whole batch was; if not, seconds and memory are reckoned from small ones.
        fits: whether the machine has the memory.
        preparing: listing images, reading the encoder's weights.
        decoding: all of the images that the run keeps in memory.
        decoded: share of them that was decoded here.
        cache: their pixels.
        starting: what the first steps take beyond later ones: workers start.
        steps: seconds of each step timed.
        probes: the first probe, and a later one; empty if the recipe asks for none.
        saving: a checkpoint; 0 if that was not possible.
        checkpoint: its size.
        memory: at most, this process and its workers, or of all processes.
        free: what the machine had left before, or None.
        device_memory: at most on this process's GPU, or None.
    """

    tried: bool = True
    fits: bool = True
    preparing: float = 0.0
    decoding: float = 0.0
    decoded: float = 1.0
    cache: int = 0
    starting: float = 0.0
    steps: list[float] = field(default_factory=list)
    probes: tuple[float, float] | None = None
    saving: float = 0.0
    checkpoint: int = 0
    memory: int = 0
    free: int | None = None
    device_memory: int | None = None

    @property
    def step(self) -> float:
        """Seconds of a step, on average."""
        return sum(self.steps) / len(self.steps)


def try_out(trainer: Trainer, corpus: Corpus, progress: bool = True) -> Trial:
    """Measure. In several processes, all of them do so together.

    Args:
        trainer: of the run; its weights move.
        corpus: its images.
        progress: show a bar for decoding on stderr.

    Raises:
        ContriqueError: as training would.
    """
    recipe, group = trainer.recipe, trainer.group
    trial, before = Trial(free=available()), used()
    trial.cache, images = _to_decode(corpus, int(recipe.run.cache_gb * 1e9) // group.local_world)
    small = _small_steps(trainer, corpus, trial)
    if small:
        more = (trial.memory - before) * group.local_world
        trial.fits = trial.tried = group.from_first(trial.free is None or more < trial.free)
        if not trial.tried:
            trial.steps, trial.memory = [small], trial.memory * group.world
            return trial
    with Peak() as peak:
        started = time.perf_counter()
        decoded = warm(corpus, recipe, progress, group, DECODING)
        trial.decoding = time.perf_counter() - started
        if trial.decoding >= DECODING and decoded < images:
            trial.decoded = decoded / images
            trial.decoding /= trial.decoded
        probe, probing = None, list[float]()
        if recipe.probe and group.first:
            probe = Probe([corpus.pristine.load(i) for i in corpus.held_out], recipe.batch.view_size, recipe.run.seed)
            probing.append(probe(trainer.model.encoder)["seconds"])
        with contextlib.closing(on_device(batches(corpus, recipe, 0, MOST, group), trainer.device)) as source:
            _time_steps(trainer, source, trial)
            if probe:
                trial.probes = probing[0], probe(trainer.model.encoder)["seconds"]
            if group.first:  # as in a run, the workers are there meanwhile
                _save(trainer, trial)
    own = peak.value + int((1 - trial.decoded) * trial.cache)
    trial.memory = sum(memory for _, memory in group.heard(own))
    trial.fits = trial.free is None or (own - before) * group.local_world < trial.free
    if trainer.device.type == "cuda":
        trial.device_memory = torch.cuda.max_memory_reserved(trainer.device)
    return trial


def _to_decode(corpus: Corpus, budget: int) -> tuple[int, int]:
    """Bytes of pixels, and number of images, that a run keeps in memory; from the size of some images."""
    sizes: list[int] = []
    counts = []
    for images in (corpus.pristine, corpus.authentic):
        sampled = _sizes(images)
        sizes += [round(float(np.mean(sampled)))] if sampled else [0]
        counts.append(len(images))
    cache = looked_at = 0
    for size, count in zip(sizes, counts, strict=True):
        fitting = min(count, (budget - cache) // size) if size else 0
        cache, looked_at = cache + fitting * size, looked_at + fitting
    return cache, looked_at


def _sizes(images: Images) -> list[int]:
    found = []
    for index in np.linspace(0, len(images) - 1, min(_SAMPLED, len(images)), dtype=int).tolist():
        with contextlib.suppress(ImageError):
            found.append(images.load(index).nbytes)
    return found


def _small_steps(trainer: Trainer, corpus: Corpus, trial: Trial) -> float | None:
    """Step on few images; reckon the whole batch's memory into the trial, and return its seconds. None if the batch is
    small itself, or on a GPU, which says by itself when its memory is not enough."""
    group = trainer.group
    share = trainer.recipe.batch.images // group.world
    if trainer.device.type == "cuda" or share <= 2 * SMALL[-1]:
        return None
    peaks, seconds = [], 0.0
    for count in SMALL:
        samples = corpus.samples(0, 0, count)
        views, classes = torch.from_numpy(samples.view_N2SSC), torch.from_numpy(samples.class_N)
        with Peak() as peak:
            started = time.perf_counter()
            trainer.step(0, views, classes)
            seconds = time.perf_counter() - started
        peaks.append(peak.value)
    an_image = max(0, peaks[1] - peaks[0]) / (SMALL[1] - SMALL[0])
    trial.memory = round(peaks[1] + an_image * (share - SMALL[1]) + trial.cache)
    return seconds * share / SMALL[1]


def _time_steps(trainer: Trainer, source: Generator[Batch, None, None], trial: Trial) -> None:
    seconds: list[float] = []
    before = time.perf_counter()
    for step, (views, classes, _) in enumerate(source):
        trainer.step(min(step, trainer.recipe.run.steps - 1), views, classes)
        now = time.perf_counter()
        seconds.append(now - before)
        before = now
        if trainer.group.from_first(_enough(seconds)):
            break
    trial.steps = seconds[WARM_UP:] or seconds[-1:]
    trial.starting = max(0.0, sum(seconds[:WARM_UP]) - min(WARM_UP, len(seconds)) * trial.step)


def _enough(seconds: list[float]) -> bool:
    """Whether the steps so far are enough to go by."""
    counted = seconds[WARM_UP:]
    if len(counted) >= 8:
        return sum(counted) >= TIMED
    return (len(counted) >= 3 and sum(counted) >= 2 * TIMED) or sum(seconds) >= 12 * TIMED


def _save(trainer: Trainer, trial: Trial) -> None:
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        path = save_checkpoint(Path(folder), 1, trainer.model, trainer.optimizer, {}, steps=trainer.recipe.run.steps)
        trial.saving, trial.checkpoint = time.perf_counter() - started, path.stat().st_size
