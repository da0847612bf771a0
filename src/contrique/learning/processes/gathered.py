"""Rows of all processes as one tensor, with gradients that find their way back.

Shape suffixes: N rows of this process, A of all of them.
"""

from typing import Any

import torch
from torch import Tensor, distributed


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own_N: Tensor) -> Tensor:
        own_N = own_N.contiguous()
        parts = [torch.empty_like(own_N) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, own_N)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total_A = gradients[0].contiguous().clone()
        distributed.all_reduce(total_A)
        return total_A.chunk(distributed.get_world_size())[distributed.get_rank()]


def gathered(own_N: Tensor) -> Tensor:
    """The rows of all processes, in order of rank.

    Args:
        own_N: (N, ...), this process's rows; the same shape everywhere.

    Returns:
        (A, ...). The backward pass sums what all processes ask of a row, and hands that to the row's own process.
    """
    return _Gathered.apply(own_N)  # type: ignore[no-any-return]
