"""The published setting as a recipe, for four GPUs: its numbers, and that it starts and steps on tiny data."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrique.learning.recipe import read_recipe

RECIPE = Path(__file__).parent.parent / "recipes" / "paper.toml"
PUBLISHED = (  # a few files of each set, where its authors put them
    "kadis700k/ref_imgs/{n}.png",
    "ava/images/{n}.jpg",
    "coco/train2017/{n:012}.jpg",
    "certh-blur/TrainingSet/Naturally-Blurred/{n}.jpg",
    "voc/VOCdevkit/VOC2012/JPEGImages/2007_{n:06}.jpg",
)


def test_the_paper_s_numbers():
    recipe = read_recipe(RECIPE)
    assert (recipe.encoder.name, recipe.encoder.start) == ("resnet50", "random")
    assert (recipe.batch.images, recipe.batch.view_size, recipe.temperature) == (512, 256, 0.1)
    part = recipe.optimizer
    assert (part.name, part.lr, part.momentum, part.weight_decay, part.warmup) == ("sgd", 0.6, 0.9, 1e-4, 0.1)
    assert recipe.run.steps == 25 * 700_000 // (recipe.batch.images // 2)


@pytest.mark.slow
def test_the_paper_s_recipe_starts_and_steps_on_tiny_data(tmp_path):
    """Under torchrun, as its first lines say, with a batch and views that two processes on a CPU can bear."""
    rng = np.random.default_rng(0)
    for pattern in PUBLISHED:
        for n in range(24 if "kadis" in pattern else 2):
            path = tmp_path / "data" / pattern.format(n=n + 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((96, 80)).save(path)
    text = RECIPE.read_text()
    for whole, tiny in (
        ("images = 512", "images = 8"),
        ("view_size = 256", "view_size = 64"),
        ("contents = 40", "contents = 2"),
    ):
        assert text.count(whole) == 1
        text = text.replace(whole, tiny)
    (tmp_path / "paper.toml").write_text(text)
    words = "-m torch.distributed.run --nproc_per_node=2 -m contrique pretrain paper.toml -o run --data data --steps 2"
    command = [sys.executable, *words.split(), "--workers", "1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2]
    assert (tmp_path / "run" / "encoder" / "encoder.safetensors").exists()
