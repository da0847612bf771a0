"""HyperIQA's network: from a crop to a number, by a small network whose weights another one makes for this very crop.

The crop's content, seen by ResNet-50's last map, decides how its local features are turned into quality:

    v = [local features of the four layers], 16 + 16 + 16 + 176 = 224 numbers
    W₁, b₁ … W₅, b₅ = hyper network(last map)
    q = W₅ σ(W₄ σ(W₃ σ(W₂ σ(W₁ v + b₁) + b₂) + b₃) + b₄) + b₅,      224 → 112 → 56 → 28 → 14 → 1

with σ the sigmoid. As in the authors' ``models.py`` (classes HyperNet and TargetNet), layer for layer, and with the
starting values they give each: 27,375,369 parameters, 3,867,337 of them beside the ResNet-50.

Shapes: B batch, C channels, H height, W width, I inputs and O outputs of a layer of the target network.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CROP = 224
"""Side of the square that the network sees: its layers are made for the 56, 28, 14 and 7 pixels that remain of it."""

WINDOW = 7
"""Side of the windows that local features are averaged over; and of the last map."""

LOCAL = ((16, 16), (32, 16), (64, 16), (None, 176))
"""For each of the four layers: channels after its 1×1 convolution (None: there is none), and its share of v."""

HIDDEN = (1024, 512, 112)
"""Channels of the three 1×1 convolutions in front of the hyper network."""

TARGET = (224, 112, 56, 28, 14)
"""Widths of the target network up to its last layer, which has one output."""


class LocalFeatures(nn.Module):
    """A layer's map to a few numbers: 1×1 convolution, means of 7×7 windows, one linear layer over all of them.

    Args:
        channels: of the map.
        narrow: channels after the convolution, or None for no convolution.
        side: of the map.
        out: how many numbers.
    """

    def __init__(self, channels: int, narrow: int | None, side: int, out: int) -> None:
        super().__init__()
        self.narrow = None if narrow is None else nn.Conv2d(channels, narrow, 1, bias=False)
        self.linear = nn.Linear((narrow or channels) * (side // WINDOW) ** 2, out)
        for module in (self.narrow, self.linear):
            if module is not None:
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if self.narrow is not None:
            x_BCHW = self.narrow(x_BCHW)
        return self.linear(functional.avg_pool2d(x_BCHW, WINDOW).flatten(1))


class HyperNetwork(nn.Module):
    """The last map to weights and biases of the target network.

    A layer's weights are the values of a 3×3 convolution's map, in order: 7 × 7 positions times as many channels as it
    takes. Biases, and the weights of the last layer, are linear in the mean over the positions.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in HIDDEN:
            layers += [nn.Conv2d(channels, width, 1), nn.ReLU()]
            channels = width
        self.reduce = nn.Sequential(*layers)
        pairs = list(pairwise(TARGET))
        self.weights = nn.ModuleList(nn.Conv2d(channels, i * o // WINDOW**2, 3, padding=1) for i, o in pairs)
        self.biases = nn.ModuleList(nn.Linear(channels, o) for _, o in pairs)
        self.last_weight = nn.Linear(channels, TARGET[-1])
        self.last_bias = nn.Linear(channels, 1)
        for module in (*self.weights, *self.biases, self.last_weight, self.last_bias):
            nn.init.kaiming_normal_(module.weight)

    def forward(self, x_BCHW: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights (B, O, I) and biases (B, O) of the five layers."""
        x_BCHW = self.reduce(x_BCHW)
        mean_BC = x_BCHW.mean((2, 3))
        layers = []
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            shape = (-1, TARGET[number + 1], TARGET[number])
            layers.append((weight(x_BCHW).flatten(1).reshape(shape), bias(mean_BC)))
        return [*layers, (self.last_weight(mean_BC)[:, None], self.last_bias(mean_BC))]


def target_network(x_BI: Tensor, layers: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Run each crop's own network on its own local features: (B,)."""
    for number, (weight_BOI, bias_BO) in enumerate(layers):
        x_BI = torch.baddbmm(bias_BO[:, :, None], weight_BOI, x_BI[:, :, None])[:, :, 0]
        if number < len(layers) - 1:
            x_BI = torch.sigmoid(x_BI)
    return x_BI[:, 0]


class HyperIqaNet(nn.Module):
    """Crops in, one number each out.

    Args:
        trunk: whose maps at strides 4, 8, 16 and 32 follow its first in ``stages``: a ResNet-50 for HyperIQA.
        mean: subtracted from each colour channel before the trunk, RGB in [0, 1].
        deviation: divided by; 0 and 1 for a trunk that takes RGB in [0, 1] as it is.

    Shapes:
        * Input: (B, 3, 224, 224), RGB in [0, 1]
        * Output: (B,), standardised ratings (training.py)
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, trunk: Any, mean: Sequence[float] = (0.0, 0.0, 0.0), deviation: Sequence[float] = (1.0, 1.0, 1.0)
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(list(mean))[:, None, None])
        self.register_buffer("deviation", torch.tensor(list(deviation))[:, None, None])
        self.trunk = trunk
        channels = trunk.stage_dims[1:]
        sides = [CROP // stride for stride in (4, 8, 16, 32)]
        self.local = nn.ModuleList(
            LocalFeatures(c, narrow, side, out) for c, side, (narrow, out) in zip(channels, sides, LOCAL, strict=True)
        )
        self.hyper = HyperNetwork(channels[-1])

    def forward(self, x_BCHW: Tensor) -> Tensor:
        maps = self.trunk.stages((x_BCHW - self.mean) / self.deviation)[1:]
        local_BI = torch.cat([one(x) for one, x in zip(self.local, maps, strict=True)], dim=1)
        return target_network(local_BI, self.hyper(maps[-1]))
