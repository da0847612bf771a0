"""Resized copies: drawn from the image's bytes and a seed, of the sizes that are said, their features kept."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_model import plain_model

from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.resized import FACTORS, resized, resized_pairs


@pytest.fixture
def rated(tmp_path: Path) -> Ratings:
    names = tuple(f"{seed}.png" for seed in range(4))
    for seed, name in enumerate(names):
        coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
        Image.fromarray(coarse).resize((110, 90), Image.Resampling.BICUBIC).save(tmp_path / name)
    paths = tuple(tmp_path / name for name in names)
    return Ratings(names, paths, np.arange(4.0), np.arange(4), False, "s.csv", "d", None)


def test_factors_are_spread_evenly_in_their_logarithm() -> None:
    image_HWC = np.zeros((400, 200, 3), np.uint8)
    factors = []
    for number in range(200):
        copy_HWC = resized(image_HWC, hashlib.sha256(bytes([number])).hexdigest(), 0)
        factors.append(copy_HWC.shape[0] / 400)
        assert copy_HWC.shape[1] == pytest.approx(200 * factors[-1], abs=1)
    assert FACTORS[0] <= min(factors) < 0.72
    assert 1.37 < max(factors) <= FACTORS[1]
    assert np.median(np.log(factors)) == pytest.approx(np.log(FACTORS).mean(), abs=0.08)


def test_pairs_are_the_copies_less_the_images(rated: Ratings) -> None:
    model = plain_model()
    features_ND = model.features_of([np.asarray(Image.open(path)) for path in rated.paths])
    pairs = resized_pairs(model, rated, features_ND)
    np.testing.assert_array_equal(pairs.rows_M, range(4))
    assert pairs.alike_M.all()
    content = hashlib.sha256(rated.paths[2].read_bytes()).hexdigest()
    copy_HWC = resized(np.asarray(Image.open(rated.paths[2])), content, 0)
    expected_D = model.features_of([copy_HWC])[0] - features_ND[2]
    np.testing.assert_allclose(pairs.differences_MD[2], expected_D, atol=1e-6)
    assert np.abs(expected_D).max() > 0
    other = resized_pairs(model, rated, features_ND, seed=1)
    assert not np.array_equal(other.differences_MD, pairs.differences_MD)


def test_features_of_copies_are_kept_and_files_that_went_are_passed_over(
    rated: Ratings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = plain_model(), FeatureCache(tmp_path / "cache")
    features_ND = model.features_of([np.asarray(Image.open(path)) for path in rated.paths])
    pairs = resized_pairs(model, rated, features_ND, cache=cache)
    rated.paths[0].unlink()
    rated.paths[1].write_bytes(b"no image")
    monkeypatch.setattr(model, "features_of", lambda images: pytest.fail("computed again"))
    again = resized_pairs(model, rated, features_ND, cache=cache)
    np.testing.assert_array_equal(again.rows_M, [2, 3])
    np.testing.assert_array_equal(again.differences_MD, pairs.differences_MD[2:])
