"""Model, optimizer and one training step."""

import contextlib
import ctypes
import sys
from typing import cast

import torch
from torch import Tensor, nn

from contrique.errors import ContriqueError
from contrique.learning import encoders
from contrique.learning.loss import contrastive_loss
from contrique.learning.optimizer import build_optimizer, learning_rate, set_learning_rate, trained_parameters
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
        device: where; CUDA if there is one when not given.
        encoder: trained instead of the one the recipe names.
    """

    def __init__(self, recipe: Recipe, device: torch.device | None = None, encoder: nn.Module | None = None) -> None:
        self.recipe = recipe
        keep_freed_memory()
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.run.seed)
        if encoder is None:
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

    def step(self, step: int, view_B2SSC: Tensor, class_B: Tensor) -> tuple[float, float]:
        """One step on one batch.

        Returns:
            Loss before the step, and the learning rate used.
        """
        part = self.recipe.optimizer
        lr = learning_rate(step, steps=self.recipe.run.steps, peak=part.lr, warmup=part.warmup)
        set_learning_rate(self.optimizer, lr)
        torch.manual_seed(self.recipe.run.seed + step)  # for encoders that draw (dropout): nothing to carry over
        view_NSSC = view_B2SSC.to(self.device).flatten(0, 1)
        class_N = class_B.to(self.device).repeat_interleave(2 * GRID**2)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            z_ND = self.model(view_NSSC)
        loss = contrastive_loss(z_ND, class_N, self.recipe.temperature)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if part.clip:
            nn.utils.clip_grad_norm_(trained_parameters(self.model).values(), part.clip)
        self.optimizer.step()
        return loss.item(), lr
