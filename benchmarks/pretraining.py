"""How many views a second does pretraining make: the whole pipeline, data alone, compute alone?

    python benchmarks/pretraining.py recipes/quick.toml [--steps 10] [--workers N] [--data DIR]

Whole pipeline: `contrique pretrain`'s own loop, timed after its first two steps. Data alone: the same workers, batches
thrown away. Compute alone: training steps on one batch that stays in memory, no workers running. Decoding into memory
(the recipe's cache) happens once before all three and is not timed. The last column is the processor time of all
processes together: what a view costs where other work shares the machine.
"""

import argparse
import dataclasses
import os
import platform
import time
from collections.abc import Iterable, Iterator

import torch

from contrique.learning.corpora import Corpus
from contrique.learning.loader import batches
from contrique.learning.pretrain import warm
from contrique.learning.recipe import Recipe, read_recipe, versions
from contrique.learning.trainer import Trainer

WARM_UP = 2  # steps before the clock starts: queues fill, kernels are chosen


def cpu_seconds() -> float:
    """Of this process and its workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def rate(batches_done: Iterable[int], warm_up: int = WARM_UP) -> tuple[float, float]:
    """Views a second, and CPU seconds a view, of something that yields a number of views after each batch."""
    before, everything, views, started = cpu_seconds(), 0, 0, time.perf_counter()
    for i, count in enumerate(batches_done):
        everything += count
        views = views + count if i >= warm_up else 0
        if i < warm_up:
            started = time.perf_counter()
        ended = time.perf_counter()
    return views / (ended - started), (cpu_seconds() - before) / everything


def whole(recipe: Recipe, corpus: Corpus, trainer: Trainer) -> Iterator[int]:
    for step, (views, classes, _) in enumerate(batches(corpus, recipe)):
        trainer.step(step, views, classes)
        yield 2 * len(views)


def data_alone(recipe: Recipe, corpus: Corpus) -> Iterator[int]:
    for views, _, _ in batches(corpus, recipe):
        yield 2 * len(views)


def compute_alone(recipe: Recipe, corpus: Corpus, trainer: Trainer) -> Iterator[int]:
    one = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=0))
    views, classes, _ = next(batches(corpus, one))
    for step in range(recipe.run.steps):
        trainer.step(step, views, classes)
        yield 2 * len(views)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--data")
    args = parser.parse_args()
    words = {"steps": args.steps + WARM_UP} | ({} if args.workers is None else {"workers": args.workers})
    recipe = read_recipe(args.recipe, data=args.data, **words)
    corpus, trainer = Corpus(recipe), Trainer(recipe)
    warm(corpus, recipe)
    rows = [
        ("whole pipeline", rate(whole(recipe, corpus, trainer))),
        ("data alone", rate(data_alone(recipe, corpus))),
        ("compute alone", rate(compute_alone(recipe, corpus, trainer))),
    ]
    device = torch.cuda.get_device_name() if trainer.device.type == "cuda" else platform.machine()
    print(f"recipe {recipe.name}: {recipe.batch.images} images a step, views {recipe.batch.view_size} px, ", end="")
    print(f"{'bf16' if trainer.bf16 else 'fp32'}, encoder {recipe.encoder.name}, {args.steps} steps timed")
    print(f"machine: {device}, {os.cpu_count()} CPU cores, {torch.get_num_threads()} compute threads, ", end="")
    print(f"workers {recipe.run.workers}, torch {versions()['torch']}")
    print(f"{'':16} {'views/s':>9} {'ms/view':>9} {'CPU ms/view':>12}")
    for name, (views_per_second, cpu) in rows:
        print(f"{name:16} {views_per_second:9.1f} {1000 / views_per_second:9.2f} {1000 * cpu:12.2f}")


if __name__ == "__main__":
    main()
