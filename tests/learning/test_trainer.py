"""Steps of two processes end with the weights that one process's steps on the whole batches end with."""

import pytest
import torch
import whole_and_parts

from contrique.learning.processes.distributed import ALONE

TOLERANCE = {"sgd": 5e-4, "clipped": 5e-4, "adamw": 5e-3}
"""Float32 after four steps, relative to the largest entry. AdamW divides each gradient by its own size: where one is
zero but for rounding, rounding decides the step."""


def compare(one, first, second, tolerance):
    assert one.keys() == first.keys()
    assert "projector.1.running_var" in one
    assert "gradient encoder.side.1.weight" in one
    for key, value in one.items():
        assert torch.equal(first[key], second[key]), key
        assert (first[key] - value).abs().max() <= tolerance * (value.abs().max() + 1e-3), key
    assert not torch.equal(one["losses"][0], one["losses"][-1])


@pytest.mark.parametrize("name", TOLERANCE)
def test_two_processes_train_as_one(two_processes, name):
    """Losses, gradients, weights and running statistics."""
    one = whole_and_parts.train(ALONE, whole_and_parts.recipes(two_processes.recipe)[name])
    compare(one, *(found["train"][name] for found in two_processes), TOLERANCE[name])


def test_what_differs_is_rounding(two_processes):
    """In float64, where rounding is 2⁻⁵³, the same differences are below 10⁻¹¹."""
    one = whole_and_parts.in_float64(lambda: whole_and_parts.train(ALONE, two_processes.recipe))
    assert one["projector.0.weight"].dtype == torch.float64
    compare(one, *(found["train float64"] for found in two_processes), 1e-11)


def test_frozen_parts_stay_as_they_were(two_processes):
    before = whole_and_parts.Small().state_dict()
    for found in two_processes:
        for key, value in before.items():
            trained = found["train"]["sgd"][f"encoder.{key}"]
            assert torch.equal(value, trained) == key.startswith("trunk."), key
