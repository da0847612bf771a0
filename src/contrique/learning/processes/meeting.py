"""How the processes of one attempt find each other, and not what an earlier attempt left.

torchrun keeps its key-value store when it starts processes again (PyTorch 2.13), and their counts of restarts can
differ from machine to machine. Addresses of an earlier attempt's dead processes would be read from the store by
whoever comes first. So the first process makes up a name for this attempt, and is answered by every other one under a
name made up by that one; only who finds its own answer confirmed knows that the name is not an old one.
"""

import json
import time
from datetime import timedelta
from uuid import uuid4

from torch import distributed

from contrique.errors import ContriqueError

_NEWEST = "contrique/newest attempt"
_PAUSE = 0.05  # seconds between two looks


def meet(store: distributed.Store, rank: int, world: int, timeout: timedelta) -> distributed.Store:
    """Wait until all processes of this attempt are there.

    Args:
        store: one that all of them reach; may hold anything.
        rank: this process's number.
        world: how many there are.
        timeout: how long to wait.

    Returns:
        The store with a prefix of this attempt's own.

    Raises:
        ContriqueError: some never came.
        RuntimeError: the store went away.
    """
    own, deadline = uuid4().hex, time.monotonic() + timeout.total_seconds()
    if rank == 0:
        store.set(_NEWEST, own)
        awaited = [f"{own}/{other}" for other in range(1, world)]
        _wait(store, awaited, deadline, world)
        store.set(f"{own}/all", json.dumps([store.get(key).decode() for key in awaited]))
        return distributed.PrefixStore(own, store)
    while True:
        _wait(store, [_NEWEST], deadline, world)
        newest = store.get(_NEWEST).decode()
        store.set(f"{newest}/{rank}", own)
        while store.get(_NEWEST).decode() == newest:
            if store.check([f"{newest}/all"]) and own in json.loads(store.get(f"{newest}/all")):
                return distributed.PrefixStore(newest, store)
            _sleep(deadline, world)


def _wait(store: distributed.Store, keys: list[str], deadline: float, world: int) -> None:
    while not store.check(keys):
        _sleep(deadline, world)


def _sleep(deadline: float, world: int) -> None:
    if time.monotonic() > deadline:
        raise ContriqueError(f"not all of the run's {world} processes came in time")
    time.sleep(_PAUSE)
