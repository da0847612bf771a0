"""What a dry run tells, and that it leaves nothing."""

import dataclasses
import json
import re

import processes
import pytest

torch = pytest.importorskip("torch")

from contrique.errors import ContriqueError  # noqa: E402
from contrique.learning.recipe import ProbePart, read_recipe  # noqa: E402
from contrique.learning.run import plan, trial  # noqa: E402
from contrique.learning.run.trial import Trial  # noqa: E402


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(trial, "TIMED", 0.05)
    monkeypatch.setattr(trial, "MOST", 6)


@pytest.fixture
def recipe(recipe_file):
    """Six steps; the pristine images by a manifest that states licences."""
    rows = [f"{i:02d}.png,{'me' if i < 2 else 'you'},{'CC0' if i < 3 else 'mine'}" for i in range(5)]
    images = recipe_file.parent / "images"
    (images / "clean" / "rows.csv").write_text("\n".join(["path,source,licence", *rows]))
    text = recipe_file.read_text().replace('"clean"', '"clean"\nmanifest = "rows.csv"\nabout = "a few"')
    recipe_file.write_text(text)
    return dataclasses.replace(read_recipe(recipe_file), probe=ProbePart(every=4, contents=2))


def test_it_tells_what_would_be(recipe, tiny_encoder):
    told = plan.dry_run(recipe, encoder=tiny_encoder(), progress=False)
    side = 6 * 8 * 9 + 8 + 8 + 8  # convolution with bias, norm
    trunk = 3 * 6 * 16 + 6 + 6 + 6
    assert f"start: random; {side:,} weights train, {trunk:,} stay as they are" in told.text
    assert f"projector   {8 * 8 + 16 + 8 * 128 + 256:,} weights train" in told.text
    assert "8 images (4 synthetic, 4 authentic), each as 2 views of 32×32 px" in told.text
    assert "6: 96 views; each pristine image 2.4 times" in told.text  # two of five a step
    assert "each authentic image 3.4 times" in told.text  # four of seven a step
    assert "126 of distortions" in told.text
    assert "+ 7, each authentic image its own" in told.text
    assert "5 images, 2 of them kept for probes" in told.text
    assert "clean/rows.csv: 5 (a few)" in told.text
    assert "CC0: 3 (me 2, you 1)" in told.text
    assert "mine: 2 (you 2)" in told.text
    assert "found: 7\n" in told.text
    assert "licence not stated: 7" in told.text
    assert "3 probes of " in told.text  # before, after step 4, at the end
    assert "3 checkpoints of " in told.text
    assert re.search(r"time +about \d", told.text)
    assert re.search(r"memory +\d+\.\d\d GB at most", told.text)
    assert told.fits
    assert told.seconds > 0
    assert 1e7 < told.memory < 1e10


def test_nothing_is_left(recipe, tiny_encoder, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    plan.dry_run(recipe, encoder=tiny_encoder(), progress=False)
    assert set(tmp_path.rglob("*")) == before


def test_the_time_is_the_sum_of_its_parts(recipe):
    """Of a run of 100 steps with a probe every 30 and a checkpoint every 40."""
    run = dataclasses.replace(recipe.run, steps=100, checkpoint_every=40)
    long = dataclasses.replace(recipe, run=run, probe=ProbePart(every=30, contents=2))
    found = Trial(preparing=1, decoding=10, starting=3, steps=[1.5, 2.5], probes=(7, 5), saving=0.5)
    assert plan.total_seconds(long, found) == 1 + 10 + 3 + 100 * 2 + (7 + 4 * 5) + 3 * 0.5
    assert plan.total_seconds(dataclasses.replace(long, probe=None), found) == 1 + 10 + 3 + 100 * 2 + 3 * 0.5


def test_what_does_not_fit_is_told(recipe, tiny_encoder, monkeypatch):
    monkeypatch.setattr(trial, "available", lambda: -(10**9))
    batch = dataclasses.replace(recipe.batch, images=64)
    told = plan.dry_run(dataclasses.replace(recipe, batch=batch), encoder=tiny_encoder(), progress=False)
    assert not told.fits
    assert "THIS DOES NOT FIT" in told.text
    assert "reckoned from a step on a few images" in told.text


def test_what_training_would_refuse_it_refuses(recipe, tiny_encoder):
    few = dataclasses.replace(recipe, probe=ProbePart(every=1, contents=9))
    with pytest.raises(ContriqueError, match="9 images were to be held out"):
        plan.dry_run(few, encoder=tiny_encoder(), progress=False)


TOGETHER = """
import json, sys
from tiny_encoder import Tiny
from contrique.learning.run import plan, trial
from contrique.learning.recipe import read_recipe
trial.TIMED, trial.MOST = 0.05, 6
told = plan.dry_run(read_recipe(sys.argv[1]), encoder=Tiny(), progress=False)
print(json.dumps([told.rank, told.fits, told.memory, told.text]))
"""


@pytest.mark.slow
def test_several_processes_try_it_together(recipe_file):
    done = processes.run_processes(TOGETHER, str(recipe_file))
    assert [process.returncode for process in done] == [0, 0], done[0].stderr + done[1].stderr
    (first, *told), (second, *other) = (json.loads(process.stdout) for process in done)
    assert (first, second) == (0, 1)
    assert told[:2] == other[:2]  # fits, and the memory of both together
    assert told[1] > 2e8
    assert "2 processes, each on CPU, 1 thread" in told[2]
    assert "8 images (4 synthetic, 4 authentic)" in told[2]
