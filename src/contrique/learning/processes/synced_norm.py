"""Batch norm over the batches of all processes, on any device.

PyTorch's ``SyncBatchNorm`` does this on GPUs and refuses tensors on the CPU; here is one for the CPU, and the exchange
of a model's layers for whichever fits.

Shape suffixes: B batch, C channels, ... any further dimensions.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm


class _SyncedNorm(torch.autograd.Function):
    """y = weight · (x − μ)/√(σ² + ε) + bias with μ, σ² over all processes; returns y, μ, σ² and the count."""

    @staticmethod
    def forward(
        ctx: Any, x_BC: Tensor, weight_C: Tensor | None, bias_C: Tensor | None, eps: float
    ) -> tuple[Tensor, ...]:
        dims = [0, *range(2, x_BC.ndim)]
        wide = torch.float64 if x_BC.dtype == torch.float64 else torch.float32
        var_C, mean_C = torch.var_mean(x_BC.to(wide), dims, correction=0)
        own = torch.cat([mean_C, var_C, mean_C.new_tensor([x_BC.numel() // x_BC.shape[1]])])
        parts = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, own)
        # Chan, Golub and LeVeque 1979: the variance of the whole from those of the parts, without cancellation
        mean_PC, var_PC, count_P1 = torch.stack(parts).tensor_split([len(mean_C), 2 * len(mean_C)], dim=1)
        count = count_P1.sum()
        share_P1 = count_P1 / count
        mean_C = (share_P1 * mean_PC).sum(0)
        var_C = (share_P1 * (var_PC + (mean_PC - mean_C) ** 2)).sum(0)
        ctx.save_for_backward(x_BC, weight_C, mean_C, var_C, count)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean_C, var_C, count)
        return functional.batch_norm(x_BC, mean_C, var_C, weight_C, bias_C, eps=eps), mean_C, var_C, count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x_BC, weight_C, mean_C, var_C, count = ctx.saved_tensors
        shape = (1, -1) + (1,) * (x_BC.ndim - 2)
        dims = [0, *range(2, x_BC.ndim)]
        dy_BC = gradients[0].to(mean_C.dtype)
        unit_BC = functional.batch_norm(x_BC.to(mean_C.dtype), mean_C, var_C, eps=ctx.eps)
        own = torch.stack([dy_BC.sum(dims), (dy_BC * unit_BC).sum(dims)])
        whole = own.clone()
        distributed.all_reduce(whole)
        mean_dy_C, mean_product_C = whole / count
        dx_BC = dy_BC - mean_dy_C.view(shape) - unit_BC * mean_product_C.view(shape)
        dx_BC *= torch.rsqrt(var_C + ctx.eps).view(shape)
        if weight_C is None:
            return dx_BC.to(x_BC.dtype), None, None, None
        dx_BC *= weight_C.view(shape)
        return dx_BC.to(x_BC.dtype), own[1], own[0], None


class SyncedBatchNorm(_BatchNorm):
    """Batch norm whose statistics in training are those of the batches of all processes; otherwise as ``BatchNorm2d``.

    Equal to one process's batch norm on the whole batch, running statistics included, to float accuracy.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected (B, C, ...), got {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, ...) channel by channel."""
        if not self.training:
            return super().forward(input)
        self._check_input_dim(input)
        y_BC, mean_C, var_C, count = _SyncedNorm.apply(input, self.weight, self.bias, self.eps)
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            with torch.no_grad():
                self.num_batches_tracked.add_(1)
                momentum = self.momentum if self.momentum is not None else 1 / int(self.num_batches_tracked)
                self.running_mean.lerp_(mean_C, momentum)
                self.running_var.lerp_(var_C * (count / (count - 1)), momentum)
        return y_BC  # type: ignore[no-any-return]


def synchronise_norms(model: nn.Module, device: torch.device) -> None:
    """Exchange a model's batch norms that are in training mode for synchronised ones; parameters stay the same objects.

    Those in evaluation mode, as in a frozen trunk, use no statistics of the batch and stay as they are.

    Args:
        model: as it trains: ``model.train()`` was called.
        device: where it will train.
    """
    for parent in list(model.modules()):
        for name, norm in list(parent.named_children()):
            if not isinstance(norm, _BatchNorm) or isinstance(norm, nn.SyncBatchNorm) or not norm.training:
                continue
            kind = nn.SyncBatchNorm if device.type == "cuda" else SyncedBatchNorm
            synced = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
            synced.weight, synced.bias = norm.weight, norm.bias
            for buffer in ("running_mean", "running_var", "num_batches_tracked"):
                synced.register_buffer(buffer, getattr(norm, buffer))
            setattr(parent, name, synced)
