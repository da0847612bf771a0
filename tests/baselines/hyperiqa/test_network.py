"""HyperIQA's network: its size, its layers against plain matrix products, and gradients everywhere."""

import numpy as np
import pytest
import torch
from tiny_trunk import TinyTrunk

from contrique.baselines.hyperiqa.network import TARGET, HyperIqaNet, LocalFeatures, target_network
from contrique.learning.encoders.resnet import ResNet50


@pytest.fixture
def net() -> HyperIqaNet:
    torch.manual_seed(1)
    return HyperIqaNet(TinyTrunk()).eval()


def crops(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 224, 224, generator=torch.Generator().manual_seed(2))


def test_the_network_has_the_authors_numbers_of_parameters() -> None:
    # Counted in their models.HyperNet(16, 112, 224, 112, 56, 28, 14, 7); torchvision's ResNet-50 has 23,508,032
    # without its classifier.
    with torch.device("meta"):
        net = HyperIqaNet(ResNet50())
    count = sum(parameter.numel() for parameter in net.parameters())
    assert count == 27_375_369
    assert count - sum(parameter.numel() for parameter in net.trunk.parameters()) == 27_375_369 - 23_508_032
    assert [local.linear.out_features for local in net.local] == [16, 16, 16, 176]
    assert [local.linear.in_features for local in net.local] == [16 * 64, 32 * 16, 64 * 4, 2048]


def test_each_crop_has_its_own_target_network(net: HyperIqaNet) -> None:
    x = crops(3)
    with torch.no_grad():
        given = net(x).numpy()
        maps = net.trunk.stages(x)[1:]
        reduced = net.hyper.reduce(maps[-1])
        local = torch.cat([one(m) for one, m in zip(net.local, maps, strict=True)], dim=1)
        for b in range(3):
            v = local[b].double().numpy()
            mean = reduced[b].mean((1, 2))
            for number in range(4):
                # the values of the map in order: channel, row, column; as a matrix of so many rows as outputs
                matrix = net.hyper.weights[number](reduced[b : b + 1]).double().numpy().ravel()
                matrix = matrix.reshape(TARGET[number + 1], TARGET[number])
                bias = net.hyper.biases[number](mean).double().numpy()
                v = 1 / (1 + np.exp(-(matrix @ v + bias)))
            last = net.hyper.last_weight(mean).double().numpy() @ v + net.hyper.last_bias(mean).double().numpy()[0]
            assert given[b] == pytest.approx(last, rel=1e-4, abs=1e-6)


def test_target_network_of_known_numbers() -> None:
    ones = [(torch.ones(1, 2, 3), torch.tensor([[0.0, 1.0]])), (torch.tensor([[[2.0, -1.0]]]), torch.tensor([[0.5]]))]
    value = target_network(torch.tensor([[1.0, 2.0, -3.0]]), ones)
    sigmoid_of_one = 1 / (1 + np.exp(-1))
    assert value.tolist() == [pytest.approx(2 * 0.5 - sigmoid_of_one + 0.5)]


def test_local_features_are_window_means_in_order() -> None:
    local = LocalFeatures(3, 2, 14, 5)
    x = torch.rand(1, 3, 14, 14)
    with torch.no_grad():
        narrow = np.einsum("oc,chw->ohw", local.narrow.weight[:, :, 0, 0].numpy(), x[0].numpy())
        means = [narrow[o, r : r + 7, c : c + 7].mean() for o in range(2) for r in (0, 7) for c in (0, 7)]
        wanted = local.linear.weight.numpy() @ np.array(means) + local.linear.bias.numpy()
        np.testing.assert_allclose(local(x)[0].numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_every_parameter_learns(net: HyperIqaNet) -> None:
    net.train()
    net(crops(4)).square().sum().backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not still


def test_a_crop_counts_alone_when_tested(net: HyperIqaNet) -> None:
    x = crops(3)
    with torch.no_grad():
        np.testing.assert_allclose(net(x)[1:2], net(x[1:2]), rtol=1e-4, atol=1e-6)


def test_colours_are_normalised_first(net: HyperIqaNet) -> None:
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    normalised = HyperIqaNet(net.trunk, mean, deviation).eval()
    normalised.local, normalised.hyper = net.local, net.hyper
    x = crops(2)
    by_hand = torch.stack([(x[:, c] - mean[c]) / deviation[c] for c in range(3)], dim=1)
    with torch.no_grad():
        np.testing.assert_allclose(normalised(x), net(by_hand), rtol=1e-5, atol=1e-6)
        assert not np.allclose(normalised(x), net(x), rtol=1e-3)
