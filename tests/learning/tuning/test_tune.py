"""Tuning learns what frozen features do not have, keeps to its seed, and goes on where it was stopped."""

import json
import signal

import numpy as np
import pytest
import torch

from contrique.errors import ContriqueError
from contrique.evaluation.correlation import srocc
from contrique.evaluation.ridge import fit_ridge
from contrique.evaluation.splits import group_split
from contrique.learning.export import load_extractor
from contrique.learning.tuning import tune as module
from contrique.learning.tuning.network import Rater
from contrique.learning.tuning.settings import Settings
from contrique.learning.tuning.tune import best_epoch, tune

SHORT = Settings(epochs=2, batch=40, crop=64, lr=2e-3, frozen=0.0)


class Run:
    """One run over the planted ratings."""

    def __init__(self, model, ratings, features, folder, settings=SHORT) -> None:
        self.training, self.validation = group_split(ratings.groups, (0.75, 0.25), seed=0)
        x, y = features[self.training], ratings.scores[self.training]
        fit = fit_ridge(x, y, ratings.groups[self.training])
        self.frozen = srocc(fit.regressor.predict(features[self.validation]), ratings.scores[self.validation])
        self.rater = Rater(load_extractor(model.folder), fit.regressor, x, y)
        self.before = {name: value.clone() for name, value in self.rater.state_dict().items()}
        parts = ratings.paths, ratings.scores, self.training, self.validation
        self.ended = tune(self.rater, model, *parts, settings, folder, same={"settings": settings.to_dict()})

    def weights(self) -> dict[str, torch.Tensor]:
        return self.rater.state_dict()


def assert_same(one: Run, two: Run) -> None:
    for name, value in one.weights().items():
        assert torch.equal(value, two.weights()[name]), name
    assert one.ended.history == two.ended.history


def test_it_learns_what_frozen_features_lack(model, ratings, features, tmp_path) -> None:
    run = Run(model, ratings, features, tmp_path / "run", Settings(epochs=3, batch=8, crop=64, lr=2e-2, frozen=0.0))
    tuned = run.ended.history[run.ended.best - 1]
    assert tuned["srocc"] > run.frozen + 0.03
    assert [line["epoch"] for line in run.ended.history] == [1, 2, 3]


def test_norms_keep_their_statistics_and_frozen_layers_their_weights(model, ratings, features, tmp_path) -> None:
    run = Run(model, ratings, features, tmp_path / "run", Settings(epochs=1, batch=40, crop=64, lr=2e-3, frozen=0.25))
    moved = {name for name, value in run.weights().items() if not torch.equal(value, run.before[name])}
    assert moved == {"weight_D", "bias", "extractor.encoder.trunk.1.weight", "extractor.encoder.trunk.1.bias"}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_gives_others(model, ratings, features, tmp_path) -> None:
    one, two = (Run(model, ratings, features, tmp_path / name) for name in ("one", "two"))
    assert_same(one, two)
    other = Run(model, ratings, features, tmp_path / "other", Settings(**{**SHORT.to_dict(), "seed": 1}))
    assert not torch.equal(one.rater.weight_D, other.rater.weight_D)


@pytest.mark.parametrize("at", [2, pytest.param(5, marks=pytest.mark.slow)])  # in the first epoch, in the second
def test_a_run_stopped_by_a_signal_goes_on_to_the_same_weights(
    model, ratings, features, tmp_path, monkeypatch, at
) -> None:
    whole = Run(model, ratings, features, tmp_path / "whole")
    calls = 0

    def ctrl_c(*args: object) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        if calls == at:
            signal.raise_signal(signal.SIGINT)
        return loss_of(*args)

    loss_of = module.batch_loss
    monkeypatch.setattr(module, "batch_loss", ctrl_c)
    first = Run(model, ratings, features, tmp_path / "run")
    assert (first.ended.signal, first.ended.steps) == (signal.SIGINT, at)
    again = Run(model, ratings, features, tmp_path / "run")
    assert again.ended.signal is None
    assert_same(whole, again)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "step" in line] == list(range(1, whole.ended.steps + 1))
    assert [line["epoch"] for line in lines if "epoch" in line] == [1, 2]


@pytest.mark.slow
def test_a_run_that_died_keeps_the_epochs_before(model, ratings, features, tmp_path, monkeypatch) -> None:
    whole = Run(model, ratings, features, tmp_path / "whole")

    def crash(*args: object) -> tuple[torch.Tensor, torch.Tensor]:
        if len(list((tmp_path / "run" / "checkpoints").glob("*"))) == 1:
            raise RuntimeError("power cut")
        return loss_of(*args)

    loss_of = module.batch_loss
    monkeypatch.setattr(module, "batch_loss", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        Run(model, ratings, features, tmp_path / "run")
    monkeypatch.setattr(module, "batch_loss", loss_of)
    assert_same(whole, Run(model, ratings, features, tmp_path / "run"))


def test_another_runs_folder_is_refused(model, ratings, features, tmp_path) -> None:
    Run(model, ratings, features, tmp_path / "run")
    with pytest.raises(ContriqueError, match="another run, whose settings were"):
        Run(model, ratings, features, tmp_path / "run", Settings(**{**SHORT.to_dict(), "lr": 1e-3}))


def test_a_rate_that_blows_up_is_told(model, ratings, features, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "learning_rate", lambda *_, **__: float("inf"))
    with pytest.raises(ContriqueError, match="loss is not finite at step 2"):
        Run(model, ratings, features, tmp_path / "run")


def test_the_first_of_equal_epochs_is_the_best() -> None:
    assert best_epoch([{"epoch": e, "srocc": s} for e, s in ((1, 0.5), (2, 0.7), (3, 0.7))]) == 2


def test_the_rater_ends_with_the_best_epochs_weights(model, ratings, features, tmp_path) -> None:
    run = Run(model, ratings, features, tmp_path / "run")
    predicted = module._rate_whole(run.rater, model, [ratings.paths[i] for i in run.validation], module.StopFlag())
    best = run.ended.history[run.ended.best - 1]
    assert srocc(predicted, ratings.scores[run.validation]) == pytest.approx(best["srocc"], abs=1e-6)
    assert best["mse"] == pytest.approx(
        np.mean((predicted - run.rater.standard(ratings.scores)[run.validation]) ** 2), abs=1e-6
    )
