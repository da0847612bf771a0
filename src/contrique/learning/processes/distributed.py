"""Several processes, one run: who does what, how they agree, and the loss over all of them.

Started by ``torchrun``, every process makes its own places of each batch, holds the whole model, and meets the others
in collectives: gloo for tensors on the CPU, NCCL for those on a GPU. Alone, everything here does nothing.

The loss and its gradient are those of one process with the whole batch (the published code keeps only the local slice
in its backward pass: 1/number of processes of the gradient). Each process holds all embeddings and computes the terms
of its own anchors, divided by the number of terms over all; the gradient of the sum of these parts reaches every
embedding through :func:`gathered`, and every weight through DistributedDataParallel, whose mean is undone beforehand.

Shape suffixes: N patches of this process, A of all of them, D embedding size.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from contrique.errors import ContriqueError, ToldElsewhere
from contrique.learning.loss import contrastive_loss
from contrique.learning.processes.gathered import gathered
from contrique.learning.processes.meeting import meet

T = TypeVar("T")
TIMEOUT = timedelta(minutes=10)
"""How long a process waits for others that are silent. One that dies is noticed at once; this is for machines that
vanish from the network. Longer than a checkpoint takes to write."""


@dataclass(frozen=True)
class Group:
    """The processes of a run, and this one's place among them.

    Attributes:
        rank: this process's number, from 0.
        world: how many there are.
        local_rank: its number among those on this machine.
        local_world: how many there are on this machine.
        agent: process id of the torchrun that started it, or 0.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1
    agent: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks for all."""
        return self.rank == 0

    def deserted(self) -> int | None:
        """SIGTERM if the torchrun that started this process was killed and so could not send it; else None."""
        return signal.SIGTERM if self.agent and os.getppid() != self.agent else None

    def places(self, images: int, synthetic: int) -> list[range]:
        """This process's places of a batch: an equal share of the synthetic ones and of the rest, none in two shares.

        Args:
            images: size of the whole batch; a multiple of ``world``.
            synthetic: how many of them, the first ones, are synthetic (these take longer to make).

        Returns:
            A range of synthetic and one of authentic places, ``images / world`` in all; empty ones are left out.
        """
        cuts = [number * synthetic // self.world for number in (self.rank, self.rank + 1)]
        rest = [synthetic + number * images // self.world - cut for number, cut in enumerate(cuts, start=self.rank)]
        return [part for part in (range(*cuts), range(*rest)) if part]

    def portion(self, whole: int) -> int:
        """This process's portion of a number of things that its machine has; at least one if there are any."""
        return max(min(whole, 1), whole // self.local_world)

    def device(self) -> torch.device:
        """The GPU that is this process's own, or the CPU.

        Raises:
            ContriqueError: there are more processes on this machine than GPUs.
        """
        if not torch.cuda.is_available():
            return torch.device("cpu")
        if self.local_rank >= torch.cuda.device_count():
            raise ContriqueError(
                f"{self.local_world} processes on this machine, which has {torch.cuda.device_count()} GPUs: give "
                "torchrun --nproc_per_node no more than that"
            )
        torch.cuda.set_device(self.local_rank)
        return torch.device("cuda", self.local_rank)

    def heard(self, value: T | None) -> list[tuple[int, T]]:
        """What the processes have to say: (rank, value) of all that are not None. A few bytes if nobody has."""
        if self.world == 1:
            return [] if value is None else [(0, value)]
        anything = torch.tensor(int(value is not None))
        distributed.all_reduce(anything, distributed.ReduceOp.MAX)
        if not anything:
            return []
        values: list[T | None] = [None] * self.world
        distributed.all_gather_object(values, value)
        return [(rank, said) for rank, said in enumerate(values) if said is not None]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do something in every process: if the body fails in one, it fails in all. No collectives inside.

        Raises:
            ToldElsewhere: it failed in a process of lower rank, which raises the error itself.
        """
        error = None
        try:
            yield
        except Exception as raised:
            error = raised
        failures = self.heard(None if error is None else str(error) or type(error).__name__)
        if failures:
            rank, reason = failures[0]
            if error is not None and rank == self.rank:
                raise error
            raise ToldElsewhere(f"process {rank} of {self.world}: {reason}") from error

    def from_first(self, value: T) -> T:
        """The first process's value."""
        if self.world == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def same(self, what: str, value: object) -> None:
        """Make sure that something is equal in all processes.

        Raises:
            ContriqueError: it is not; the message starts with ``what``.
        """
        values = dict(self.heard(repr(value)))
        others = [rank for rank, said in values.items() if said != values[0]]
        with self.together():
            if others:
                raise ContriqueError(f"{what}: {values[0]} in process 0, {values[others[0]]} in process {others[0]}")

    def share_state(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Give all processes the first one's weights, running statistics and optimizer state."""
        if self.world == 1:
            return
        for tensor in model.state_dict().values():
            dense = tensor.detach().contiguous()  # the state itself may lie channels last
            distributed.broadcast(dense, src=0)
            tensor.copy_(dense)
        state = optimizer.state_dict()
        state["state"] = {  # a copy: these dictionaries are the optimizer's own
            index: {key: value.cpu() if isinstance(value, Tensor) else value for key, value in slots.items()}
            for index, slots in state["state"].items()
        }
        state = self.from_first(state if self.first else {})
        if not self.first:
            optimizer.load_state_dict(state)

    def loss(self, z_ND: Tensor, class_N: Tensor, temperature: float) -> Tensor:
        """This process's part of the loss over all patches of all processes: the parts add up to it.

        Raises:
            ValueError: as :func:`contrastive_loss`, and alike in all processes.
        """
        if self.world == 1:
            return contrastive_loss(z_ND, class_N, temperature)
        z_AD = gathered(z_ND if z_ND.dtype == torch.float64 else z_ND.float())
        own = slice(self.rank * len(z_ND), (self.rank + 1) * len(z_ND))
        return contrastive_loss(z_AD, gathered(class_N), temperature, own)

    def sum(self, value: Tensor) -> float:
        """The sum of a number over all processes."""
        total = value.detach().clone()
        if self.world > 1:
            distributed.all_reduce(total)
        return float(total)


ALONE = Group()


def launched() -> bool:
    """Whether this process was started as one of several."""
    return all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


def restarted() -> bool:
    """Whether torchrun started this process again after a failure."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0


@contextmanager
def joined() -> Iterator[Group]:
    """Join the processes that torchrun started; alone if it started none or one.

    Yields:
        The group.

    Raises:
        ContriqueError: the others cannot be reached, or one is lost while the body runs. If several notice, one raises
            it and the rest raise ToldElsewhere.
    """
    if not launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE
        return
    group = Group(
        rank=int(os.environ["RANK"]),
        world=int(os.environ["WORLD_SIZE"]),
        local_rank=int(os.environ.get("LOCAL_RANK", 0)),
        local_world=int(os.environ.get("LOCAL_WORLD_SIZE", 1)),
        agent=os.getppid() if distributed.is_torchelastic_launched() else 0,
    )
    cuda = group.device().type == "cuda"
    try:
        store, *_ = next(distributed.rendezvous("env://", timeout=TIMEOUT))
        store = meet(store, group.rank, group.world, TIMEOUT)
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo",
            store=store,
            rank=group.rank,
            world_size=group.world,
            timeout=TIMEOUT,
        )
    except RuntimeError as error:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise ContriqueError(f"process {group.rank} cannot join the others at {where}: {_reason(error)}") from error
    try:
        yield group
        group.heard(None)  # nobody leaves before all are done
    except ToldElsewhere:
        raise
    except Exception as error:
        with suppress(ValueError):  # torchrun asks all to end once one has: no need, and we still have to say why
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        told = 0
        with suppress(Exception):  # the store goes with torchrun
            told = store.add("told", 1)
        if not _is_loss(error):
            raise
        message = (
            f"another of the run's {group.world} processes was lost ({_reason(error)}): stopped; the last checkpoint "
            "is intact"
        )
        raise (ToldElsewhere if told > 1 else ContriqueError)(message) from error
    finally:
        if not cuda or sys.exception() is None:  # NCCL can wait here for one that is gone; the process's end does it
            distributed.destroy_process_group()


def _is_loss(error: Exception) -> bool:
    """Whether an error says that another process cannot be reached any more."""
    return isinstance(error, distributed.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))


def _reason(error: Exception) -> str:
    """The first sentence of an error of the collectives' libraries, without source files."""
    text = re.sub(r"\[[^\]]*\.(cc|cpp|h):\d+\]\s*", "", str(error)).strip()
    return re.split(r"\.\s|\n", text)[0].rstrip(".") or type(error).__name__
