"""Features against NumPy's own mean and deviation of the encoder's maps."""

import numpy as np
import pytest
import torch

from contrique.learning.encoders import ENCODERS, build
from contrique.learning.features import FeatureExtractor, statistics


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("kind", ["statistics", "last-mean"])
def test_features_are_what_their_kind_says(name: str, kind: str) -> None:
    torch.manual_seed(0)
    extractor = FeatureExtractor(build(name), kind).eval()
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    with torch.inference_mode():
        features = extractor(torch.from_numpy(images)).numpy()
        maps = [m.numpy() for m in extractor.encoder.stages(torch.from_numpy(images).permute(0, 3, 1, 2) / 255)]
    assert features.shape == (2, extractor.dim)
    parts = []
    if kind == "statistics":
        for stage in extractor.encoder.statistics:
            parts += [maps[stage].mean((2, 3)), np.sqrt(maps[stage].var((2, 3)) + 1e-6)]
    else:
        for stage in extractor.encoder.last:
            mean = maps[stage].mean((2, 3))
            parts.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
    np.testing.assert_allclose(features, np.concatenate(parts, axis=1), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite2-side"])
def test_blocks_are_the_stages_and_what_lies_between(name: str) -> None:
    torch.manual_seed(0)
    extractor = FeatureExtractor(build(name), "blocks").eval()
    x_BCHW = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        maps = extractor.encoder.block_maps(x_BCHW)  # type: ignore[attr-defined]
        stages = extractor.encoder.stages(x_BCHW)
        features = extractor((x_BCHW * 255).round().byte().permute(0, 2, 3, 1))
    assert tuple(m.shape[1] for m in maps) == extractor.encoder.block_dims  # type: ignore[attr-defined]
    assert features.shape == (2, 2 * sum(m.shape[1] for m in maps))
    assert all(any(torch.equal(stages[stage], m) for m in maps) for stage in extractor.encoder.statistics)


def test_a_network_without_blocks_has_no_such_features() -> None:
    with pytest.raises(ValueError, match="resnet50 has no features of the kind blocks"):
        FeatureExtractor(build("resnet50"), "blocks")


def test_a_flat_map_has_next_to_no_deviation() -> None:
    out = statistics(torch.full((1, 2, 4, 4), 3.0))
    torch.testing.assert_close(out, torch.tensor([[3.0, 3.0, 1e-3, 1e-3]]))


def test_means_and_deviations_are_taken_out_before_the_zero_padding() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    torch.manual_seed(0)
    encoder = build("resnet50").eval()
    images = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    by_hand = (images.numpy() / 255 - np.array(mean)) / np.array(std)
    with torch.inference_mode():
        features = FeatureExtractor(encoder, "last-mean", (mean, std))(images)
        last = encoder.stages(torch.from_numpy(by_hand).permute(0, 3, 1, 2).float())[-1].mean((2, 3))
    torch.testing.assert_close(features, last / last.norm(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("normalise", [((0.5, 0.5), (1, 1, 1)), ((0, 0, 0), (1, 0, 1)), ((0, 0, 0), "abc")])
def test_means_and_deviations_that_are_none_are_refused(normalise: tuple) -> None:
    with pytest.raises(ValueError, match="three numbers"):
        FeatureExtractor(build("efficientnet-lite0"), "last-mean", normalise)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="median"):
        FeatureExtractor(build("efficientnet-lite0"), "median")
