"""A pretraining run small enough for any test: a dozen little images, a recipe, an encoder of a few hundred weights."""

from pathlib import Path

import numpy as np
import pytest
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


@pytest.fixture
def recipe_file(tmp_path):
    """A recipe of six steps and the images it names, in a folder of their own."""
    write_images(tmp_path / "images" / "clean", 5, 1)
    write_images(tmp_path / "images" / "found", 7, 2)
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def tiny_encoder():
    """Makes the same small encoder at every call, with a frozen part that stays in eval mode, like the real ones."""
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Tiny(nn.Module):
        name = "tiny"
        stage_dims, statistics, last = (6, 8), (0, 1), (1,)
        patch_dim = 8

        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6)).requires_grad_(False)
            self.side = nn.Sequential(nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout(0.2))

        def train(self, mode=True):
            super().train(mode)
            self.trunk.eval()
            return self

        def stages(self, x_BCHW):
            trunk = self.trunk(x_BCHW)
            return [trunk, self.side(trunk)]

        def patch_map(self, x_BCHW):
            return self.stages(x_BCHW)[-1]

    return Tiny
