"""EfficientNet-Lite against what its ImageNet weights are known to do: name a cat a cat."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from contrique.learning.encoders.efficientnet_lite import (
    EfficientNetLite0,
    EfficientNetLite2,
    SameConv,
    imagenet_weights,
)

PHOTOGRAPHS = Path(__file__).parents[3] / "demo" / "photographs"


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return imagenet_weights()


@pytest.fixture(scope="module")
def encoder(weights: dict[str, torch.Tensor]) -> EfficientNetLite0:
    encoder = EfficientNetLite0()
    encoder.load_published(weights)
    return encoder.eval()


@pytest.mark.parametrize(
    ("photograph", "classes"),
    [("coffee.jpg", {504, 925, 967, 968, 969}), ("dahlia.jpg", {985, 309}), ("launch.jpg", {657, 744, 812})],
    ids=["a cup or an espresso", "a flower", "a rocket"],
)
def test_published_weights_name_the_subject(
    encoder: EfficientNetLite0, weights: dict[str, torch.Tensor], photograph: str, classes: set[int]
) -> None:
    image = Image.open(PHOTOGRAPHS / photograph).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
    x_BCHW = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        head = encoder.patch_map(x_BCHW).mean((2, 3))
        logits = head @ weights["_fc.weight"].T + weights["_fc.bias"]
    top = set(logits[0].topk(5).indices.tolist())
    assert top & classes, top


def test_size_is_the_published_one(encoder: EfficientNetLite0) -> None:
    assert sum(p.numel() for p in encoder.parameters()) == 4_652_008 - 1000 * 1281  # less its classifier


def test_lite2_is_as_large_as_published() -> None:
    encoder = EfficientNetLite2()
    assert sum(p.numel() for p in encoder.parameters()) == 6_092_072 - 1000 * 1281  # less its classifier
    assert encoder.stage_dims == (16, 24, 48, 88, 120, 208, 352, 1280)
    with torch.inference_mode():
        assert tuple(m.shape[1] for m in encoder.stages(torch.rand(1, 3, 64, 64))) == encoder.stage_dims


def test_stages_have_the_announced_shapes(encoder: EfficientNetLite0) -> None:
    with torch.inference_mode():
        maps = encoder.stages(torch.rand(1, 3, 64, 96))
    assert tuple(m.shape[1] for m in maps) == encoder.stage_dims
    assert [tuple(m.shape[2:]) for m in maps] == [
        (32, 48), (16, 24), (8, 12), (4, 6), (4, 6), (2, 3), (2, 3), (2, 3)
    ]  # fmt: skip
    assert len(encoder.stages(torch.rand(1, 3, 64, 64), head=False)) == 7


@pytest.mark.parametrize(("height", "width"), [(64, 96), (97, 33), (50, 70)], ids=["even", "odd", "odd further down"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_frozen_stages_are_the_stages_of_eval_mode(
    weights: dict[str, torch.Tensor], height: int, width: int, layout: torch.memory_format
) -> None:
    encoder = EfficientNetLite0()
    encoder.load_published(weights)
    encoder.to(memory_format=layout)  # type: ignore[call-overload]
    x_BCHW = torch.rand(2, 3, height, width).to(memory_format=layout)
    before = x_BCHW.clone()
    frozen = encoder.train().frozen_stages(x_BCHW)  # whatever the mode: the statistics are ImageNet's
    with torch.inference_mode():
        expected = encoder.eval().stages(x_BCHW, head=False)
    for mine, its in zip(frozen, expected, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-4 * float(its.abs().max()))
        assert not mine.requires_grad
    assert torch.equal(x_BCHW, before)
    assert all(torch.equal(value, weights[name]) for name, value in encoder.state_dict().items())


def test_frozen_stages_follow_the_weights() -> None:
    """Nothing folded is kept: weights loaded later count."""
    torch.manual_seed(0)
    encoder, x_BCHW = EfficientNetLite0(), torch.rand(1, 3, 32, 32)
    before = encoder.frozen_stages(x_BCHW)[0]
    with torch.no_grad():
        encoder._bn0.running_var *= 4
    assert not torch.allclose(encoder.frozen_stages(x_BCHW)[0], before)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 2, (0, 1)), (5, 2, (1, 2)), (3, 1, (1, 1))])
def test_padding_is_tensorflows_same(kernel: int, stride: int, padding: tuple[int, int]) -> None:
    layer = SameConv(1, 1, kernel, stride)
    image = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    padded = np.pad(image, (padding, padding))
    with torch.inference_mode():
        out = layer(torch.from_numpy(image)[None, None])[0, 0].numpy()
        weight = layer.weight[0, 0].numpy()
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            window = padded[y * stride : y * stride + kernel, x * stride : x * stride + kernel]
            assert out[y, x] == pytest.approx(float((window * weight).sum()), abs=1e-5)


def test_refuses_another_networks_weights() -> None:
    with pytest.raises(ValueError, match="efficientnet-lite0"):
        EfficientNetLite0().load_published({"conv1.weight": torch.zeros(3)})
