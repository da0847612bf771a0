"""ResNet-50 against what is known of torchvision's: names, sizes, and a forward pass written out by hand."""

import pytest
import torch
from torch.nn import functional

from contrique.learning.encoders.resnet import ResNet50


def published_names() -> set[str]:
    """The keys of torchvision's resnet50 checkpoint, classifier left out, from its layout (3, 4, 6, 3)."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight", *(f"bn1.{part}" for part in norm)}
    for layer, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            for unit in (1, 2, 3):
                names.add(f"layer{layer}.{block}.conv{unit}.weight")
                names |= {f"layer{layer}.{block}.bn{unit}.{part}" for part in norm}
        names.add(f"layer{layer}.0.downsample.0.weight")
        names |= {f"layer{layer}.0.downsample.1.{part}" for part in norm}
    return names


@pytest.fixture(scope="module")
def encoder() -> ResNet50:
    torch.manual_seed(0)
    encoder = ResNet50()
    for module in encoder.modules():  # batch statistics as a trained network has them, so that mistakes show
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return encoder.eval()


def test_names_and_size_are_torchvisions(encoder: ResNet50) -> None:
    assert set(encoder.state_dict()) == published_names()
    assert (
        sum(p.numel() for p in encoder.parameters()) == 25_557_032 - 1000 * 2049
    )  # torchvision's, less its classifier


def test_stages_have_the_announced_shapes(encoder: ResNet50) -> None:
    with torch.inference_mode():
        maps = encoder.stages(torch.rand(2, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 32, 48), (256, 16, 24), (512, 8, 12), (1024, 4, 6), (2048, 2, 3)
    ]  # fmt: skip
    assert tuple(m.shape[1] for m in maps) == encoder.stage_dims


def test_forward_pass_equals_one_written_from_the_state_dict(encoder: ResNet50) -> None:
    state = encoder.state_dict()

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        scale = state[f"{name}.weight"] / (var + 1e-5).sqrt()
        return (x - mean[:, None, None]) * scale[:, None, None] + state[f"{name}.bias"][:, None, None]

    x = torch.rand(1, 3, 64, 64)
    y = norm(functional.conv2d(x, state["conv1.weight"], stride=2, padding=3), "bn1").clamp(min=0)
    y = functional.max_pool2d(y, 3, 2, 1)
    for layer, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            at, stride = f"layer{layer}.{block}", 2 if block == 0 and layer > 1 else 1
            z = norm(functional.conv2d(y, state[f"{at}.conv1.weight"]), f"{at}.bn1").clamp(min=0)
            z = functional.conv2d(z, state[f"{at}.conv2.weight"], stride=stride, padding=1)
            z = norm(functional.conv2d(norm(z, f"{at}.bn2").clamp(min=0), state[f"{at}.conv3.weight"]), f"{at}.bn3")
            if block == 0:
                shortcut = functional.conv2d(y, state[f"{at}.downsample.0.weight"], stride=stride)
                y = norm(shortcut, f"{at}.downsample.1")
            y = (z + y).clamp(min=0)
    with torch.inference_mode():
        torch.testing.assert_close(encoder.patch_map(x), y, rtol=1e-4, atol=1e-4)


def test_loads_torchvision_and_the_authors_names(encoder: ResNet50) -> None:
    state = encoder.state_dict()
    places = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    authors = {f"encoder.{places[name.partition('.')[0]]}.{name.partition('.')[2]}": v for name, v in state.items()}
    authors["projector.0.weight"] = torch.zeros(1)
    for published in ({**state, "fc.weight": torch.zeros(1), "fc.bias": torch.zeros(1)}, authors):
        other = ResNet50()
        other.load_published(published)
        for name, value in other.state_dict().items():
            torch.testing.assert_close(value, state[name], rtol=0, atol=0)


def test_refuses_another_networks_weights() -> None:
    with pytest.raises(ValueError, match="ResNet-50"):
        ResNet50().load_published({"conv1.weight": torch.zeros(3)})
