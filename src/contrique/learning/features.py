"""An encoder's maps as one vector for each image at one scale: the paper's features, and multi-stage statistics.

``last-mean`` is the paper's: the mean of the last map, L2-normalised (CONTRIQUE, section III-C; authors'
``modules/CONTRIQUE_model.py``). ``statistics`` is the mean and the standard deviation of every channel at several
depths: the last map alone knows little of what a distortion does to an image's texture. ``blocks`` is the same of every
block, not only of the last in each stage (docs/experiments.md, section 10).

Shapes: N images, B batch, C channels, H height, W width, D features.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrique.errors import ContriqueError
from contrique.learning import FEATURES
from contrique.learning.encoders import Encoder
from contrique.learning.encoders.efficientnet_lite import EfficientNetLite
from contrique.learning.encoders.side import SideLite

EPSILON = 1e-6  # under the root of a deviation; activations are of order 1


def statistics(x_BCHW: Tensor) -> Tensor:
    """Mean and population deviation of each channel over the positions: (B, 2C)."""
    mean_BC11 = x_BCHW.mean((2, 3), keepdim=True)
    variance_BC = (x_BCHW - mean_BC11).square().mean((2, 3))
    return torch.cat([mean_BC11.flatten(1), (variance_BC + EPSILON).sqrt()], dim=1)


class FeatureExtractor(nn.Module):
    """uint8 images in, features out: what is exported, and what the torch engine runs.

    Args:
        encoder: from ``contrique.learning.encoders.build``.
        kind: ``"statistics"``, ``"blocks"`` (EfficientNet-Lite, alone or with a side network) or ``"last-mean"``.
        normalise: means and deviations of red, green and blue, in [0, 1], that the encoder's weights expect to be taken
            out of its input (its convolutions pad with zeros after that, so it cannot go into the weights); None for
            an encoder that takes [0, 1] as it is.

    Shapes:
        * Input: (N, H, W, 3) uint8 RGB, H and W at least 32
        * Output: (N, D) float32

    Raises:
        ContriqueError: the kind is none of these or not one of this encoder's, or means and deviations are not three
            numbers each.
    """

    def __init__(
        self,
        encoder: Encoder,
        kind: str = "statistics",
        normalise: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        if kind not in FEATURES:
            raise ContriqueError(f"expected features among {', '.join(FEATURES)}; got {kind!r}")
        self.encoder = encoder
        self.kind = kind
        stages = encoder.last if kind == "last-mean" else encoder.statistics
        self.normalise = None if normalise is None else (_three(normalise[0], "mean"), _three(normalise[1], "std"))
        if self.normalise is not None and not min(self.normalise[1]) > 0:
            raise ContriqueError(f"std: expected three numbers above 0, got {self.normalise[1]}")
        dims = [encoder.stage_dims[stage] for stage in stages]
        if kind == "blocks":
            if not isinstance(encoder, EfficientNetLite | SideLite):
                raise ContriqueError(f"{encoder.name} has no features of the kind blocks")
            dims = list(encoder.block_dims)
        self.dim = sum(dims) * (1 if kind == "last-mean" else 2)

    def forward(self, images_NHWC: Tensor) -> Tensor:
        x_NCHW = images_NHWC.permute(0, 3, 1, 2).to(torch.float32) / 255
        if self.normalise is not None:
            mean_C11, std_C11 = (x_NCHW.new_tensor(values)[:, None, None] for values in self.normalise)
            x_NCHW = (x_NCHW - mean_C11) / std_C11
        if isinstance(self.encoder, EfficientNetLite | SideLite) and self.kind == "blocks":
            return torch.cat([statistics(map_NChw) for map_NChw in self.encoder.block_maps(x_NCHW)], dim=1)
        maps = self.encoder.stages(x_NCHW)
        if self.kind == "statistics":
            return torch.cat([statistics(maps[stage]) for stage in self.encoder.statistics], dim=1)
        means = [functional.normalize(maps[stage].mean((2, 3)), dim=1) for stage in self.encoder.last]
        return torch.cat(means, dim=1)


def _three(values: Sequence[float], name: str) -> list[float]:
    good = isinstance(values, list | tuple) and len(values) == 3
    if not (good and all(isinstance(value, int | float) and math.isfinite(value) for value in values)):
        raise ContriqueError(f"{name}: expected three numbers, got {values!r}")
    return [float(value) for value in values]
