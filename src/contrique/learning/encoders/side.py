"""A small quality-aware network beside a frozen semantic one: what contrastive pretraining trains when views are few.

Moving every weight with few views loses what ImageNet gave (docs/experiments.md). Here the trunk stays exactly as it
was; a narrow network walks along it, at each depth joining the image's own path with the trunk's map, and only this
one learns from the contrastive loss. The idea of a ladder beside a frozen trunk is Sung et al., "LST: Ladder
Side-Tuning", NeurIPS 2022; a quality-aware encoder beside a content-aware one is Saha et al., "Re-IQA", CVPR 2023.

Shapes: B batch, C channels, H height, W width.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrique.learning.encoders.efficientnet_lite import EfficientNetLite, EfficientNetLite0, EfficientNetLite2

STEM = 16
WIDTHS = (48, 64, 96, 128, 192, 256)  # one for each trunk stage but the first; an eighth of the trunk's multiplications
STRIDES = (1, 2, 2, 1, 2, 1)  # of each of those stages relative to the one before


class Rung(nn.Module):
    """Join the side's own map with the trunk's: 1×1 convolution, then a 3×3 filter for each channel."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.filter = nn.Conv2d(channels_out, channels_out, 3, padding=1, groups=channels_out, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)

    def forward(self, side_BCHW: Tensor, trunk_BCHW: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.mix(torch.cat([side_BCHW, trunk_BCHW], dim=1))))
        return functional.relu(self.bn2(self.filter(x)))


class SideLite(nn.Module):
    """A frozen network of the EfficientNet-Lite family and its side network.

    Attributes:
        trunk_class: the frozen network.
        stage_dims: channels of each map that ``stages`` returns: the trunk's eight, then the side's six.
        last: which of those maps are a last stage (the trunk's, the side's).
        patch_dim: channels of ``patch_map``.
        block_dims: channels of each map that ``block_maps`` returns.
    """

    name: ClassVar[str]
    trunk_class: ClassVar[type[EfficientNetLite]]
    stage_dims: ClassVar[tuple[int, ...]]
    block_dims: ClassVar[tuple[int, ...]]
    statistics = (*EfficientNetLite.statistics, *range(8, 14))
    last = (*EfficientNetLite.last, 13)
    patch_dim = WIDTHS[-1]

    def __init__(self) -> None:
        super().__init__()
        self.trunk = self.trunk_class()
        self.trunk.requires_grad_(False)
        self.stem = nn.Conv2d(3, STEM, 5, stride=2, padding=2, bias=False)
        self.bn = nn.BatchNorm2d(STEM)
        self.rungs = nn.ModuleList(
            Rung(side + trunk, out)
            for side, trunk, out in zip((STEM, *WIDTHS), self.trunk_class.stage_dims[1:7], WIDTHS, strict=False)
        )

    def train(self, mode: bool = True) -> "SideLite":
        """The trunk's batch statistics stay those of ImageNet, whatever the mode."""
        super().train(mode)
        self.trunk.eval()
        return self

    def stages(self, x_BCHW: Tensor) -> list[Tensor]:
        """The trunk's eight maps, then the side's six (strides 4 to 32).

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
        """
        trunk = self.trunk.stages(x_BCHW)
        return trunk + self._climb(x_BCHW, trunk)

    def block_maps(self, x_BCHW: Tensor) -> list[Tensor]:
        """What every block of the trunk gives, then the side's six maps.

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
        """
        blocks = self.trunk.block_maps(x_BCHW)
        return blocks + self._climb(x_BCHW, [blocks[end] for end in self.trunk.ends])

    def patch_map(self, x_BCHW: Tensor) -> Tensor:
        """The side's last map, whose 2×2 pooled vectors the contrastive loss sees."""
        return self._climb(x_BCHW, self.trunk.frozen_stages(x_BCHW))[-1]

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a published checkpoint into the trunk.

        Raises:
            ContriqueError: names or shapes are not the trunk's.
        """
        self.trunk.load_published(state)

    def _climb(self, x_BCHW: Tensor, trunk: list[Tensor]) -> list[Tensor]:
        side = functional.avg_pool2d(functional.relu(self.bn(self.stem(x_BCHW * 2 - 1))), 2)
        height, width = trunk[1].shape[-2:]
        side = side[..., :height, :width]  # an odd size is rounded up by the stem, down by the trunk
        maps = []
        for rung, stride, trunk_map in zip(self.rungs, STRIDES, trunk[1:7], strict=True):
            if stride == 2:
                side = functional.avg_pool2d(side, 2)
            side = rung(side, trunk_map)
            maps.append(side)
        return maps


class SideLite0(SideLite):
    """EfficientNet-Lite0 and its side network."""

    name = "efficientnet-lite0-side"
    trunk_class = EfficientNetLite0
    stage_dims = (*EfficientNetLite0.stage_dims, *WIDTHS)
    block_dims = (*EfficientNetLite0.block_dims, *WIDTHS)


class SideLite2(SideLite):
    """EfficientNet-Lite2 and its side network."""

    name = "efficientnet-lite2-side"
    trunk_class = EfficientNetLite2
    stage_dims = (*EfficientNetLite2.stage_dims, *WIDTHS)
    block_dims = (*EfficientNetLite2.block_dims, *WIDTHS)
