"""Processes find those of their own attempt, whatever an earlier one left in the store."""

import threading
from datetime import timedelta

import pytest
from torch import distributed

from contrique.errors import ContriqueError
from contrique.learning.processes.meeting import meet

SOON = timedelta(seconds=20)


def attempt(store, world, name, order):
    """All ranks meet, starting in the given order; each leaves its name. Returns what each reads of the others."""
    found = {}

    def take_part(rank):
        own = meet(store, rank, world, SOON)
        own.set(f"name of {rank}", f"{name} {rank}")
        found[rank] = [own.get(f"name of {other}").decode() for other in range(world)]

    threads = [threading.Thread(target=take_part, args=(rank,)) for rank in order]
    for thread in threads:
        thread.start()
        thread.join(0.2)  # those that come later may well come after all else happened
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_an_attempt_reads_only_its_own(order):
    store = distributed.HashStore()
    for name in ("first", "second", "third"):
        expected = [f"{name} {rank}" for rank in range(3)]
        assert attempt(store, 3, name, order) == dict.fromkeys(range(3), expected)


def test_an_attempt_that_died_while_meeting_is_not_joined():
    """The first process came, one of two others answered it, and all died; then all come again."""
    store = distributed.HashStore()
    with pytest.raises(ContriqueError, match="not all of the run's 3 processes"):
        meet(store, 0, 3, timedelta(0))
    with pytest.raises(ContriqueError, match="not all"):
        meet(store, 1, 3, timedelta(0))
    assert len(attempt(store, 3, "again", (1, 2, 0))) == 3
