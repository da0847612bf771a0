"""How many dead-leaves images are made a second?

Several processes make images at once, each with one thread, as the workers of a pretraining run do, and are timed
together after a first image each (which makes the patterns of textured leaves). Processor time a image leaves out what
other programs take of a shared machine: what so many free cores would make a second follows from it.

    python benchmarks/dead_leaves.py [--size 512] [--images 200] [--processes 1 2]
"""

import argparse
import multiprocessing
import platform
import time

import cv2
import numpy as np

from contrique.learning.corpora.dead_leaves import KINDS, image

TARGET = 200  # images of 512×512 a second on 2 cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--images", type=int, default=200, help="by each process")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    print(f"{args.size} × {args.size}, {args.images} images a process. {machine()}\n")
    print("| kind | processes | images a second | processor ms an image | so many free cores make |")
    print("|---|---:|---:|---:|---:|")
    for kind in KINDS:
        for processes in args.processes:
            rate, cpu = measure(kind, args.size, args.images, processes)
            print(f"| {kind} | {processes} | {rate:.0f} | {1e3 * cpu:.1f} | {processes / cpu:.0f} |")
    print(f"\ntarget: {TARGET} a second of 512 × 512 on 2 cores")


def measure(kind: str, size: int, images: int, processes: int) -> tuple[float, float]:
    """Images a second of all processes together, from the first start to the last end, and processor seconds an
    image."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes)
    results = context.Queue()
    workers = [
        context.Process(target=make, args=(kind, size, number, images, ready, results)) for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    times = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    began, ended, cpu = zip(*times, strict=True)
    return processes * images / (max(ended) - min(began)), sum(cpu) / (processes * images)


def make(kind: str, size: int, seed: int, images: int, ready, results) -> None:
    """Make images and report when it began, when it ended (of one clock for all processes), and processor seconds."""
    cv2.setNumThreads(0)
    image(seed, images, size, kind)
    ready.wait()
    began, began_cpu = time.monotonic(), time.process_time()
    for index in range(images):
        image(seed, index, size, kind)
    results.put((began, time.monotonic(), time.process_time() - began_cpu))


def machine() -> str:
    """Processor and versions."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, Python {platform.python_version()}, OpenCV {cv2.__version__}, NumPy {np.__version__}"


if __name__ == "__main__":
    main()
