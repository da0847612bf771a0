"""Weight decay reaches weights only, and the learning rate follows the published curve."""

import math

import pytest
import torch
from torch import nn

from contrique.learning.optimizer import build_optimizer, learning_rate, set_learning_rate


class Nested(nn.Module):
    """Norms under names without "bn", two levels down, as in a network wrapped in Sequential; a frozen part too."""

    def __init__(self):
        super().__init__()
        block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.encoder = nn.Sequential(nn.Sequential(block, nn.GroupNorm(2, 4)), nn.Sequential(nn.Conv2d(4, 4, 1)))
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.head = nn.ModuleDict({"norm": nn.LayerNorm(4), "last": nn.Linear(4, 2)})


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_decay_is_on_weights_alone_wherever_they_are_nested(name):
    model = Nested()
    optimizer = build_optimizer(model, name, lr=0.1, weight_decay=0.25)
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    got = {n: decay.get(id(p)) for n, p in model.named_parameters()}
    norms = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
    in_norms = {id(p) for m in model.modules() if isinstance(m, norms) for p in m.parameters()}
    for full, parameter in model.named_parameters():
        if full.startswith("frozen"):
            assert got[full] is None, full
        elif id(parameter) in in_norms or full.endswith("bias"):
            assert got[full] == 0, full
        else:
            assert got[full] == 0.25, full
    assert sorted(got.values(), key=str).count(0.25) == 3


def test_sgd_moves_as_momentum_and_decay_say():
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 2.0)
    nn.init.constant_(model.bias, 2.0)
    optimizer = build_optimizer(model, "sgd", lr=0.5, weight_decay=0.1)
    w = b = 2.0
    v_w = v_b = 0.0
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(1, 1)).sum().backward()  # gradient 1 for both
        optimizer.step()
        v_w, v_b = 0.9 * v_w + 1 + 0.1 * w, 0.9 * v_b + 1
        w, b = w - 0.5 * v_w, b - 0.5 * v_b
    assert model.weight.item() == pytest.approx(w, rel=1e-6)
    assert model.bias.item() == pytest.approx(b, rel=1e-6)


def test_the_learning_rate_follows_the_published_recurrence():
    """The authors' scheduler: each value from the one before, warm-up over 10 %, cosine over the rest."""
    steps, peak, warmup = 200, 0.6, 0.1
    rising = int(warmup * steps)
    value, expected = peak / (rising + 1), []
    for step in range(steps):
        if 0 < step <= rising:
            value *= (step + 1) / step
        elif step > rising:
            k = step - rising
            value *= (1 + math.cos(math.pi * k / (steps - rising))) / (
                1 + math.cos(math.pi * (k - 1) / (steps - rising))
            )
        expected.append(value)
    got = [learning_rate(step, steps=steps, peak=peak, warmup=warmup) for step in range(steps)]
    assert got == pytest.approx(expected, rel=1e-9)
    assert max(got) == pytest.approx(peak)


def test_short_runs_have_a_positive_learning_rate():
    assert [learning_rate(s, steps=1, peak=1.0) for s in range(1)] == [1.0]
    assert all(learning_rate(s, steps=3, peak=1.0, warmup=0.0) > 0 for s in range(3))


def test_every_group_gets_the_learning_rate():
    optimizer = build_optimizer(Nested(), "sgd", lr=1.0, weight_decay=0.1)
    set_learning_rate(optimizer, 0.125)
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]


def test_nothing_to_train_is_an_error():
    with pytest.raises(ValueError, match="frozen"):
        build_optimizer(nn.Linear(2, 2).requires_grad_(False), "sgd", lr=1.0, weight_decay=0.0)
    with pytest.raises(ValueError, match="sgd, adamw"):
        build_optimizer(nn.Linear(2, 2), "lion", lr=1.0, weight_decay=0.0)
