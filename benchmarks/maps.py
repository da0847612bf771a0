"""Does a quality map point to where an image is distorted? One region of pristine photographs, all 25 distortions.

In each photograph one rectangle (a ninth to a quarter of the area, anywhere, its edges hard or soft) is replaced by
the same part of the photograph under one distortion at level 3 or 5. Of each map are measured

* mass: the share of its badness inside the rectangle; chance is the rectangle's share of the area, and "before" is the
  share on the map of the photograph without the distortion: what the map thinks of that place's contents;
* point: how often the place of most badness is inside, and how often it was before.

A map of a model with a probe goes by the probe's odds, and is shown beside the same model's map by scores alone.

    python benchmarks/maps.py PHOTO_OR_FOLDER... [--model DIR] [--images 24] [--seed 1]
"""

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import PIL
from PIL import Image, ImageFilter

import contrique
from contrique.images import find_images, read_image
from contrique.learning.distortions import NAMES, distort
from contrique.model import QualityModel
from contrique.quality_map.windows import STEP, WINDOW, quality_map

LEVELS = (3, 5)
SOFT = 12
"""Pixels of the Gaussian that softens the edges of every other rectangle."""


class Remembered:
    """A model that computes the features of the same pixels once: most windows of two maps are the same."""

    def __init__(self, model: QualityModel) -> None:
        self.model = model
        self.full_reference, self.card, self.preprocessing = model.full_reference, model.card, model.preprocessing
        self.predict, self.prepare, self.to_score = model.predict, model.prepare, model.to_score
        self.probe = model.probe
        self.known: dict[tuple[int, ...], np.ndarray] = {}

    def features_of(self, images: Sequence[np.ndarray]) -> np.ndarray:
        keys = [(*image.shape, hash(image.tobytes())) for image in images]
        missing = {key: image for key, image in zip(keys, images, strict=True) if key not in self.known}
        if missing:
            self.known.update(zip(missing, self.model.features_of(list(missing.values())), strict=True))
        return np.stack([self.known[key] for key in keys])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--model", metavar="DIR")
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    model = contrique.load(args.model)
    rng = np.random.default_rng(args.seed)
    paths = list(find_images(args.photographs))
    paths = [paths[place] for place in sorted(rng.permutation(len(paths))[: args.images])]
    ways = ("odds", "score") if model.probe is not None else ("score",)
    rows: dict[str, list[tuple[str, int, float, ...]]] = {way: [] for way in ways}  # type: ignore[misc]
    for number, path in enumerate(paths):
        print(f"{number + 1} of {len(paths)}: {Path(path).name}", file=sys.stderr, flush=True)
        known = Remembered(model)
        image_HWC = known.prepare(read_image(path))
        for kind, name in enumerate(NAMES):
            level = LEVELS[(number + kind) % 2]
            mask_HW, inside_HW = region(image_HWC.shape[0], image_HWC.shape[1], rng, soft=(number + kind) % 4 < 2)
            worse_HWC = distort(image_HWC, name, level, seed=number)
            mixed_HWC = np.rint(image_HWC + mask_HW[..., None] * (worse_HWC.astype(float) - image_HWC)).astype(np.uint8)
            for way in ways:
                known.probe = model.probe if way == "odds" else None
                found = [measured(known, one, inside_HW) for one in (mixed_HWC, image_HWC)]
                rows[way].append((name, level, inside_HW.mean(), *found[0], *found[1]))
    print(f"{model.name}, {len(paths)} photographs, windows of {WINDOW} px every {STEP * WINDOW:.0f}, {machine()}")
    print(f"time of a map, in plain scores of the same image (512 × 384): {cost(model, read_image(paths[0])):.1f}\n")
    for way in ways:
        print(f"By {way}:\n")
        print(table(rows[way]), end="\n\n")


def region(height: int, width: int, rng: np.random.Generator, *, soft: bool) -> tuple[np.ndarray, np.ndarray]:
    """A rectangle: how much of each pixel is distorted, 0 to 1; and whether it counts as inside."""
    area, shape = rng.uniform(1 / 9, 1 / 4) * height * width, np.exp(rng.uniform(-0.4, 0.4))
    tall = min(height, round(float(np.sqrt(area * shape * height / width))))
    wide = min(width, round(area / tall))
    top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    inside_HW = np.zeros((height, width), bool)
    inside_HW[top : top + tall, left : left + wide] = True
    picture = Image.fromarray(inside_HW.astype(np.uint8) * 255)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(SOFT)) if soft else picture) / 255, inside_HW


def measured(model: Remembered, image_HWC: np.ndarray, inside_HW: np.ndarray) -> tuple[float, float]:
    """Share of the badness inside, and whether the most of it is there."""
    badness_HW = quality_map(model, image_HWC, "").badness_HW  # type: ignore[arg-type]
    total = badness_HW.sum()
    return float(badness_HW[inside_HW].sum() / total) if total > 0 else 0.0, float(inside_HW.flat[badness_HW.argmax()])


def table(rows: Sequence[tuple]) -> str:  # type: ignore[type-arg]
    """Medians of shares and means of hits, for each type, each level and all, as Markdown."""
    lines = ["| distortion | images | mass | chance | before | times chance | point | before |", "|---|" + "---:|" * 7]
    kinds = {name: [row for row in rows if row[0] == name] for name in NAMES}
    order = sorted(kinds, key=lambda name: -np.median([row[3] / row[2] for row in kinds[name]]))
    groups = [(name, kinds[name]) for name in order]
    groups += [(f"all, level {level}", [row for row in rows if row[1] == level]) for level in LEVELS]
    for name, group in [*groups, ("all", list(rows))]:
        area, mass, point, mass_before, point_before = np.array([row[2:] for row in group]).T
        lines.append(
            f"| {name} | {len(group)} | {np.median(mass):.2f} | {np.median(area):.2f} | {np.median(mass_before):.2f} | "
            f"{np.median(mass / area):.1f} | {point.mean():.0%} | {point_before.mean():.0%} |"
        )
    return "\n".join(lines)


def cost(model: QualityModel, image_HWC: np.ndarray) -> float:
    """Median processor time of a map over that of a score, of one image of 512 × 384, in turn."""
    image_HWC = np.asarray(Image.fromarray(image_HWC).resize((512, 384), Image.Resampling.LANCZOS))
    took: dict[str, list[float]] = {"score": [], "map": []}
    for _ in range(8):
        for what in took:
            started = time.process_time()
            getattr(model, what)(image_HWC)
            took[what].append(time.process_time() - started)
    return float(np.median(took["map"][1:]) / np.median(took["score"][1:]))


def machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"contrique {contrique.__version__}, onnxruntime {onnxruntime.__version__}, "
        f"numpy {np.__version__}, Pillow {PIL.__version__}"
    )


if __name__ == "__main__":
    main()
