"""Batch norm over two real processes equals PyTorch's on the whole batch; frozen ones are left alone."""

import pytest
import torch
import whole_and_parts
from torch import nn

from contrique.learning.processes.distributed import ALONE
from contrique.learning.processes.synced_norm import SyncedBatchNorm, synchronise_norms


@pytest.mark.parametrize("name", whole_and_parts.NORMS)
def test_equals_batch_norm_on_the_whole_batch(two_processes, name):
    """Values, all gradients and running statistics, on unequal shares of a batch whose mean is far from zero."""
    make, shape, cut = whole_and_parts.NORMS[name]
    one = whole_and_parts.norm(ALONE, make(), shape, cut)
    parts = [found["norm"][name] for found in two_processes]
    for key, value in one.items():
        if key[0] in "yd" or key == "evaluated":
            got = torch.cat([part[key] for part in parts])
        else:
            got = parts[0][key]
            assert torch.equal(got, parts[1][key]), key
        assert torch.allclose(got, value, rtol=1e-11, atol=1e-11), key


def test_only_norms_in_training_mode_are_exchanged():
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm1d(3)), nn.Conv2d(2, 2, 1)).train()
    model[1].eval()
    before = dict(model.named_parameters())
    state = {name: value.clone() for name, value in model.state_dict().items()}
    synchronise_norms(model, torch.device("cpu"))
    assert [type(m) for m in model] == [SyncedBatchNorm, nn.Sequential, nn.Conv2d]
    assert type(model[1][0]) is nn.BatchNorm1d
    assert all(parameter is before[name] for name, parameter in model.named_parameters())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_a_gpu_gets_pytorchs_own():
    model = nn.Sequential(nn.BatchNorm2d(2, eps=1e-3, momentum=0.01))
    weight, mean = model[0].weight, model[0].running_mean
    synchronise_norms(model, torch.device("cuda"))
    assert type(model[0]) is nn.SyncBatchNorm
    assert (model[0].eps, model[0].momentum) == (1e-3, 0.01)
    assert model[0].weight is weight
    assert model[0].running_mean is mean


def test_in_evaluation_it_is_batch_norm_and_needs_nobody():
    model = nn.Sequential(nn.BatchNorm2d(3)).train()
    model(torch.randn(4, 3, 2, 2))
    x = torch.randn(2, 3, 4, 4)
    expected = model.eval()(x)
    model.train()
    synchronise_norms(model, torch.device("cpu"))
    assert torch.equal(model.eval()(x), expected)


def test_shapes_that_have_no_channels_are_refused():
    with pytest.raises(ValueError, match="expected"):
        SyncedBatchNorm(3)(torch.zeros(3))
