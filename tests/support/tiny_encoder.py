"""An encoder of a few hundred weights, with a frozen part that stays in eval mode, like the real ones."""

import torch
from torch import nn


class Tiny(nn.Module):
    """The same weights at every call.

    Args:
        ballast: further numbers in its checkpoints that do nothing, to make these as slow to write as real ones.
    """

    name = "tiny"
    stage_dims, statistics, last = (6, 8), (0, 1), (1,)
    patch_dim = 8

    def __init__(self, ballast: int = 0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6)).requires_grad_(False)
        self.side = nn.Sequential(nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout(0.2))
        if ballast:
            self.register_buffer("ballast", torch.zeros(ballast))

    def train(self, mode: bool = True) -> "Tiny":
        super().train(mode)
        self.trunk.eval()
        return self

    def stages(self, x_BCHW: torch.Tensor) -> list[torch.Tensor]:
        trunk = self.trunk(x_BCHW)
        return [trunk, self.side(trunk)]

    def patch_map(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return self.stages(x_BCHW)[-1]
