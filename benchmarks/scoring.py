"""How long does scoring take? Seconds from cold for one photograph, and images per second for many, by engine.

    python benchmarks/scoring.py IMAGES [--count 200]

Cold is the median of seven runs of ``contrique score one.jpg`` as a process of its own. Warm is one pass over the
images, decode included, after one over the first sixteen; the ONNX engine is compared with the torch engine in the same
run.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import onnxruntime
import PIL
from PIL import Image

import contrique
from contrique.errors import MissingExtra
from contrique.images import find_images
from contrique.scoring import score_stream

RUNS = 7


def cold(image: str) -> float:
    """Median seconds of ``contrique score IMAGE`` from start to exit."""
    command = [sys.executable, "-m", "contrique", "score", image, "--format", "csv"]
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def warm(engine: str, images: list[str]) -> float:
    """Images per second through one engine, decode included."""
    model = contrique.load(engine=engine)
    for _ in score_stream(model, images[:16]):
        pass
    start = time.perf_counter()
    for _ in score_stream(model, images):
        pass
    return len(images) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="a folder of images")
    parser.add_argument("--count", type=int, default=200, help="how many of them to score (default: 200)")
    args = parser.parse_args()
    images = list(find_images([args.images]))[: args.count]
    width, height = Image.open(images[0]).size
    versions = f"onnxruntime {onnxruntime.__version__}, numpy {numpy.__version__}, Pillow {PIL.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}")
    print(f"{len(images)} images, the first {width}×{height}; model {contrique.load().name}\n")
    print(f"{'cold, one image':<28}{cold(images[0]):8.2f} s")
    for engine in ("onnx", "torch"):
        try:
            print(f"{f'warm, {engine} engine':<28}{warm(engine, images):8.2f} images/s")
        except MissingExtra as error:
            print(f"{f'warm, {engine} engine':<28}not measured: {error}")


if __name__ == "__main__":
    main()
