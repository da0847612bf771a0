"""How many views a second does pretraining make, and how many the authors' published loop on the same machine?

    python benchmarks/pretraining.py recipes/quick.toml [--steps 6] [--rounds 3] [--workers N] [--data DIR]
        [--encoder NAME] [--view-size PIXELS] [--images N] [--authors-workers 1] [--ours-alone]

Three measurements of each pipeline. Whole pipeline: data is made while the network trains, as in a run. Data alone: the
same workers, batches thrown away. Compute alone: training steps on one batch that stays where the network computes.
Images are decoded into memory (the recipe's cache) once and not timed; the authors' loop (authors_pipeline.py) reads
files that were just written, so from the system's cache. Each pipeline has a process of its own that stays; one
measurement at a time, in turn, several rounds: what else the machine does hits both alike. Medians over the rounds.

CPU time is that of all processes of a pipeline, per view. It says what a pipeline can do where compute and data share
the cores: whole pipeline and compute alone are compared on that ground too.
"""

import argparse
import contextlib
import dataclasses
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from authors_pipeline import AuthorsPipeline, write_images

from contrique.learning.ahead import on_device
from contrique.learning.corpora import Corpus
from contrique.learning.loader import batches
from contrique.learning.pretrain import warm
from contrique.learning.recipe import Recipe, read_recipe, versions
from contrique.learning.trainer import Trainer

WARM_UP = 2  # steps before the clock starts: queues fill, kernels are chosen
PARTS = ("whole pipeline", "data alone", "compute alone")


def cpu_seconds() -> float:
    """Of this process and its workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def rate(batches_done: Iterable[int]) -> tuple[float, float]:
    """Views a second, and CPU seconds a view, of something that yields a number of views after each batch."""
    before, everything, views = cpu_seconds(), 0, 0
    started = ended = time.perf_counter()
    for number, count in enumerate(batches_done):
        everything, ended = everything + count, time.perf_counter()
        if number < WARM_UP:
            started = ended
        else:
            views += count
    return views / (ended - started), (cpu_seconds() - before) / everything


class Ours:
    """`contrique pretrain`: its corpus, loader and step."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.corpus, self.trainer = recipe, Corpus(recipe), Trainer(recipe)
        warm(self.corpus, recipe, progress=False)
        alone = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=0))
        self.one = [tensor.to(self.trainer.device) for tensor in next(batches(self.corpus, alone))[:2]]

    def run(self, part: str) -> Iterator[int]:
        steps = self.recipe.run.steps
        with contextlib.closing(batches(self.corpus, self.recipe)) as source:
            if part == "compute alone":
                made: Any = (self.one for _ in range(steps))
            else:
                made = source if part == "data alone" else on_device(source, self.trainer.device)
            for step, batch in enumerate(made):
                if part != "data alone":
                    self.trainer.step(step, *batch[:2])
                yield 2 * len(batch[0])


class Authors:
    """The published loop with the same encoder, batch and images."""

    def __init__(self, recipe: Recipe, workers: int, folder: str) -> None:
        self.recipe = recipe
        rows = write_images(Corpus(recipe), Path(folder), max(64, recipe.batch.images))
        self.pipeline = AuthorsPipeline(recipe, *rows, workers)
        self.one = [tensor.to(self.pipeline.device) for tensor in next(iter(self.pipeline.batches(1)))]

    def run(self, part: str) -> Iterator[int]:
        steps = self.recipe.run.steps
        made = self.pipeline.batches(steps) if part != "compute alone" else (self.one for _ in range(steps))
        for step, batch in enumerate(made):
            if part != "data alone":
                self.pipeline.step(step, batch)
            yield 2 * self.recipe.batch.images


def serve(connection: Connection, make: Any, *args: Any) -> None:
    """Build a pipeline, then measure whatever part is asked for, as long as there is somebody who asks."""
    pipeline = make(*args)
    connection.send("ready")
    with contextlib.suppress(EOFError):
        while True:
            part = connection.recv()
            connection.send(rate(pipeline.run(part)))


