"""From an encoder's feature map to the embeddings the loss compares: four patch vectors a view, then a small MLP."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, normalize

GRID = 2  # patches a side: the paper pools each view's map to 2×2
EMBEDDING = 128  # the paper's embedding size


def patch_vectors(map_BChw: Tensor, grid: int = GRID) -> Tensor:
    """Average the map over a grid of cells and normalise each cell's vector.

    Args:
        map_BChw: feature maps.
        grid: cells a side.

    Returns:
        (B·grid², C), unit length; the patches of one view are consecutive, row by row.
    """
    pooled_BCgg = adaptive_avg_pool2d(map_BChw, grid)
    return normalize(pooled_BCgg.flatten(2).transpose(1, 2).reshape(-1, map_BChw.shape[1]), dim=1)


class Projector(nn.Sequential):
    """Linear, BatchNorm, ReLU, Linear, BatchNorm; no biases in the linear layers (as published).

    It exists only while training: features for scoring are taken before it.

    Args:
        dim: size of a patch vector.
        hidden: size of the hidden layer; ``dim`` if not given (2048 → 2048 in the paper).
        out: size of an embedding.
    """

    def __init__(self, dim: int, hidden: int | None = None, out: int = EMBEDDING) -> None:
        hidden = hidden or dim
        super().__init__(
            nn.Linear(dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, out, bias=False),
            nn.BatchNorm1d(out),
        )


class Contrast(nn.Module):
    """Encoder and projector as one module: the thing that is pretrained.

    Args:
        encoder: has ``patch_map(x_BCHW in [0, 1])`` → (B, C, h, w) and ``patch_dim`` = C.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = Projector(int(encoder.patch_dim))  # type: ignore[arg-type]

    def forward(self, view_BHWC: Tensor) -> Tensor:
        """Embed views.

        Args:
            view_BHWC: uint8.

        Returns:
            (4·B, 128) embeddings, the four of one view consecutive.
        """
        x_BCHW = view_BHWC.permute(0, 3, 1, 2).to(torch.float32) / 255  # NHWC bytes are channels_last already
        return self.projector(patch_vectors(self.encoder.patch_map(x_BCHW)))  # type: ignore[operator]
