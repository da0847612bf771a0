"""HyperIQA's training: the authors' rates, learning, the epoch by validation, going on after Ctrl-C."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from contrique.baselines.hyperiqa import Settings, training
from contrique.baselines.hyperiqa.contender import network_from
from contrique.baselines.hyperiqa.crops import Pictures
from contrique.baselines.hyperiqa.network import HyperIqaNet
from contrique.baselines.hyperiqa.training import Trained, best_epoch, optimizer, predict, rates, train
from contrique.errors import ContriqueError
from contrique.evaluation.correlation import srocc
from contrique.evaluation.ratings import Ratings

TRAINING, VALIDATION, TEST = np.arange(0, 12, 2), np.array([1, 5, 9]), np.array([3, 7, 11])
SHORT = Settings(epochs=3, patches=1, batch=4)


@pytest.fixture
def pictures(rated: Ratings) -> Pictures:
    one = Pictures(rated.paths)
    one.look(progress=False)
    return one


@pytest.fixture
def learn(pictures: Pictures, rated: Ratings, trunk: Path) -> Callable[..., Trained]:
    def run(settings: Settings = SHORT, scores: np.ndarray = rated.scores, folder: Path | None = None) -> Trained:
        return train(network_from(trunk), pictures, scores, TRAINING, VALIDATION, settings, folder=folder)

    return run


def weights(trained: Trained) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trained.network.state_dict().items()}


def same(one: Trained, other: Trained) -> bool:
    a, b = weights(one), weights(other)
    return all(torch.equal(a[name], b[name]) for name in a)


def test_rates_are_those_of_the_authors_loop() -> None:
    rate, ratio = 2e-5, 10
    wanted = [(rate * ratio, rate)]
    for t in range(15):  # what the end of each of their epochs sets for the next one
        lr = rate / pow(10, (t // 6))
        if t > 8:
            ratio = 1
        wanted.append((lr * ratio, rate))
    np.testing.assert_allclose([rates(epoch) for epoch in range(16)], wanted, rtol=1e-12)


def test_every_parameter_is_in_one_group(trunk: Path) -> None:
    net = network_from(trunk)()
    adam = optimizer(net, 0)
    fast, slow = adam.param_groups
    assert (fast["lr"], slow["lr"]) == (2e-4, 2e-5)
    assert {fast["weight_decay"], slow["weight_decay"]} == {5e-4}
    by_id = {id(p): name for name, p in net.named_parameters()}
    assert {by_id[id(p)] for p in fast["params"]} == {name for name in by_id.values() if name.startswith("hyper.")}
    assert sorted(by_id[id(p)] for group in (fast, slow) for p in group["params"]) == sorted(by_id.values())


def test_a_network_learns_what_it_sees(
    pictures: Pictures, rated: Ratings, trunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RATE", 1e-4)
    none = np.array([], dtype=int)
    trained = train(
        network_from(trunk), pictures, rated.scores, TRAINING, none, Settings(epochs=12, patches=2, batch=6)
    )
    assert trained.epoch == 11  # without validation the last one counts
    found = trained.ratings(predict(trained.network, pictures, np.arange(12), Settings(patches=2)))
    assert srocc(found, rated.scores) > 0.9
    assert np.abs(found - rated.scores).mean() < 4  # guessing the mean is 6 off


def test_the_best_epoch_on_validation_counts(
    learn: Callable[..., Trained], pictures: Pictures, rated: Ratings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([0.3, 0.8, 0.5])
    seen = []

    def agreement(predicted: np.ndarray, wanted: np.ndarray) -> float:
        seen.append(predicted)
        np.testing.assert_allclose(wanted * 6.831300510639732 + 30, rated.scores[VALIDATION])
        return next(told)

    monkeypatch.setattr(training, "srocc", agreement)
    trained = learn()
    assert trained.epoch == 1
    assert trained.agreement == [0.3, 0.8, 0.5]
    np.testing.assert_allclose(predict(trained.network, pictures, VALIDATION, SHORT), seen[1], rtol=1e-6)
    assert not np.allclose(seen[0], seen[1], rtol=1e-4)


@pytest.mark.parametrize(
    ("agreement", "epoch"),
    [
        ([0.1, 0.4, 0.4, 0], 2),
        ([-0.5, -0.2, -0.9], 1),
        ([np.nan, -0.3, np.nan], 1),
        ([np.nan, np.nan], 1),
        ([0.2], 0),
    ],
)
def test_ties_and_no_answer_go_to_the_last(agreement: list[float], epoch: int) -> None:
    assert best_epoch(agreement) == epoch


def test_the_same_seed_is_the_same_network(learn: Callable[..., Trained]) -> None:
    before = torch.random.get_rng_state()
    first = learn(Settings(epochs=1, patches=1, batch=4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert same(first, learn(Settings(epochs=1, patches=1, batch=4)))
    assert not same(first, learn(Settings(epochs=1, patches=1, batch=4, seed=1)))


def test_units_of_the_ratings_do_not_matter(learn: Callable[..., Trained], pictures: Pictures, rated: Ratings) -> None:
    few = Settings(epochs=1, patches=1, batch=4)
    first, other = learn(few), learn(few, scores=-rated.scores / 64 + 1)
    assert (other.mean, other.deviation) == pytest.approx((1 - first.mean / 64, first.deviation / 64))
    assert first.ratings(np.array([0.0, 2.0])).tolist() == [first.mean, first.mean + 2 * first.deviation]
    doubled = learn(few, scores=rated.scores * 2 - 30)  # exact in float32, so the training is the same
    mine, twice = (one.ratings(predict(one.network, pictures, TEST, SHORT)) for one in (first, doubled))
    np.testing.assert_allclose(twice, mine * 2 - 30, rtol=1e-6)


def test_ratings_all_the_same_are_learned_too(learn: Callable[..., Trained]) -> None:
    trained = learn(Settings(epochs=1, patches=1, batch=4), scores=np.full(12, 3.5))
    assert (trained.mean, trained.deviation) == (3.5, 1.0)
    assert np.isnan(trained.agreement).all()


class Stopped(KeyboardInterrupt):
    pass


def stop_in_epoch(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Ctrl-C at the second batch of an epoch; which epochs were begun."""
    begun: list[int] = []
    epochs, crops = training.training_places, Pictures.crops
    state = {"batch": 0}

    def places(images: np.ndarray, patches: int, seed: int, epoch: int) -> list:
        begun.append(epoch)
        state["batch"] = 0
        return epochs(images, patches, seed, epoch)

    def cut(self: Pictures, wanted: list) -> np.ndarray:
        state["batch"] += 1
        if begun[-1] == number and state["batch"] == 2:
            raise Stopped
        return crops(self, wanted)

    monkeypatch.setattr(training, "training_places", places)
    monkeypatch.setattr(Pictures, "crops", cut)
    return begun


