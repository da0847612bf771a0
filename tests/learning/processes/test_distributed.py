"""Two real processes find what one finds on the whole: shares, the loss and its gradient; on the rest they agree."""

from datetime import timedelta

import processes
import pytest
import torch
import whole_and_parts
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.learning.processes import distributed
from contrique.learning.processes.distributed import ALONE, Group, joined, launched


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 12), st.data())
def test_places_are_dealt_without_overlap_in_equal_shares(world, share, data):
    images = world * share
    synthetic = data.draw(st.integers(0, images))
    shares = [Group(rank, world).places(images, synthetic) for rank in range(world)]
    assert sorted(place for parts in shares for part in parts for place in part) == list(range(images))
    assert all(sum(map(len, parts)) == share for parts in shares)
    numbers = [sum(place < synthetic for part in parts for place in part) for parts in shares]
    assert max(numbers) - min(numbers) <= 1
    assert all(len({place < synthetic for place in part}) == 1 for parts in shares for part in parts)


@pytest.mark.parametrize(("whole", "expected"), [(0, 0), (1, 1), (3, 1), (8, 2), (11, 2)])
def test_a_machine_is_divided_among_its_processes(whole, expected):
    assert Group(5, 8, 1, 4).portion(whole) == expected


def test_alone_nothing_is_asked_of_anybody():
    with joined() as group:
        assert group == ALONE
        assert group.heard("x") == [(0, "x")]
        assert group.heard(None) == []
        assert group.from_first(3) == 3
        assert group.sum(torch.tensor(2.0)) == 2
        assert group.deserted() is None
        with group.together():
            pass
        with pytest.raises(KeyError), group.together():
            raise KeyError("as it was")
    assert not torch.distributed.is_initialized()


def test_one_process_of_torchrun_is_alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        assert not launched()
        monkeypatch.setenv(name, "1")
    assert launched()
    with joined() as group:
        assert group == ALONE


@pytest.mark.slow
def test_each_process_knows_its_place(two_processes):
    for rank, found in enumerate(two_processes):
        expected = {"rank": rank, "world": 2, "local_rank": rank, "local_world": 2, "agent": 0}
        assert found["group"] == expected


@pytest.mark.slow
def test_loss_and_gradient_are_those_of_one_process(two_processes):
    """To the last digits of float64; the published gather would give half the gradient."""
    one = whole_and_parts.loss(ALONE)
    for found in two_processes:
        assert torch.isclose(found["loss"]["loss"], one["loss"], rtol=1e-14, atol=0)
    gradient = torch.cat([found["loss"]["gradient"] for found in two_processes])
    assert torch.allclose(gradient, one["gradient"], rtol=1e-12, atol=1e-14)
    assert one["gradient"].abs().min() > 1e-4


@pytest.mark.slow
def test_what_one_says_all_hear_and_what_one_fails_at_all_do(two_processes):
    first, second = (found["agreement"] for found in two_processes)
    for found in (first, second):
        assert found["quiet"] == []
        assert found["heard"] == [(1, {"from": 1})]
        assert found["from first"] == 7
        assert found["none fails"] == found["same"] == "passed"
    assert first["one fails"] == "ToldElsewhere: process 1 of 2: no images for 1"
    assert second["one fails"] == "ContriqueError: no images for 1"
    assert first["both fail"] == "ContriqueError: no images for 0"
    assert second["both fail"] == "ToldElsewhere: process 0 of 2: no images for 0"
    assert first["other"] == "ContriqueError: the number: 0 in process 0, 1 in process 1"
    assert second["other"].startswith("ToldElsewhere")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sgd", "adamw", "clipped"])
def test_state_of_the_first_becomes_everybodys(two_processes, name):
    """Weights, statistics and optimizer: one more step from it equals one process's second step."""
    one = whole_and_parts.train(ALONE, whole_and_parts.recipes(two_processes.recipe)[name], steps=2)
    first, second = (found["shared"][name] for found in two_processes)
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
        assert torch.allclose(value, one[key], rtol=1e-4, atol=1e-5), key


def test_others_that_never_come_are_an_error(monkeypatch):
    """Nobody listens where the first process should be."""
    names = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(processes.free_port())}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(distributed, "TIMEOUT", timedelta(seconds=1))
    with (
        pytest.raises(ContriqueError, match=r"process 1 cannot join the others at 127\.0\.0\.1:\d+: .") as caught,
        joined(),
    ):
        pass
    assert "\n" not in str(caught.value)