class Pipeline:
    """One pipeline in a process of its own: no daemon, since it has workers, so somebody has to ``end`` it."""

    def __init__(self, name: str, make: Any, *args: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self.connection, far = context.Pipe()
        self.process = context.Process(target=serve, args=(far, make, *args))
        self.process.start()
        far.close()

    def answer(self) -> Any:
        """What it sends next."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            said = f"the process of {self.name} ended with status {self.process.exitcode}, before it was done"
            raise SystemExit(f"{said}; if it could, it said why above") from None

    def end(self) -> None:
        """End the process: one that waits ends by itself, one that is at work is stopped, and its workers notice."""
        self.connection.close()
        self.process.join(timeout=10)
        self.process.terminate()
        self.process.join()


def measured(recipe: Recipe, rounds: int, authors_workers: int | None) -> dict[tuple[str, str], list[Any]]:
    """(pipeline, part) → what ``rate`` gave in each round; exits where a pipeline's process ends by itself."""
    results: dict[tuple[str, str], list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        makers: dict[str, tuple[Any, ...]] = {"contrique": (Ours, recipe)}
        if authors_workers is not None:
            makers["authors'"] = (Authors, recipe, authors_workers, folder)
        pipelines = []
        for name, (make, *args) in makers.items():
            pipelines.append(Pipeline(name, make, *args))
            running.callback(pipelines[-1].end)
        for pipeline in pipelines:
            pipeline.answer()
        for number in range(1, rounds + 1):
            for part in PARTS:
                for pipeline in pipelines:
                    pipeline.connection.send(part)
                    views, cpu = pipeline.answer()
                    results.setdefault((pipeline.name, part), []).append((views, cpu))
                    line = f"round {number}: {pipeline.name}, {part}: {views:.1f} views/s, CPU {1e3 * cpu:.2f} ms/view"
                    print(line, file=sys.stderr, flush=True)
    return results


def report(recipe: Recipe, results: dict[tuple[str, str], list[Any]]) -> None:
    """The table, and what it says."""
    cores = os.cpu_count() or 1
    speed = {key: statistics.median(views for views, _ in runs) for key, runs in results.items()}
    cpu = {key: statistics.median(seconds for _, seconds in runs) for key, runs in results.items()}
    print("| pipeline | part | views/s, median | all rounds | ms/view | CPU ms/view |\n|---|---|---:|---:|---:|---:|")
    for (name, part), runs in results.items():
        key, each = (name, part), " ".join(f"{views:.0f}" for views, _ in runs)
        print(f"| {name} | {part} | {speed[key]:.1f} | {each} | {1e3 / speed[key]:.2f} | {1e3 * cpu[key]:.2f} |")
    whole, compute = (speed["contrique", part] for part in (PARTS[0], PARTS[2]))
    print(f"\nwhole pipeline / compute alone: {whole / compute:.0%}")
    data_cpu = cpu["contrique", "data alone"]
    if not torch.cuda.is_available():
        shared = 1 / (1 / compute + data_cpu / cores)
        print(f"… / compute alone less the time that data takes from the {cores} cores: {whole / shared:.0%}")
    print(f"one core makes {1 / data_cpu:.0f} views/s, so 15 cores beside a GPU {15 / data_cpu:.0f}")
    if ("authors'", PARTS[0]) in speed:
        ratios = [a[0] / b[0] for a, b in zip(*(results[n, PARTS[0]] for n in ("contrique", "authors'")), strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"whole pipeline, times as fast as the authors': {statistics.median(ratios):.2f} (rounds: {each})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=6, help="timed in every measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, help="processes that make views, instead of the recipe's")
    parser.add_argument("--data", help="folder of the images, instead of the recipe's")
    parser.add_argument("--encoder", help="instead of the recipe's, with random weights")
    parser.add_argument("--view-size", type=int, help="instead of the recipe's")
    parser.add_argument("--images", type=int, help="images a step, instead of the recipe's")
    parser.add_argument("--authors-workers", type=int, default=1, help="processes of each of their two loaders")
    parser.add_argument("--ours-alone", action="store_true", help="leave the authors' pipeline out")
    args = parser.parse_args()
    run = {"steps": args.steps + WARM_UP} | ({} if args.workers is None else {"workers": args.workers})
    recipe = read_recipe(args.recipe, data=args.data, **run)
    batch = dataclasses.replace(
        recipe.batch, images=args.images or recipe.batch.images, view_size=args.view_size or recipe.batch.view_size
    )
    encoder = dataclasses.replace(recipe.encoder, name=args.encoder, start="random") if args.encoder else recipe.encoder
    recipe = dataclasses.replace(recipe, batch=batch, encoder=encoder, probe=None)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()
    print(f"recipe {recipe.name}: {batch.images} images a step, views {batch.view_size} px, {encoder.name}, ", end="")
    print(f"precision {recipe.run.precision}; {args.steps} steps timed, {args.rounds} rounds")
    print(f"machine: {device}, {os.cpu_count()} CPU cores, {torch.get_num_threads()} compute threads, ", end="")
    print(f"workers {recipe.run.workers} (authors' {args.authors_workers} + {args.authors_workers}), ", end="")
    print(f"torch {versions()['torch']}\n")
    report(recipe, measured(recipe, args.rounds, None if args.ours_alone else args.authors_workers))


if __name__ == "__main__":
    main()
