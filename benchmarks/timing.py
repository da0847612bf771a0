"""How long models take for one image of 512×384, beside a ResNet-50 in float32 at two scales; judge.py prints it.

    python benchmarks/timing.py MODEL... [--rounds 3]

All are measured in turn, round after round, each in a process of its own: the waiting threads of one engine's session
take processor time from another's. A time is the median of RUNS runs in a warm process, and of those of the rounds;
the image is decoded beforehand, making its half scale is part of the time. The ResNet-50 has random weights, which cost
what learned ones do, and goes through the same code: contrique's export in ONNX Runtime, and torch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import contrique

WIDTH, HEIGHT = 512, 384
WARM, RUNS = 2, 7
RESNET = "ResNet-50, float32, two scales"


def timed(model: str, engine: str) -> dict[str, float]:
    """Milliseconds of one image in this process: by the clock, and of processor time of all threads."""
    loaded = contrique.load(model, engine=engine)
    rng = np.random.default_rng(0)
    image_HWC = np.kron(rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    for _ in range(WARM):
        loaded.features_of([image_HWC])
    walls, before = [], time.process_time()
    for _ in range(RUNS):
        start = time.perf_counter()
        loaded.features_of([image_HWC])
        walls.append(1000 * (time.perf_counter() - start))
    return {"ms": statistics.median(walls), "cpu_ms": 1000 * (time.process_time() - before) / RUNS}


def resnet50(folder: Path) -> Path:
    """A ResNet-50 as a model folder, weights in float32.

    Raises:
        MissingExtra: torch or onnx is not installed.
    """
    from contrique.images import Preprocessing
    from contrique.learning.encoders import build
    from contrique.learning.export import export_onnx, save_encoder

    options = {"features": "last-mean", "exact": True, "preprocessing": Preprocessing()}
    save_encoder(build("resnet50").eval(), folder, name=RESNET, training={}, **options)
    export_onnx(folder)
    return folder


def speed(models: dict[str, str], rounds: int = 3) -> list[dict[str, Any]]:
    """Time models and the ResNet-50.

    Args:
        models: folders, by name.
        rounds: how often each is timed.

    Returns:
        For each ``name`` and ``engine``: ``ms`` and ``cpu_ms``, medians over rounds; for models ``times`` and
        ``cpu_times``: how many of them take as long as one ResNet-50 in ONNX Runtime, the median of the rounds.
    """
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}  # all cores
    with tempfile.TemporaryDirectory() as folder:
        tasks = [(name, path, "onnx") for name, path in models.items()]
        try:
            tasks += [(RESNET, str(resnet50(Path(folder) / "resnet50")), engine) for engine in ("onnx", "torch")]
        except contrique.ContriqueError as error:
            print(f"no ResNet-50 to compare with: {error}", file=sys.stderr)
        found: dict[tuple[str, str], list[dict[str, float]]] = {(name, engine): [] for name, _, engine in tasks}
        for _ in range(rounds):
            for name, path, engine in tasks:
                command = [sys.executable, __file__, path, "--one", engine]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                found[name, engine].append(json.loads(done.stdout))
    reference = found.get((RESNET, "onnx"))
    rows = []
    for (name, engine), times in found.items():
        row = {"name": name, "engine": engine} | {key: _median([one[key] for one in times]) for key in ("ms", "cpu_ms")}
        if reference and name != RESNET:
            for key, ratio in (("ms", "times"), ("cpu_ms", "cpu_times")):
                row[ratio] = _median([r[key] / one[key] for r, one in zip(reference, times, strict=True)])
        rows.append(row)
    return rows


def for_card(rows: Sequence[dict[str, Any]], name: str, machine: str) -> dict[str, Any]:
    """What a card says of one model's speed."""
    (own,) = (row for row in rows if row["name"] == name)
    beside = {f"resnet50_{row['engine']}_ms": row["ms"] for row in rows if row["name"] == RESNET}
    measured = {key: value for key, value in own.items() if key not in ("name", "engine")}
    return {"image": f"{WIDTH}×{HEIGHT}, decoded", "machine": machine, **measured, **beside}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = ["| | engine | ms | processor ms | of them in one ResNet-50 |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        ratio = f"{row['times']:.1f} (processor {row['cpu_times']:.1f})" if "times" in row else ""
        lines.append(f"| {row['name']} | {row['engine']} | {row['ms']:.1f} | {row['cpu_ms']:.1f} | {ratio} |")
    return "\n".join(lines)


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", metavar="ENGINE", help="time one model in this process and print JSON")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(timed(args.models[0], args.one)))
    else:
        print(table(speed({model: model for model in args.models}, args.rounds)))


if __name__ == "__main__":
    main()
