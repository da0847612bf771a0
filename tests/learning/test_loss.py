"""The loss against a slow double loop written from the formula, and the laws it must obey."""

import math

import pytest
import torch

from contrique.learning.loss import contrastive_loss


def slow_loss(z, classes, temperature):
    """meanᵢ [ log Σ_{k≠i} e^{s_ik} − (1/|P(i)|) Σ_{j∈P(i)} s_ij ], one term at a time, over i with P(i) not empty."""
    z = [[float(v) for v in row] for row in z]
    norms = [math.sqrt(sum(v * v for v in row)) for row in z]
    terms = []
    for i in range(len(z)):
        s = [
            sum(a * b for a, b in zip(z[i], z[k], strict=True)) / norms[i] / norms[k] / temperature
            for k in range(len(z))
        ]
        positives = [s[j] for j in range(len(z)) if j != i and classes[j] == classes[i]]
        if positives:
            everything = sum(math.exp(s[k]) for k in range(len(z)) if k != i)
            terms.append(math.log(everything) - sum(positives) / len(positives))
    return sum(terms) / len(terms)


BATCHES = {
    "pairs": [0, 0, 1, 1, 2, 2, 3, 3],
    "repeated": [5, 7, 5, 7, 5, 7, 5, 5],
    "one class": [3, 3, 3, 3, 3, 3, 3, 3],
    "single members among others": [0, 0, 1, 2, 2, 2, 130, 4000],
}


@pytest.fixture
def z_ND():
    return torch.randn(8, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("classes", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_equals_the_formula(z_ND, classes, temperature):
    expected = slow_loss(z_ND, classes, temperature)
    assert contrastive_loss(z_ND, torch.tensor(classes), temperature).item() == pytest.approx(expected, rel=1e-12)
    single = contrastive_loss(z_ND.float(), torch.tensor(classes), temperature)
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("classes", BATCHES.values(), ids=BATCHES.keys())
def test_gradient_equals_finite_differences(z_ND, classes):
    z_ND.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: contrastive_loss(z, torch.tensor(classes), 0.5), z_ND)


def test_order_of_patches_does_not_matter(z_ND):
    classes, order = torch.tensor(BATCHES["repeated"]), torch.tensor([3, 1, 4, 7, 5, 0, 2, 6])
    expected = contrastive_loss(z_ND, classes)
    assert torch.isclose(contrastive_loss(z_ND[order], classes[order]), expected, rtol=1e-12)


def test_names_of_classes_do_not_matter(z_ND):
    a = contrastive_loss(z_ND, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]))
    b = contrastive_loss(z_ND, torch.tensor([9, 9, 10**12, 10**12, -4, -4, 0, 0]))
    assert a == b


def test_length_of_embeddings_does_not_matter(z_ND):
    lengths = torch.linspace(0.01, 100, 8, dtype=torch.float64)[:, None]
    classes = torch.tensor(BATCHES["pairs"])
    assert torch.isclose(contrastive_loss(z_ND * lengths, classes), contrastive_loss(z_ND, classes), rtol=1e-10)


def test_a_single_member_is_a_negative_but_not_in_the_mean(z_ND):
    with_single = torch.tensor([0, 0, 1, 1, 2, 2, 3, 4])
    assert contrastive_loss(z_ND, with_single) != contrastive_loss(z_ND[:6], with_single[:6])
    z_ND.requires_grad_()
    contrastive_loss(z_ND, with_single).backward()
    assert z_ND.grad[7].abs().sum() > 0  # still pushed away by the others


def test_known_values():
    z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    perfect = math.log(math.exp(10) + 2) - 10
    assert contrastive_loss(z, torch.tensor([0, 0, 1, 1])).item() == pytest.approx(perfect, abs=1e-6)
    collapsed = contrastive_loss(torch.ones(12, 4), torch.arange(12) // 2).item()
    assert collapsed == pytest.approx(math.log(11), abs=1e-5)


def test_stays_finite_at_extreme_temperature_and_under_autocast():
    z = torch.randn(64, 16, generator=torch.Generator().manual_seed(0), requires_grad=True)
    classes = torch.arange(64) // 4
    loss = contrastive_loss(z, classes, temperature=1e-4)  # e^{s} would overflow even float64
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()
    with torch.autocast("cpu", torch.bfloat16):
        assert contrastive_loss(z, classes) == contrastive_loss(z.detach(), classes)
        assert contrastive_loss(z, classes).dtype == torch.float32
    assert contrastive_loss(z.bfloat16(), classes).dtype == torch.float32


@pytest.mark.parametrize(
    ("z", "classes", "temperature", "message"),
    [
        (torch.randn(4, 2), torch.arange(4), 0.1, "shares its class"),
        (torch.randn(4, 2), torch.zeros(3, dtype=torch.int64), 0.1, "expected z"),
        (torch.randn(4), torch.zeros(4, dtype=torch.int64), 0.1, "expected z"),
        (torch.randn(4, 2), torch.zeros(4), 0.1, "integers"),
        (torch.randn(4, 2), torch.zeros(4, dtype=torch.int64), 0.0, "temperature"),
    ],
)
def test_bad_input_is_named(z, classes, temperature, message):
    with pytest.raises(ValueError, match=message):
        contrastive_loss(z, classes, temperature)
