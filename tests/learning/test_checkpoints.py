"""Checkpoints are whole or not there, hold everything, and say what is wrong with them."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from torch import nn

from contrique.errors import ContriqueError
from contrique.learning import checkpoints
from contrique.learning.checkpoints import all_checkpoints, load_checkpoint, read_note, save_checkpoint
from contrique.learning.optimizer import build_optimizer


def make(name="sgd", width=4):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, width, bias=False), nn.BatchNorm1d(width), nn.Linear(width, 2))
    model[2].weight.requires_grad_(False)
    return model, build_optimizer(model, name, lr=0.1, weight_decay=0.01)


def train(model, optimizer, steps, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 3, generator=generator)).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_what_is_loaded_trains_on_exactly_as_what_was_saved(tmp_path, name):
    model, optimizer = make(name)
    train(model, optimizer, 3)
    path = save_checkpoint(tmp_path, 3, model, optimizer, {"more": [1, "two"]})
    other, its_optimizer = make(name)
    assert load_checkpoint(path, other, its_optimizer) == {"format": 1, "step": 3, "more": [1, "two"]}
    train(model, optimizer, 4, seed=2)
    train(other, its_optimizer, 4, seed=2)
    for (key, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b), key


def test_optimizer_state_is_loaded_in_the_layout_of_its_parameter(tmp_path):
    """Else a fused optimizer, which walks through memory, would give weights each other's momentum."""

    def convolution():
        model = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        return model, build_optimizer(model, "sgd", lr=0.1, weight_decay=0.0)

    model, optimizer = convolution()
    model(torch.randn(2, 3, 8, 8)).square().sum().backward()
    optimizer.step()
    other, its_optimizer = convolution()
    load_checkpoint(save_checkpoint(tmp_path, 1, model, optimizer, {}), other, its_optimizer)
    (state,) = (its_optimizer.state[p] for p in [other.weight])
    assert state["momentum_buffer"].stride() == other.weight.stride()
    assert torch.equal(state["momentum_buffer"], optimizer.state[model.weight]["momentum_buffer"])


def test_before_the_first_step_there_is_nothing_of_the_optimizer(tmp_path):
    path = save_checkpoint(tmp_path, 0, *make(), {})
    with safe_open(path, "pt") as file:
        assert all(key.startswith("model.") for key in file.keys())  # noqa: SIM118
    load_checkpoint(path, *make())


def test_the_newest_three_are_kept(tmp_path):
    model, optimizer = make()
    for step in (1, 2, 5, 30, 100):
        save_checkpoint(tmp_path, step, model, optimizer, {})
    assert [read_note(path)["step"] for path in all_checkpoints(tmp_path)] == [5, 30, 100]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("broken", ["save_file", "fsync"])
def test_a_failed_write_leaves_the_others_and_no_trace(tmp_path, monkeypatch, broken):
    model, optimizer = make()
    first = save_checkpoint(tmp_path, 1, model, optimizer, {})
    before = first.read_bytes()

    def disk_full(*args):
        if broken == "save_file":
            args[1].write_bytes(b"half of a check")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints if broken == "save_file" else os, broken, disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, 2, model, optimizer, {})
    assert list(tmp_path.iterdir()) == [first]
    assert first.read_bytes() == before


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    model, optimizer = make()
    first = save_checkpoint(tmp_path, 1, model, optimizer, {})
    model[0].weight.data[0, 0] = float("nan")
    with pytest.raises(ContriqueError, match=r"model.0.weight is not finite after step 2"):
        save_checkpoint(tmp_path, 2, model, optimizer, {})
    assert all_checkpoints(tmp_path) == [first]


def test_an_unfinished_file_is_no_checkpoint(tmp_path):
    path = save_checkpoint(tmp_path, 1, *make(), {})
    (tmp_path / ".partial").write_bytes(path.read_bytes()[:100])
    assert all_checkpoints(tmp_path) == [path]


def test_damage_and_strangers_are_named(tmp_path):
    path = save_checkpoint(tmp_path, 1, *make(), {})
    with pytest.raises(ContriqueError, match="another model"):
        load_checkpoint(path, *make(width=5))
    model, optimizer = make()
    train(model, optimizer, 1)
    path = save_checkpoint(tmp_path, 2, model, optimizer, {})
    frozen, _ = make()
    frozen[0].weight.requires_grad_(False)
    with pytest.raises(ContriqueError, match=r"has state for 0.weight, which does not train here"):
        load_checkpoint(path, frozen, build_optimizer(frozen, "sgd", lr=0.1, weight_decay=0.0))
    cut = tmp_path / "step_00000003.safetensors"
    cut.write_bytes(path.read_bytes()[:200])
    for bad in (cut, tmp_path / "step_00000004.safetensors"):
        with pytest.raises(ContriqueError, match="not a checkpoint"):
            read_note(bad)


def test_another_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FORMAT", 2)
    path = save_checkpoint(tmp_path, 1, *make(), {})
    monkeypatch.undo()
    with pytest.raises(ContriqueError, match="expected checkpoint format 1, got 2"):
        read_note(path)


def test_text_is_written_whole(tmp_path):
    checkpoints.write_atomically(tmp_path / "a.json", json.dumps([1]))
    checkpoints.write_atomically(tmp_path / "a.json", json.dumps([2]))
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text()) == [2]
