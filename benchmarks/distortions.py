"""How long does each of the 125 distortions take on one core, and how long in plain SciPy, NumPy and Pillow?

Prints a Markdown table of types and levels: the median of several runs in milliseconds of processor time, OpenCV on one
thread, on one photograph (or a synthetic one) at a given size. Processor time leaves out what other programs take of a
shared core; where there are none it equals wall time, which is printed below for comparison. The second table runs the
same definition written plainly with other libraries, in the same process on the same image, by the same clock.

    python benchmarks/distortions.py [PHOTO] [--side 512] [--runs 9]
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import PIL
import scipy
from PIL import Image
from scipy import ndimage

from contrique.learning.distortions import LEVELS, NAMES, distort
from contrique.learning.distortions.blur import disk_kernel

TARGET_MEAN_MS, TARGET_MAX_MS = 8, 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?", help="an image file (default: a synthetic texture)")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    image = photograph(args.photo, args.side)
    print(f"{args.side} × {args.side}, one core, processor time in ms: median of {args.runs} runs after a first one.")
    print(f"{machine()}\n")

    wall, cpu = {}, {}
    print("| type | " + " | ".join(f"level {level}" for level in LEVELS) + " |")
    print("|---|" + "---:|" * len(LEVELS))
    for name in NAMES:
        for level in LEVELS:
            wall[name, level], cpu[name, level] = measure(lambda n=name, v=level: distort(image, n, v), args.runs)
        print(f"| {name} | " + " | ".join(f"{cpu[name, level]:.1f}" for level in LEVELS) + " |")

    others = [key for key in wall if key[0] != "jpeg2000"]
    for label, times in (("processor", cpu), ("wall", wall)):
        slowest = max(others, key=lambda key: times[key])
        print(
            f"\n{label} time: mean of all {len(times)} {statistics.mean(times.values()):.1f} ms"
            f" (target {TARGET_MEAN_MS}); slowest but JPEG 2000: {slowest[0]} level {slowest[1]},"
            f" {times[slowest]:.1f} ms (target {TARGET_MAX_MS})"
        )

    print("\n| type, level | ours | plain | times as fast | the plain way |\n|---|---:|---:|---:|---|")
    for name, level, plain, how in peers(image):
        _, theirs = measure(plain, args.runs)
        _, ours = measure(lambda n=name, v=level: distort(image, n, v), args.runs)
        print(f"| {name} {level} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} | {how} |")


def photograph(path: str | None, side: int) -> np.ndarray:
    """uint8 RGB of the given side: the file's, or a 1/f texture."""
    if path is not None:
        with Image.open(path) as opened:
            return np.array(opened.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])[..., None]
    noise = np.random.default_rng(0).standard_normal((side, side, 3))
    texture = np.fft.ifft2(np.fft.fft2(noise, axes=(0, 1)) / np.maximum(frequency, 1 / side), axes=(0, 1)).real
    return np.clip(np.rint(128 + 45 * texture / texture.std()), 0, 255).astype(np.uint8)


def measure(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median wall and processor time in milliseconds."""
    work()
    wall, cpu = [], []
    for _ in range(runs):
        began, began_cpu = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return 1e3 * statistics.median(wall), 1e3 * statistics.median(cpu)


def peers(image: np.ndarray) -> list[tuple[str, int, Callable[[], object], str]]:
    """A few distortions the way one would first write them."""
    rng = np.random.default_rng(0)
    kernel = disk_kernel(8)[..., None]

    def scatter() -> np.ndarray:
        values = image.astype(float)
        height, width = image.shape[:2]
        for _ in range(5):
            places = np.mgrid[0:height, 0:width] + rng.standard_normal((2, height, width))
            values = np.stack(
                [ndimage.map_coordinates(values[..., c], places, order=1, mode="nearest") for c in range(3)], axis=2
            )
        return values.astype(np.uint8)

    def palette() -> Image.Image:
        picture = Image.fromarray(image)
        chosen = picture.quantize(16, Image.Quantize.MEDIANCUT)
        return picture.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)

    return [
        ("gaussian_blur", 5, lambda: ndimage.gaussian_filter(image, (5, 5, 0), mode="nearest"), "scipy.ndimage"),
        ("lens_blur", 5, lambda: ndimage.correlate(image, kernel, mode="nearest"), "scipy.ndimage"),
        (
            "white_noise",
            5,
            lambda: np.clip(image + rng.normal(0, 25.5, image.shape), 0, 255).astype(np.uint8),
            "numpy.random",
        ),
        ("color_quantization", 4, palette, "Pillow's median cut and dithering"),
        ("jitter", 5, scatter, "scipy.ndimage and numpy.random"),
    ]


def machine() -> str:
    """Processor and versions."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = f"OpenCV {cv2.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, Pillow {PIL.__version__}"
    return f"{name}, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
