"""The benchmarks of pretraining: the authors' loop computes what ours does, and the scripts run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from contrique.learning import encoders, views
from contrique.learning.loss import contrastive_loss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def authors(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import authors_pipeline

    return authors_pipeline


def test_the_published_loss_is_ours(authors):
    torch.manual_seed(0)
    label_N = torch.tensor([0, 0, 3, 1, 1, 5])
    one_ND, two_ND = torch.randn(6, 16), torch.randn(6, 16)
    hot_NK = torch.nn.functional.one_hot(label_N).float()
    ours = contrastive_loss(torch.cat([one_ND, two_ND]), torch.cat([label_N, label_N]), 0.1)
    torch.testing.assert_close(authors.published_loss(one_ND, two_ND, hot_NK, 0.1), ours)


def test_the_published_local_mean_subtraction_is_ours(authors):
    image_HWC = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    theirs_HWC = np.asarray(authors.recoloured(Image.fromarray(image_HWC), 3)).astype(int)
    assert np.abs(theirs_HWC - views.local_mean_subtracted(image_HWC)).max() <= 1


def test_without_the_shortcut_the_network_is_the_same(authors):
    encoder = encoders.build("efficientnet-lite0-side").eval()
    x_BCHW = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.manual_seed(0)
        ours = encoder.patch_map(x_BCHW)
        theirs = authors.plain(encoder).patch_map(x_BCHW)
    torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_views_a_second_of_both_pipelines(recipe_file):
    words = [sys.executable, BENCHMARKS / "pretraining.py", recipe_file, "--steps", "1", "--rounds", "1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:4] for line in done.stdout.splitlines() if line.startswith(("| contrique", "| authors'"))]
    parts = {(pipeline.strip(), part.strip()): float(speed) for pipeline, part, speed in rows}
    assert len(parts) == 6
    assert min(parts.values()) > 0
    assert "times as fast as the authors'" in done.stdout


@pytest.mark.slow
def test_the_tricks_of_a_step(recipe_file):
    words = [sys.executable, BENCHMARKS / "steps.py", recipe_file, "--steps", "1", "--rounds", "1"]
    done = subprocess.run([*words, "--without", "bf16,compiled"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith(("| as", "| +", "| contrique")) for line in done.stdout.splitlines()) == 6
