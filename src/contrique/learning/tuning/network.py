"""The network that is tuned: an encoder with its features, and a linear head that begins at the ridge solution.

The head works on standardised features, z = (x − mean) / deviation with mean and deviation of the frozen encoder's
features of the training images, and gives the rating in units of the training ratings: 0 their mean, 1 one deviation
above it.

Shapes: N images, H height, W width, C channels, D features (of all scales).
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from contrique.evaluation.regressor import Regressor
from contrique.evaluation.ridge import CONSTANT
from contrique.learning.features import FeatureExtractor
from contrique.learning.tuning.settings import FIRST_LAYER, HEAD


class Rater(nn.Module):
    """Pictures in, standardised ratings out. Always in eval mode: batch norms keep their statistics.

    Args:
        extractor: from ``contrique.learning.export.load_extractor``.
        regressor: ridge on the encoder's features of the training images.
        features_ND: those features.
        scores_N: the training images' ratings; not all the same.
    """

    mean_D: Tensor
    deviation_D: Tensor

    def __init__(
        self, extractor: FeatureExtractor, regressor: Regressor, features_ND: np.ndarray, scores_N: np.ndarray
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.center, self.unit = float(np.mean(scores_N)), float(np.std(scores_N))
        mean_D = features_ND.mean(axis=0, dtype=np.float64)
        deviation_D = features_ND.std(axis=0, dtype=np.float64)
        deviation_D[deviation_D <= CONSTANT * np.abs(mean_D)] = 1.0  # as ridge, which gives such columns no weight
        bias = (float(regressor.predict(mean_D)) - self.center) / self.unit
        self.register_buffer("mean_D", torch.tensor(mean_D, dtype=torch.float32))
        self.register_buffer("deviation_D", torch.tensor(deviation_D, dtype=torch.float32))
        self.weight_D = nn.Parameter(torch.tensor(regressor.coef_D * deviation_D / self.unit, dtype=torch.float32))
        self.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float32))
        self.eval()

    def forward(self, scales: Sequence[Tensor]) -> Tensor:
        """Ratings (N,) of N images, given as uint8 (N, H, W, 3) at each scale."""
        features_ND = torch.cat([self.extractor(images_NHWC) for images_NHWC in scales], dim=1)
        return ((features_ND - self.mean_D) / self.deviation_D) @ self.weight_D + self.bias

    def rate(self, images: Sequence[Sequence[np.ndarray]]) -> Tensor:
        """Ratings (N,) of N images, each given at every scale; those of one size go through the encoder together."""
        sizes: dict[tuple[int, ...], list[int]] = {}
        for index, pictures in enumerate(images):
            sizes.setdefault(pictures[0].shape, []).append(index)
        rated: list[Tensor] = [self.bias] * len(images)
        for members in sizes.values():
            together = zip(*(images[index] for index in members), strict=True)
            batch = [torch.from_numpy(np.stack(same)).to(self.bias.device) for same in together]
            for index, rating in zip(members, self(batch).unbind(), strict=True):
                rated[index] = rating
        return torch.stack(rated)

    def standard(self, scores_N: np.ndarray) -> np.ndarray:
        """Ratings in the head's units."""
        return (np.asarray(scores_N, dtype=np.float64) - self.center) / self.unit


def layers_of(encoder: nn.Module) -> list[nn.Module]:
    """The modules that have parameters of their own, in the order in which the network declares them: by depth."""
    return [module for module in encoder.modules() if any(True for _ in module.parameters(recurse=False))]


def set_trained(rater: Rater, frozen: float) -> dict[str, float]:
    """Choose what trains, and how fast.

    Args:
        rater: its parameters' ``requires_grad`` is set.
        frozen: share of the encoder's layers, from the first on, that do not train.

    Returns:
        The learning rate of each parameter that trains as a share of the last layer's, by name.
    """
    encoder = cast(nn.Module, rater.extractor.encoder)
    layers = layers_of(encoder)
    depths = {id(p): place for place, layer in enumerate(layers) for p in layer.parameters(recurse=False)}
    last = max(1, len(layers) - 1)
    rates = {}
    for name, parameter in rater.named_parameters():
        depth = depths.get(id(parameter))
        parameter.requires_grad_(depth is None or depth >= int(frozen * len(layers)))
        if parameter.requires_grad:
            rates[name] = HEAD if depth is None else FIRST_LAYER ** (1 - depth / last)
    return rates
