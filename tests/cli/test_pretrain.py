"""The command, through the installed entry point, on a few tiny images."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

RECIPE = """
name = "small"
data = "nowhere"
temperature = 0.1
encoder = { name = "efficientnet-lite0-side", start = "random" }
batch = { images = 4, view_size = 32, distortions_per_image = 1, images_per_class = 1 }
optimizer = { name = "sgd", lr = 0.01, momentum = 0.9, weight_decay = 1e-4, warmup = 0.1, clip = 0.0 }
run = { steps = 3, seed = 1, precision = "auto", workers = 1, checkpoint_every = 100, cache_gb = 0.1 }
pristine = [{ folder = "images" }]
authentic = [{ folder = "images" }]
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 256, (70, 70, 3), dtype=np.uint8)).save(tmp_path / "images" / f"{i}.png")
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def contrique(*words, **options):
    command = [str(Path(sys.executable).with_name("contrique")), "pretrain", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def test_from_recipe_to_encoder(recipe, tmp_path):
    out = tmp_path / "run"
    done = contrique(recipe, "-o", out, "--data", tmp_path, "--steps", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out / "encoder")
    assert json.loads((out / "encoder" / "card.json").read_text())["encoder"]["name"] == "efficientnet-lite0-side"
    assert len((out / "log.jsonl").read_text().splitlines()) == 2
    again = contrique(recipe, "-o", out, "--data", tmp_path, "--steps", 2)
    assert again.returncode == 1
    assert "holds a run already" in again.stderr
    assert "Traceback" not in again.stderr


def test_what_is_wrong_is_one_line(recipe, tmp_path):
    done = contrique(recipe, "-o", tmp_path / "run")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"contrique: error: {tmp_path / 'nowhere' / 'images'}: no such folder of images"
    ]
    assert not (tmp_path / "run").exists()
    recipe.write_text(RECIPE.replace("efficientnet-lite0-side", "vgg"))
    done = contrique(recipe, "-o", tmp_path / "run", "--data", tmp_path)
    assert done.returncode == 1
    assert "vgg" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_signal_to_the_whole_group_ends_it_with_a_checkpoint(recipe, tmp_path):
    """As Ctrl-C in a terminal, systemd and Slurm send it: the workers get it too."""
    out = tmp_path / "run"
    words = ["pretrain", recipe, "-o", out, "--data", tmp_path, "--steps", "500"]
    command = [str(Path(sys.executable).with_name("contrique")), *map(str, words)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not ((out / "log.jsonl").exists() and (out / "log.jsonl").read_text()):
        assert time.monotonic() < deadline
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGTERM)
    _, told = running.communicate(timeout=120)
    assert running.returncode == 128 + signal.SIGTERM
    assert "--resume" in told
    assert "Traceback" not in told
    (checkpoint,) = (out / "checkpoints").iterdir()
    done = int(checkpoint.stem.removeprefix("step_"))
    assert 0 < done < 500
    assert len((out / "log.jsonl").read_text().splitlines()) == done
