"""What a recipe would do, told beforehand: what is trained, on which images, for how long and in how much memory."""

import math
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from contrique.learning.corpora import Corpus, Images
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES
from contrique.learning.loader import shortages_named, worker_count
from contrique.learning.pretrain import check_shares
from contrique.learning.processes.distributed import joined
from contrique.learning.recipe import STARTS, Recipe
from contrique.learning.run.live import duration
from contrique.learning.run.trial import Trial, try_out
from contrique.learning.sources import Source
from contrique.learning.trainer import Trainer


@dataclass(frozen=True)
class Plan:
    """What :func:`dry_run` found.

    Attributes:
        text: all of it, for people.
        seconds: how long the run will take.
        memory: most memory in use at once, bytes: the process (or processes) and workers.
        fits: whether the machine has as much left.
        rank: number of this process among those of the run; 0 speaks for all.
    """

    text: str
    seconds: float
    memory: int
    fits: bool
    rank: int = 0


def dry_run(recipe: Recipe, *, encoder: nn.Module | None = None, progress: bool = True) -> Plan:
    """Try a recipe for a minute or two, and tell what carrying it out would be. Leaves no file behind.

    Args:
        recipe: what would be done. Under torchrun, by all of its processes.
        encoder: instead of the one the recipe names.
        progress: show a bar for decoding on stderr.

    Raises:
        ContriqueError: as training would.
    """
    with joined() as group, shortages_named():
        started = time.perf_counter()
        with group.together():
            check_shares(recipe, group)
            corpus = Corpus(recipe)
        trainer = Trainer(recipe, encoder=encoder, group=group)
        preparing = time.perf_counter() - started
        trial = try_out(trainer, corpus, progress and group.first)
        trial.preparing = preparing
        seconds = total_seconds(recipe, trial)
        lines = [*_what(recipe, trainer, corpus), *_images(corpus), *_machine(recipe, trainer), *_cost(recipe, trial)]
        text = "\n".join(f"{head:<12}{body}" for head, body in lines)
        return Plan(text, seconds, trial.memory, trial.fits, group.rank)


def total_seconds(recipe: Recipe, trial: Trial) -> float:
    """How long a run takes, from listing its images to its last checkpoint."""
    run, probes = recipe.run, 0.0
    if trial.probes and recipe.probe:
        first, later = trial.probes
        probes = first + (_probe_count(recipe) - 1) * later
    return (
        trial.preparing
        + trial.decoding
        + trial.starting
        + run.steps * trial.step
        + probes
        + _saves(recipe) * trial.saving
    )


def _probe_count(recipe: Recipe) -> int:
    """Before the first step, every so often, and after the last."""
    return 1 + math.ceil(recipe.run.steps / recipe.probe.every) if recipe.probe else 0


def _saves(recipe: Recipe) -> int:
    return math.ceil(recipe.run.steps / recipe.run.checkpoint_every)


def _weights(module: nn.Module) -> str:
    """How many weights of a module train, and how many do not."""
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in module.parameters()) - trained
    return f"{trained:,} weights train" + (f", {frozen:,} stay as they are" if frozen else "")


def _what(recipe: Recipe, trainer: Trainer, corpus: Corpus) -> list[tuple[str, str]]:
    batch, steps, synthetic = recipe.batch, recipe.run.steps, corpus.n_synthetic
    authentic = batch.images - synthetic
    start = recipe.encoder.start if recipe.encoder.start in STARTS else Path(recipe.encoder.start).name
    drawn = [
        f"each {kind} image {count * steps / len(images):.2g} times on average"
        for kind, count, images in (
            ("pristine", synthetic / batch.distortions_per_image, corpus.pristine),
            ("authentic", authentic, corpus.authentic),
        )
        if count
    ]
    classes = f"{N_CLASSES} of distortions ({len(NAMES)} types × {len(LEVELS)} levels, and undistorted)"
    own = f"{len(corpus.authentic):,}, each authentic image its own"
    return [
        ("recipe", recipe.name),
        ("encoder", f"{recipe.encoder.name}, start: {start}; {_weights(trainer.model.encoder)}"),
        ("projector", _weights(trainer.model.projector)),
        ("batch", f"{batch.images} images ({synthetic} synthetic, {authentic} authentic), each as 2 views of "
                  f"{batch.view_size}×{batch.view_size} px"),
        ("steps", f"{steps:,}: {2 * batch.images * steps:,} views; {', '.join(drawn)}"),
        ("classes", " + ".join([classes] * bool(synthetic) + [own] * bool(authentic))),
    ]  # fmt: skip


