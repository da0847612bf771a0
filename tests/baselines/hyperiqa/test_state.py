"""Training's state on disk: whole or not at all, and a damaged one is noticed."""

from pathlib import Path

import pytest
import torch

from contrique.baselines.hyperiqa.state import FINISHED, UNDER_WAY, read_state, write_state

NOW = {"a": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}
BEST = {"a": -torch.ones(2, 3), "n": torch.tensor(1)}


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert read_state(folder, NOW) is None
    write_state(folder, UNDER_WAY, [0.5, float("nan")], NOW, BEST)
    agreement, now, best = read_state(folder, NOW)
    assert agreement[0] == 0.5
    assert agreement[1] != agreement[1]
    assert same(now, NOW)
    assert same(best, BEST)
    write_state(folder, UNDER_WAY, [0.5, 0.6], NOW, NOW)
    assert same(read_state(folder, NOW)[2], NOW)


def test_the_end_takes_the_place_of_what_was_under_way(tmp_path: Path) -> None:
    write_state(tmp_path, UNDER_WAY, [0.5], NOW, NOW)
    write_state(tmp_path, FINISHED, [0.5, 0.4], BEST, BEST)
    assert [path.name for path in tmp_path.iterdir()] == [FINISHED]
    agreement, now, _ = read_state(tmp_path, NOW)
    assert agreement == [0.5, 0.4]
    assert same(now, BEST)


def test_memory_layout_does_not_matter(tmp_path: Path) -> None:
    weight = torch.rand(4, 3, 5, 5)
    state = {"w": weight.to(memory_format=torch.channels_last)}
    write_state(tmp_path, UNDER_WAY, [], state, state)
    assert torch.equal(read_state(tmp_path, state)[1]["w"], weight)


@pytest.mark.parametrize("where", [0, 200, -1])
def test_damage_is_noticed(tmp_path: Path, where: int) -> None:
    write_state(tmp_path, UNDER_WAY, [0.5], NOW, BEST)
    path = tmp_path / UNDER_WAY
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=f"{UNDER_WAY}: damaged; hyperiqa trains anew"):
        assert read_state(tmp_path, NOW) is None


def test_another_network_s_state_is_not_taken(tmp_path: Path) -> None:
    write_state(tmp_path, UNDER_WAY, [0.5], NOW, BEST)
    with pytest.warns(UserWarning, match="damaged"):
        assert read_state(tmp_path, {"a": torch.zeros(3, 2), "n": torch.tensor(0)}) is None


def test_a_disk_that_cannot_be_written_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="hyperiqa's training is not kept"):
        write_state(tmp_path / "file" / "folder", UNDER_WAY, [], NOW, BEST)
