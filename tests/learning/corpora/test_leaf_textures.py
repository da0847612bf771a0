"""The patterns on leaves: many, of one mean and deviation, without a seam."""

import numpy as np
import pytest

from contrique.learning.corpora.leaf_textures import COUNT, SIDE, UNIT, atlas


def test_textures_have_one_mean_and_deviation():
    textures = atlas()
    assert textures.shape == (COUNT, SIDE, SIDE)
    assert textures.dtype == np.int8
    assert not textures.flags.writeable
    assert np.abs(textures.mean(axis=(1, 2))).max() < 1
    assert textures.std(axis=(1, 2)) == pytest.approx(UNIT, rel=0.05)


@pytest.mark.parametrize("axis", [1, 2])
def test_textures_have_no_seam(axis):
    """Neighbours across the border differ as neighbours elsewhere do."""
    textures = atlas().astype(float)
    steps = np.abs(textures - np.roll(textures, 1, axis)).mean(axis=3 - axis)  # (COUNT, SIDE), the first over the seam
    assert (steps[:, 0] < 1.1 * steps[:, 1:].max(axis=1)).all()
    assert np.median(steps[:, 0] / steps[:, 1:].mean(axis=1)) == pytest.approx(1, abs=0.1)


def test_textures_are_all_different():
    flat = atlas().reshape(COUNT, -1).astype(float) / UNIT
    alike = flat @ flat.T / flat.shape[1]
    assert np.abs(alike - np.diag(np.diag(alike))).max() < 0.8