def _images(corpus: Corpus) -> list[tuple[str, str]]:
    lines = []
    for kind, images in (("pristine", corpus.pristine), ("authentic", corpus.authentic)):
        if not len(images):
            continue
        held = corpus.held_out if kind == "pristine" else []
        lines.append((kind, f"{len(images):,} images" + (f", {len(held)} of them kept for probes" if held else "")))
        lines += [("", f"  {line}") for line in _sources(images)]
    return lines + [("", note) for note in corpus.notes()]


def _sources(images: Images) -> list[str]:
    """A line for each source, and one for each licence in it."""
    lines = []
    for source, count, origins in images.origins():
        weight = f", weight {source.weight:g}" if source.weight is not None else ""
        about = f" ({source.about})" if source.about else ""
        lines.append(f"{_name(source)}: {count:,}{weight}{about}")
        licences: Counter[tuple[str, str]] = Counter()
        for (whose, licence), n in origins.items():
            licences[licence, whose] += n
        for licence in sorted({licence for licence, _ in licences}):
            of = {whose: n for (its, whose), n in sorted(licences.items()) if its == licence}
            named = ", ".join(f"{whose} {n:,}" for whose, n in of.items() if whose)
            told = licence or ("licence does not apply" if source.dead_leaves else "licence not stated")
            lines.append(f"  {told}: {sum(of.values()):,}" + (f" ({named})" if named else ""))
    return lines


def _name(source: Source) -> str:
    if source.dead_leaves:
        return f"dead leaves ({source.dead_leaves})"
    inside = [part for part in (source.folder, source.manifest) if part]
    return "/".join(inside) + (f" as {source.layout}" if source.layout else "") if inside else str(source.shards)


def _machine(recipe: Recipe, trainer: Trainer) -> list[tuple[str, str]]:
    group = trainer.group
    if trainer.device.type == "cuda":
        device = torch.cuda.get_device_name(trainer.device)
    else:
        threads = torch.get_num_threads()
        device = f"CPU, {threads} thread{'s' * (threads != 1)}"
    workers = worker_count(recipe, group)
    processes = f"{group.world} processes, each on " if group.world > 1 else ""
    views = f"{workers} worker{'s' * (workers != 1)} to make views" if workers else "views made in the same process"
    return [("device", f"{processes}{device}, {'bf16' if trainer.bf16 else 'fp32'}; {views}")]


def _cost(recipe: Recipe, trial: Trial) -> list[tuple[str, str]]:
    steps, views = recipe.run.steps, 2 * recipe.batch.images
    spread = f"{min(trial.steps):.3g}–{max(trial.steps):.3g} in {len(trial.steps)} timed"
    how = spread if trial.tried else "reckoned from a step on a few images"
    lines = [
        ("time", f"about {duration(total_seconds(recipe, trial))} in all"),
        ("", f"  {steps:,} steps of {trial.step:.3g} s ({how}): {views / trial.step:.1f} views/s"),
    ]
    if trial.preparing >= 1:
        lines.append(("", f"  {duration(trial.preparing)} to list the images and read the encoder's weights"))
    if trial.decoding >= 1:
        lines.append(("", f"  {duration(trial.decoding)} to decode images into memory"))
    if trial.probes:
        first, later = trial.probes
        lines.append(("", f"  {_probe_count(recipe)} probes of {later:.3g} s, the first {first:.3g} s"))
    if trial.saving:
        size = f"{trial.checkpoint / 1e6:.3g} MB"
        lines.append(("", f"  {_saves(recipe)} checkpoints of {trial.saving:.2g} s and {size}; at most 7 are kept"))
    if trial.decoded < 1:
        lines.append(("", f"  only {trial.decoded:.0%} of the images that the run keeps in memory were decoded to know "
                          "this: with all of them steps may be faster"))  # fmt: skip
    pixels = f", {trial.cache / 1e9:.2f} GB of it decoded images" if trial.cache else ""
    free = f"; {trial.free / 1e9:.2f} GB are free" if trial.free is not None else ""
    lines.append(("memory", f"{trial.memory / 1e9:.2f} GB at most, workers included{pixels}{free}"))
    if trial.device_memory is not None:
        lines.append(("", f"{trial.device_memory / 1e9:.2f} GB on the GPU"))
    if not trial.fits:
        lines.append(("", "THIS DOES NOT FIT: a smaller batch.images, batch.view_size or run.cache_gb needs less"))
    return lines
