"""Model, optimizer and one training step, in this process alone or together with others."""

import contextlib
import ctypes
import sys
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from contrique.errors import ContriqueError
from contrique.learning import encoders
from contrique.learning.optimizer import build_optimizer, learning_rate, set_learning_rate, trained_parameters
from contrique.learning.processes.distributed import ALONE, Group
from contrique.learning.processes.synced_norm import synchronise_norms
from contrique.learning.projector import GRID, Contrast
from contrique.learning.recipe import Recipe


def keep_freed_memory() -> None:
    """Ask the C library to keep what is freed for the next step instead of handing it back to the system.

    A step allocates and frees the same gigabytes of activations again and again; by default glibc maps each of them
    anew and the kernel clears every page. Measured on 2 CPU cores (EfficientNet-Lite0 with side network, 64 views of
    256 px): 203 ms a view before, 82 ms after. Elsewhere than on Linux with glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    m_trim_threshold, m_mmap_threshold, largest = -1, -3, 2**31 - 1  # malloc.h
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(m_mmap_threshold, 2**30)
        libc.mallopt(m_trim_threshold, largest)


def hardware_has_bf16(device: torch.device) -> bool:
    """Whether bf16 is multiplied by hardware there; on a CPU without it, bf16 convolutions are tens of times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    supported = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(check() for check in supported if check is not None)


class Trainer:
    """Model, optimizer and one training step.

    Args:
        recipe: what to train.
        device: where; this process's GPU if there is one when not given.
        encoder: trained instead of the one the recipe names.
        group: the processes that train it together; each has a Trainer, and all step at the same time.

    Attributes:
        model: the model itself, with or without other processes.
    """

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device | None = None,
        encoder: nn.Module | None = None,
        group: Group = ALONE,
    ) -> None:
        self.recipe, self.group = recipe, group
        keep_freed_memory()
        self.device = device or group.device()
        torch.manual_seed(recipe.run.seed)
        if encoder is None:
            with group.together():
                try:
                    encoder = cast(nn.Module, encoders.build(recipe.encoder.name, recipe.encoder.start))
                except ValueError as error:
                    raise ContriqueError(f"recipe {recipe.name}: encoder: {error}") from error
        self.model = Contrast(encoder).train().to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        part = recipe.optimizer
        self.optimizer = build_optimizer(
            self.model, part.name, lr=part.lr, weight_decay=part.weight_decay, momentum=part.momentum
        )
        self.bf16 = recipe.run.precision == "bf16" or (
            recipe.run.precision == "auto" and hardware_has_bf16(self.device)
        )
        self._shared: nn.Module = self.model
        if group.world > 1:
            synchronise_norms(self.model, self.device)
            self._shared = DistributedDataParallel(
                self.model,
                device_ids=[self.device.index] if self.device.type == "cuda" else None,
                forward_sync_buffers=False,  # equal everywhere: statistics are over all processes or frozen
                gradient_as_bucket_view=True,
            )

    def step(self, step: int, view_B2SSC: Tensor, class_B: Tensor) -> tuple[float, float]:
        """One step on one batch.

        Args:
            step: counted from 0.
            view_B2SSC: uint8 views of this process's part of the batch, on any device (see ``ahead.on_device``).
            class_B: int64 class ids.

        Returns:
            Loss of the whole batch before the step, and the learning rate used.
        """
        optimizer = self.recipe.optimizer
        lr = learning_rate(step, steps=self.recipe.run.steps, peak=optimizer.lr, warmup=optimizer.warmup)
        set_learning_rate(self.optimizer, lr)
        # For encoders that draw (dropout), each process something else: nothing to carry over.
        torch.manual_seed(self.recipe.run.seed + step + (self.group.rank << 40))
        view_NSSC = view_B2SSC.to(self.device).flatten(0, 1)
        class_N = class_B.to(self.device).repeat_interleave(2 * GRID**2)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            z_ND = self._shared(view_NSSC)
        part = self.group.loss(z_ND, class_N, self.recipe.temperature)
        self.optimizer.zero_grad(set_to_none=True)
        (part * self.group.world).backward()  # the mean over processes that follows undoes the factor
        if optimizer.clip:
            nn.utils.clip_grad_norm_(trained_parameters(self.model).values(), optimizer.clip)
        self.optimizer.step()
        return self.group.sum(part), lr
