"""What the tests of survival ask of runs: a recipe to begin, where a run is, how it ended."""

import json

import torch
from safetensors.torch import load_file
from tiny_run import RECIPE, write_images

from contrique.learning.run.checkpoints import all_checkpoints, step_of

STEPS = 8


def recipe_in(folder, **run):
    """The tiny recipe, with its own images: one worker, a checkpoint after every step, nothing kept in memory."""
    write_images(folder / "images" / "clean", 5, 1)
    write_images(folder / "images" / "found", 7, 2)
    (folder / "images" / "found" / "broken.png").write_bytes(b"\x89PNG")
    text = RECIPE
    for key, value in ({"steps": STEPS, "workers": 1, "checkpoint_every": 1, "cache_gb": 0.0} | run).items():
        text = "\n".join(f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in text.splitlines())
    (folder / "tiny.toml").write_text(text)
    return folder / "tiny.toml"


def ending(out):
    """All that a finished run leaves for good: weights, running statistics, optimizer; log; encoder; broken images."""
    state = load_file(all_checkpoints(out / "checkpoints")[-1])
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    log = [[line[key] for key in ("step", "loss", "lr")] for line in lines]
    card = json.loads((out / "encoder" / "card.json").read_text())
    listed = [line.rpartition("/")[2] for line in (out / "broken.csv").read_text().splitlines()]
    return state, log, (card["files"], card["training"]["images"]), listed


def assert_same(out, whole):
    (state, log, *others), (its_state, its_log, *its_others) = whole, ending(out)
    assert log == its_log
    assert state.keys() == its_state.keys()
    for key in state:
        assert torch.equal(state[key], its_state[key]), key
    assert others == its_others
    assert not [path for path in out.rglob(".*") if path.name != ".lock"]


def assert_clear(life, *words):
    """It failed with one line that has these words in it."""
    errors = [line for line in life.told.splitlines() if "error" in line]
    assert life.status == 1, life.told
    assert len(errors) == 1, life.told
    assert errors[0].startswith("contrique: error: ")
    assert all(str(word) in errors[0] for word in words), errors[0]
    assert "Traceback" not in life.told


def newest(out):
    found = all_checkpoints(out / "checkpoints")
    return step_of(found[-1]) if found else 0


def logged(out, step):
    path = out / "log.jsonl"
    return path.exists() and path.read_bytes().count(b"\n") >= step


def writing(out, step):
    """Whether the checkpoint of this step or a later one is being written."""
    return [p for p in (out / "checkpoints").glob(".*.partial") if int(p.name[6:14]) >= step]
