"""An encoder's maps as one vector for each image at one scale: the paper's features, and multi-stage statistics.

``last-mean`` is the paper's: the mean of the last map, L2-normalised (CONTRIQUE, section III-C; authors'
``modules/CONTRIQUE_model.py``). ``statistics`` is the mean and the standard deviation of every channel at several
depths: the last map alone knows little of what a distortion does to an image's texture.

Shapes: N images, B batch, C channels, H height, W width, D features.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrique.errors import ContriqueError
from contrique.learning.encoders import Encoder

KINDS = ("statistics", "last-mean")
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
        kind: ``"statistics"`` or ``"last-mean"``.

    Shapes:
        * Input: (N, H, W, 3) uint8 RGB, H and W at least 32
        * Output: (N, D) float32

    Raises:
        ContriqueError: the kind is neither.
    """

    def __init__(self, encoder: Encoder, kind: str = "statistics") -> None:
        super().__init__()
        if kind not in KINDS:
            raise ContriqueError(f"expected features among {', '.join(KINDS)}; got {kind!r}")
        self.encoder = encoder
        self.kind = kind
        stages = encoder.statistics if kind == "statistics" else encoder.last
        self.dim = sum(encoder.stage_dims[stage] for stage in stages) * (2 if kind == "statistics" else 1)

    def forward(self, images_NHWC: Tensor) -> Tensor:
        maps = self.encoder.stages(images_NHWC.permute(0, 3, 1, 2).to(torch.float32) / 255)
        if self.kind == "statistics":
            return torch.cat([statistics(maps[stage]) for stage in self.encoder.statistics], dim=1)
        means = [functional.normalize(maps[stage].mean((2, 3)), dim=1) for stage in self.encoder.last]
        return torch.cat(means, dim=1)
