"""Checkpoints are whole or not there, hold everything, and say what is wrong with them."""

import contextlib
import resource

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import nn

from contrique.errors import ContriqueError
from contrique.learning.optimizer import build_optimizer
from contrique.learning.run import checkpoints
from contrique.learning.run.checkpoints import (
    DamagedCheckpoint,
    all_checkpoints,
    load_checkpoint,
    newest_checkpoint,
    read_note,
    save_checkpoint,
)


def make(name="sgd", width=4):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, width, bias=False), nn.BatchNorm1d(width), nn.Linear(width, 2))
    model[2].weight.requires_grad_(False)
    return model, build_optimizer(model, name, lr=0.1, weight_decay=0.01)


def save(folder, step, model, optimizer, note):
    """In a run so long that no milestone is reached."""
    return save_checkpoint(folder, step, model, optimizer, note, steps=10**9)


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
    path = save(tmp_path, 3, model, optimizer, {"more": [1, "two"]})
    other, its_optimizer = make(name)
    assert load_checkpoint(path, other, its_optimizer) == {"format": 2, "step": 3, "more": [1, "two"]}
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
    load_checkpoint(save(tmp_path, 1, model, optimizer, {}), other, its_optimizer)
    (state,) = (its_optimizer.state[p] for p in [other.weight])
    assert state["momentum_buffer"].stride() == other.weight.stride()
    assert torch.equal(state["momentum_buffer"], optimizer.state[model.weight]["momentum_buffer"])


def test_before_the_first_step_there_is_nothing_of_the_optimizer(tmp_path):
    path = save(tmp_path, 0, *make(), {})
    with safe_open(path, "pt") as file:
        assert all(key.startswith("model.") for key in file.keys())  # noqa: SIM118
    load_checkpoint(path, *make())


def steps_in(folder):
    return [read_note(path)["step"] for path in all_checkpoints(folder)]


def test_the_newest_three_and_the_quarters_are_kept(tmp_path):
    """Written every 30 steps of 400: the first at or after 100, 200 and 300 stay besides the newest three."""
    model, optimizer = make()
    for step in range(30, 401, 30):
        save_checkpoint(tmp_path, step, model, optimizer, {}, steps=400)
        assert steps_in(tmp_path)[-3:] == list(range(30, step + 1, 30))[-3:]
        assert {q for q in (120, 210, 300) if q <= step} <= set(steps_in(tmp_path))
        assert len(list(tmp_path.iterdir())) <= 6
    assert steps_in(tmp_path) == [120, 210, 300, 330, 360, 390]


def test_what_is_no_checkpoint_is_never_pruned(tmp_path):
    names = ["step_best.safetensors", "step_00000001 (copy).safetensors", "step_00000009.safetensors.damaged"]
    for name in names:
        (tmp_path / name).touch()
    for step in range(1, 9):
        save(tmp_path, step, *make(), {})
    assert all((tmp_path / name).exists() for name in names)
    assert steps_in(tmp_path) == [6, 7, 8]


def test_a_long_run_sorts_by_number(tmp_path):
    for step in (99_999_999, 100_000_000):
        save(tmp_path, step, *make(), {})
    assert steps_in(tmp_path) == [99_999_999, 100_000_000]


@contextlib.contextmanager
def no_file_beyond(size):
    """The system refuses to let any file grow past so many bytes: a real failure in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_failed_write_leaves_the_others_and_no_trace(tmp_path):
    model, optimizer = make()
    first = save(tmp_path, 1, model, optimizer, {})
    before = first.read_bytes()
    with no_file_beyond(len(before) // 2), pytest.raises(OSError, match=r"step_00000002.*cannot write.*File too large"):
        save(tmp_path, 2, model, optimizer, {})
    assert list(tmp_path.iterdir()) == [first]
    assert first.read_bytes() == before


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    model, optimizer = make()
    first = save(tmp_path, 1, model, optimizer, {})
    model[0].weight.data[0, 0] = float("nan")
    with pytest.raises(ContriqueError, match=r"model.0.weight is not finite after step 2"):
        save(tmp_path, 2, model, optimizer, {})
    assert all_checkpoints(tmp_path) == [first]


def test_an_unfinished_file_is_no_checkpoint(tmp_path):
    path = save(tmp_path, 1, *make(), {})
    (tmp_path / ".step_00000002.safetensors.partial").write_bytes(path.read_bytes()[:100])
    assert all_checkpoints(tmp_path) == [path]


def test_any_damage_is_noticed(tmp_path):
    """Whichever bits are turned over, and wherever the file is cut."""
    model, optimizer = make()
    train(model, optimizer, 1)
    path = save(tmp_path, 1, model, optimizer, {"recipe": {"seed": 3}})
    whole = path.read_bytes()

    @settings(deadline=None)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def check(at, bits, cut):
        path.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path, *make())

    check()


def test_the_newest_whole_one_is_found_and_damaged_ones_are_set_aside(tmp_path):
    assert newest_checkpoint(tmp_path / "none", print) is None
    good, flipped, empty = (save(tmp_path, step, *make(), {}) for step in (1, 2, 3))
    content = bytearray(flipped.read_bytes())
    content[-5] ^= 1
    flipped.write_bytes(content)
    empty.write_bytes(b"")
    told = []
    assert newest_checkpoint(tmp_path, told.append) == good
    assert [text.split(": damaged")[0] for text in told] == [str(empty), str(flipped)]
    assert sorted(p.name[13:] for p in tmp_path.iterdir()) == [
        ".safetensors",
        ".safetensors.damaged",
        ".safetensors.damaged",
    ]
    assert newest_checkpoint(tmp_path, told.append) == good
    assert len(told) == 2
    good.write_bytes(b"no")
    assert newest_checkpoint(tmp_path, told.append) is None


def test_one_that_cannot_be_opened_is_not_called_damaged(tmp_path):
    (tmp_path / "step_00000001.safetensors").mkdir()
    with pytest.raises(OSError, match="step_00000001"):
        newest_checkpoint(tmp_path, print)
    assert (tmp_path / "step_00000001.safetensors").exists()


def test_damage_and_strangers_are_named(tmp_path):
    path = save(tmp_path, 1, *make(), {})
    with pytest.raises(ContriqueError, match="another model"):
        load_checkpoint(path, *make(width=5))
    model, optimizer = make()
    train(model, optimizer, 1)
    path = save(tmp_path, 2, model, optimizer, {})
    frozen, _ = make()
    frozen[0].weight.requires_grad_(False)
    with pytest.raises(ContriqueError, match=r"has state for 0.weight, which does not train here"):
        load_checkpoint(path, frozen, build_optimizer(frozen, "sgd", lr=0.1, weight_decay=0.0))
    cut = tmp_path / "step_00000003.safetensors"
    cut.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DamagedCheckpoint, match="not a checkpoint"):
        read_note(cut)


def test_another_format_is_refused_and_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FORMAT", 1)
    path = save(tmp_path, 1, *make(), {})
    monkeypatch.undo()
    for read in (read_note, lambda path: newest_checkpoint(path.parent, print)):
        with pytest.raises(ContriqueError, match="expected checkpoint format 2, got 1"):
            read(path)
    assert path.exists()
