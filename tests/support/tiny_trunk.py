"""A trunk with ResNet-50's strides and a few thousand weights, for networks that are trained in tests."""

import torch
from torch import nn
from torch.nn import functional


class TinyTrunk(nn.Module):
    """Calls itself resnet50, so that it takes that one's place in ``ENCODERS``."""

    name = "resnet50"
    stage_dims = (4, 4, 6, 8, 10)
    statistics, last, patch_dim = (0, 1, 2, 3, 4), (4,), 10

    def __init__(self) -> None:
        super().__init__()
        pairs = zip((3, *self.stage_dims), self.stage_dims, strict=False)
        self.layers = nn.ModuleList(nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False) for i, o in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in self.stage_dims)

    def stages(self, x_BCHW: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x_BCHW = functional.relu(norm(layer(x_BCHW)))
            maps.append(x_BCHW)
        return maps
