"""Patch vectors and the projector's shape, against plain sums."""

import numpy as np
import torch
from torch import nn

from contrique.learning.projector import Contrast, Projector, patch_vectors


def test_patch_vectors_are_the_normalised_means_of_quarters():
    map_BChw = torch.randn(3, 5, 8, 6, generator=torch.Generator().manual_seed(0))
    got = patch_vectors(map_BChw).numpy()
    quarters = [
        map_BChw.numpy()[b, :, y : y + 4, x : x + 3].mean(axis=(1, 2)) for b in range(3) for y in (0, 4) for x in (0, 3)
    ]
    expected = np.stack([q / np.linalg.norm(q) for q in quarters])
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_projector_is_the_published_one():
    projector = Projector(20)
    shapes = {name: tuple(p.shape) for name, p in projector.named_parameters()}
    assert shapes == {
        "0.weight": (20, 20),
        "1.weight": (20,),
        "1.bias": (20,),
        "3.weight": (128, 20),
        "4.weight": (128,),
        "4.bias": (128,),
    }
    assert [type(layer) for layer in projector] == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear, nn.BatchNorm1d]


class Mean(nn.Module):
    """An encoder that hands on the picture."""

    patch_dim = 3

    def patch_map(self, x_BCHW):
        self.seen = x_BCHW
        return x_BCHW


def test_views_reach_the_encoder_as_unit_range_channels_first():
    encoder = Mean()
    views = torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8)
    z_ND = Contrast(encoder)(views)
    assert z_ND.shape == (16, 128)
    np.testing.assert_allclose(encoder.seen.numpy(), np.moveaxis(views.numpy(), 3, 1) / np.float32(255), rtol=1e-6)
    assert encoder.seen.is_contiguous(memory_format=torch.channels_last)
