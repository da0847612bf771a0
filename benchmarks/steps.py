"""What makes a training step fast? One step's time with and without each trick, on one batch that stays in memory.

    python benchmarks/steps.py recipes/quick.toml [--steps 4] [--rounds 3] [--images N] [--view-size PIXELS]
        [--without bf16,compiled] [--data DIR]

Each line is a process of its own (what a process asks of its memory cannot be taken back), one at a time, in turn,
several rounds; median of all timed steps, the first two of every process left out. CPU time is that of all threads.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time

import torch
from authors_pipeline import plain

from contrique.learning import trainer as trainer_file
from contrique.learning.projector import GRID
from contrique.learning.recipe import Recipe, read_recipe, versions

WARM_UP = 2
OURS = ("memory", "channels_last", "folded", "fused")
LINES: dict[str, tuple[str, ...]] = {
    "as PyTorch comes": (),
    "+ freed memory kept": OURS[:1],
    "+ channels_last": OURS[:2],
    "+ frozen trunk folded": OURS[:3],
    "+ fused optimizer = contrique": OURS,
    "contrique, bf16": (*OURS, "bf16"),
    "contrique, compiled": (*OURS, "compiled"),
    "contrique, threads that sleep when idle": (*OURS, "passive"),
    "contrique, cuDNN tries algorithms": (*OURS, "tries"),
}


def timed(recipe: Recipe, tricks: tuple[str, ...]) -> list[tuple[float, float]]:
    """Wall and CPU seconds of each step after the first ones."""
    if "memory" not in tricks:
        trainer_file.keep_freed_memory = lambda: None
    trainer = trainer_file.Trainer(recipe)
    if "channels_last" not in tricks:
        trainer.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    if "folded" not in tricks:
        plain(trainer.model.encoder)
    for group in trainer.optimizer.param_groups:
        group["fused"] = "fused" in tricks
    trainer.bf16 = "bf16" in tricks
    torch.backends.cudnn.benchmark = "tries" in tricks
    if "compiled" in tricks:
        trainer._shared = torch.compile(trainer._shared)
    batch, size = recipe.batch.images, recipe.batch.view_size
    views = torch.randint(0, 256, (batch, 2, size, size, 3), dtype=torch.uint8, device=trainer.device)
    classes = torch.arange(batch, device=trainer.device) // GRID
    times = []
    for step in range(recipe.run.steps):
        began, began_cpu = time.perf_counter(), time.process_time()
        trainer.step(step, views, classes)  # ends by reading the loss: the device is done
        times.append((time.perf_counter() - began, time.process_time() - began_cpu))
    return times[WARM_UP:]


def asked(arguments: list[str], tricks: tuple[str, ...]) -> list[list[float]]:
    """``timed`` in a new process; nothing if the trick cannot be done here."""
    policy = {"OMP_WAIT_POLICY": "passive"} if "passive" in tricks else {}
    done = subprocess.run(
        [sys.executable, __file__, *arguments, "--only", ",".join(tricks)],
        env=os.environ | policy,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(f"{', '.join(tricks)}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return []
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=4, help="timed in every process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, help="images a step, instead of the recipe's")
    parser.add_argument("--view-size", type=int, help="instead of the recipe's")
    parser.add_argument("--without", default="", help="tricks not to try")
    parser.add_argument("--data", help="folder of the images, instead of the recipe's (they are not read)")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    args = parser.parse_args()
    recipe = read_recipe(args.recipe, data=args.data, steps=args.steps + WARM_UP)
    batch = dataclasses.replace(
        recipe.batch, images=args.images or recipe.batch.images, view_size=args.view_size or recipe.batch.view_size
    )
    recipe = dataclasses.replace(recipe, batch=batch)
    if args.only is not None:
        print(json.dumps(timed(recipe, tuple(args.only.split(",")))))
        return
    without = {*args.without.split(","), "passive" if torch.cuda.is_available() else "tries"}
    lines = {name: tricks for name, tricks in LINES.items() if not without & set(tricks)}
    times: dict[str, list[list[float]]] = {name: [] for name in lines}
    for _ in range(args.rounds):
        for name, tricks in lines.items():
            times[name] += asked(sys.argv[1:], tricks)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"
    print(f"{recipe.encoder.name}, {2 * batch.images} views of {batch.view_size} px a step, {device}, ", end="")
    print(
        f"{torch.get_num_threads()} threads, torch {versions()['torch']}; {args.rounds} rounds of {args.steps} steps\n"
    )
    print("| step | ms/view, median | fastest | CPU ms/view, median |\n|---|---:|---:|---:|")
    for name, each in times.items():
        wall, cpu = ([1e3 * row[i] / (2 * batch.images) for row in each] for i in (0, 1))
        if each:
            print(f"| {name} | {statistics.median(wall):.2f} | {min(wall):.2f} | {statistics.median(cpu):.2f} |")


if __name__ == "__main__":
    main()
