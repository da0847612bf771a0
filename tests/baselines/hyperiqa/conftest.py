"""Rated images whose quality is easy to see, and a tiny network in place of ResNet-50."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_trunk import TinyTrunk

from contrique.evaluation.ratings import Ratings
from contrique.learning.encoders import ENCODERS
from contrique.learning.export import save_encoder

COUNT = 12


@pytest.fixture
def trunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder that says resnet50 and holds a ``TinyTrunk``."""
    monkeypatch.setitem(ENCODERS, "resnet50", TinyTrunk)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        tiny = TinyTrunk()
        for norm in tiny.norms:
            norm.momentum = 1.0
        tiny.stages(torch.rand(4, 3, 224, 224))  # batch norms know what they will see, as a trained network's do
        return save_encoder(tiny, tmp_path / "trunk", name="tiny", training={})


@pytest.fixture
def rated(tmp_path: Path) -> Ratings:
    """Twelve images that differ in contrast; the more of it, the higher the rating, 20 to 42."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(COUNT):
        noise = rng.standard_normal((230, 240, 3)) * (4 + 6 * number) + 128
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(paths[-1])
    scores = 20 + 2.0 * np.arange(COUNT)
    names = tuple(path.name for path in paths)
    return Ratings(names, tuple(paths), scores, np.arange(COUNT), False, "made/here.csv", "0" * 16)
