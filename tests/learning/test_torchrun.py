"""The real thing: torchrun with two processes, that are killed, stopped, deserted, and come back to the same bits."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_run import write_recipe
from torchruns import SUPPORT, Torchrun

from contrique.learning.run.checkpoints import all_checkpoints, read_note

pytestmark = pytest.mark.slow
STEPS = 60
COMMAND = str(SUPPORT / "tiny_command.py")


def write_long_recipe(folder):
    path = write_recipe(folder)
    changed = {"steps": ("6", STEPS), "checkpoint_every": ("2", 5), "cache_gb": ("0.1", 0.0)}
    text = path.read_text()
    for key, (old, new) in changed.items():
        assert f"\n{key} = {old}\n" in text
        text = text.replace(f"\n{key} = {old}\n", f"\n{key} = {new}\n")
    path.write_text(text)
    (folder / "images" / "found" / "03.png").write_bytes(b"no picture")
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return write_long_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(recipe):
    """The folder of a run that nothing happened to, and what its processes wrote."""
    out = recipe.parent / "whole"
    with Torchrun(recipe.parent / "told", COMMAND, "pretrain", str(recipe), "-o", str(out)) as run:
        assert run.end() == 0, run.all_told()
    return out, run


def steps(out):
    return [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]


def last_checkpoint(out):
    return all_checkpoints(out / "checkpoints")[-1]


def test_one_writes_for_all(whole):
    """The log, the checkpoints, the encoder, the warning about an image that each of them met."""
    out, run = whole
    assert steps(out) == list(range(1, STEPS + 1))
    assert (out / "encoder" / "encoder.safetensors").exists()
    assert json.loads((out / "encoder" / "card.json").read_text())["training"]["images"]["unusable"] == 1
    assert run.told(0, stream="stdout") == f"{out / 'encoder'}\n"
    assert run.told(1, stream="stdout") == ""
    assert run.told(0).count("03.png") == 1
    assert run.told(1) == ""


def test_a_lost_process_ends_the_run_and_restarts_bring_it_back_to_the_same_bits(whole, recipe, tmp_path):
    words = (COMMAND, "pretrain", str(recipe), "-o", str(tmp_path / "run"))
    log = tmp_path / "run" / "log.jsonl"
    with Torchrun(tmp_path / "first", *words) as run:
        run.wait_for_lines(log, 12)
        os.kill(run.process(1), signal.SIGKILL)
        assert run.end() == 1
    told = run.told(0)
    (line,) = [line for line in told.splitlines() if "error" in line]
    assert line.startswith("contrique: error: another of the run's 2 processes was lost (")
    assert line.endswith("): stopped; the last checkpoint is intact")
    assert "Traceback" not in told
    done = read_note(last_checkpoint(tmp_path / "run"))["step"]
    assert 10 <= done < STEPS

    with Torchrun(tmp_path / "second", *words, "--resume", restarts=1) as run:
        run.wait_for_lines(log, done + 6)
        os.kill(run.process(0), signal.SIGKILL)  # the one that writes
        assert run.end() == 0, run.all_told()
    assert "another of the run's 2 processes was lost" in run.told(1)
    assert "error" not in run.told(0, attempt=1) + run.told(1, attempt=1)
    assert steps(tmp_path / "run") == list(range(1, STEPS + 1))
    expected, got = load_file(last_checkpoint(whole[0])), load_file(last_checkpoint(tmp_path / "run"))
    assert expected.keys() == got.keys()
    for key, value in expected.items():
        assert torch.equal(value, got[key]), key


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_torchrun_stops_all_after_the_same_step(recipe, tmp_path, number):
    """Asked to stop it asks the processes; killed it cannot, and they notice by themselves."""
    out = tmp_path / "run"
    with Torchrun(tmp_path / "told", COMMAND, "pretrain", str(recipe), "-o", str(out)) as run:
        run.wait_for_lines(out / "log.jsonl", 12)
        processes = [run.process(rank) for rank in range(2)]
        os.kill(run.pid, number)
        assert run.end() != 0
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{process}").exists() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    done = steps(out)[-1]
    assert 10 <= done < STEPS
    assert read_note(last_checkpoint(out))["step"] == done
    assert f"contrique: stopped after step {done} of {STEPS}; go on with --resume\n" in run.told(0)
    assert run.told(1) == ""


def test_a_batch_that_cannot_be_dealt_is_refused_once(recipe, tmp_path):
    words = ("-m", "contrique", "pretrain", str(recipe), "-o", str(tmp_path / "run"))
    with Torchrun(tmp_path / "told", *words, world=3) as run:
        assert run.end() == 1
    message = "recipe tiny: batch.images = 8 cannot be dealt to 3 processes in equal shares"
    assert [run.told(rank) for rank in range(3)] == [f"contrique: error: {message}\n", "", ""]
    assert not (tmp_path / "run").exists()