def test_ctrl_c_loses_no_epoch_and_no_bit(
    learn: Callable[..., Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learn()
    with monkeypatch.context() as patch:
        stop_in_epoch(patch, 2)
        with pytest.raises(Stopped):
            learn(folder=tmp_path / "kept")
    with monkeypatch.context() as patch:
        begun = stop_in_epoch(patch, 99)
        resumed = learn(folder=tmp_path / "kept")
        assert begun == [2]
        assert same(whole, resumed)
        assert resumed.agreement == whole.agreement
        again = learn(folder=tmp_path / "kept")
        assert begun == [2]  # it was trained already
    assert same(whole, again)
    assert again.epoch == whole.epoch


def test_too_few_images_and_numbers_beyond_all_bounds(pictures: Pictures, rated: Ratings, trunk: Path) -> None:
    with pytest.raises(ContriqueError, match="two training images or more, got 1"):
        train(network_from(trunk), pictures, rated.scores, TRAINING[:1], VALIDATION, SHORT)

    def endless() -> HyperIqaNet:
        net = network_from(trunk)()
        net.hyper.last_bias.bias.data.fill_(torch.inf)
        return net

    with pytest.raises(ContriqueError, match="the loss is not finite in epoch 1"):
        train(endless, pictures, rated.scores, TRAINING, VALIDATION, SHORT)
