"""The command, through the installed entry point, on a few tiny images."""

import contextlib
import getpass
import json
import os
import re
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


@pytest.mark.slow
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


def test_wrong_usage_is_told_as_such(recipe, tmp_path):
    for words, told in (([], "-o DIR"), (["-o", tmp_path / "run", "--resume", "--dry-run"], "not allowed with")):
        done = contrique(recipe, *words)
        assert done.returncode == 2
        assert told in done.stderr


@pytest.mark.slow
def test_a_dry_run_prints_a_plan_and_leaves_nothing(recipe, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    # PyTorch makes an empty folder of this name in the temporary folder when its optimizers are imported.
    torchs = tmp_path / f"torchinductor_{getpass.getuser()}"
    done = contrique(recipe, "--dry-run", "--data", tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    for word in ("recipe      small", "weights train", "pristine    4 images", "time        about", "memory      "):
        assert word in done.stdout
    assert sorted(set(tmp_path.rglob("*")) - {torchs}) == before


def tree_memory(pid):
    """Bytes that a process and its children have, shared pages counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):  # ended just now
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if str(pid) in (folder.name, parent):
                total += 1024 * int((folder / "smaps_rollup").read_text().partition("Pss:")[2].split()[0])
    return total


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_dry_run_foretells_the_run(recipe, tmp_path):
    """Within a factor of two, on a machine that others may use, too: seconds and memory of a run of 40 steps."""
    text = recipe.read_text().replace("images = 4, view_size = 32", "images = 32, view_size = 96")
    recipe.write_text(text)
    words = ["--data", tmp_path, "--steps", 40]
    done = contrique(recipe, "--dry-run", *words)
    spans = dict(re.findall(r"(time|memory) +(?:about )?(.+?) (?:in all|at most)", done.stdout))
    units = {"s": 1, "min": 60, "h": 3600}
    number = [float(n) * units[unit] for n, unit in re.findall(r"([\d.]+) (s|min|h)\b", spans["time"])]
    command = [str(Path(sys.executable).with_name("contrique")), "pretrain", str(recipe), "-o", str(tmp_path / "run")]
    started, peak = time.monotonic(), 0
    running = subprocess.Popen([*command, *map(str, words)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while running.poll() is None:
        peak = max(peak, tree_memory(running.pid))
        time.sleep(0.1)
    assert running.returncode == 0
    assert sum(number) / 2 < time.monotonic() - started < 2 * sum(number) + 20  # starting Python and PyTorch
    assert float(spans["memory"].split()[0]) * 1e9 == pytest.approx(peak, rel=0.3)
