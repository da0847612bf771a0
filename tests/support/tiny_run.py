"""The recipe and the images of a pretraining run small enough for any test."""

from pathlib import Path

import numpy as np
from PIL import Image

RECIPE = """
name = "tiny"
data = "images"
temperature = 0.1
[encoder]
name = "efficientnet-lite0-side"
start = "random"
[batch]
images = 8
view_size = 32
distortions_per_image = 2
images_per_class = 2
[optimizer]
name = "sgd"
lr = 0.05
momentum = 0.9
weight_decay = 1e-4
warmup = 0.1
clip = 0.0
[run]
steps = 6
seed = 3
precision = "fp32"
workers = 0
checkpoint_every = 2
cache_gb = 0.1
[[pristine]]
folder = "clean"
[[authentic]]
folder = "found"
"""


def write_images(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8))
        coarse.resize((80 + 3 * i, 72), Image.Resampling.BICUBIC).save(folder / f"{i:02d}.png")


def write_recipe(folder: Path) -> Path:
    """A recipe of six steps and the images it names, in a folder of their own."""
    write_images(folder / "images" / "clean", 5, 1)
    write_images(folder / "images" / "found", 7, 2)
    path = folder / "tiny.toml"
    path.write_text(RECIPE)
    return path
