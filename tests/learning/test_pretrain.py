"""The loop: same weights however it is cut, clean stops, a log that adds up, and a loss that falls."""

import dataclasses
import json
import os
import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from contrique.errors import ContriqueError
from contrique.images import read_image
from contrique.learning import corpora, loader, pretrain, trainer
from contrique.learning.recipe import ProbePart, read_recipe
from contrique.learning.run.checkpoints import all_checkpoints, read_note
from contrique.learning.trainer import Trainer


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def recipe(recipe_file):
    return read_recipe(recipe_file)


@pytest.fixture
def run(recipe, tiny_encoder):
    """Carry out the tiny recipe, with changes to its run."""

    def go(out, *, resume=False, stop_after=None, **changes):
        changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, **changes))
        options = {"resume": resume, "stop_after": stop_after, "encoder": tiny_encoder(), "progress": False}
        return pretrain.pretrain(changed, out, **options)

    return go


def final_state(out):
    return load_file(all_checkpoints(out / "checkpoints")[-1])


def lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("cuts", [[1], [4, 5]])
def test_a_run_cut_and_resumed_ends_with_the_same_bits(recipe, tiny_encoder, tmp_path, cuts, optimizer):
    """Weights, running statistics and optimizer state; also with another number of workers after the cut."""
    recipe = dataclasses.replace(recipe, optimizer=dataclasses.replace(recipe.optimizer, name=optimizer, clip=1.0))
    whole = pretrain.pretrain(recipe, tmp_path / "whole", encoder=tiny_encoder(), progress=False)
    assert (whole.step, whole.finished, whole.signal) == (6, True, None)
    for i, cut in enumerate(cuts):
        outcome = pretrain.pretrain(
            recipe, tmp_path / "cut", encoder=tiny_encoder(), progress=False, resume=i > 0, stop_after=cut
        )
        assert (outcome.step, outcome.finished, outcome.encoder) == (cut, False, None)
    changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=2, cache_gb=0.0))
    pretrain.pretrain(changed, tmp_path / "cut", encoder=tiny_encoder(), progress=False, resume=True)
    expected, got = final_state(tmp_path / "whole"), final_state(tmp_path / "cut")
    assert expected.keys() == got.keys()
    assert any(key.startswith("optimizer.") for key in expected)
    assert "model.projector.1.running_mean" in expected
    for key in expected:
        assert torch.equal(expected[key], got[key]), key
    timeless = [{k: line[k] for k in ("step", "loss", "lr")} for line in lines(tmp_path / "whole")]
    assert [{k: line[k] for k in ("step", "loss", "lr")} for line in lines(tmp_path / "cut")] == timeless


def test_the_seed_matters(run, tmp_path):
    run(tmp_path / "a")
    run(tmp_path / "b", seed=4)
    assert [line["loss"] for line in lines(tmp_path / "a")] != [line["loss"] for line in lines(tmp_path / "b")]


def test_what_a_run_leaves(run, tmp_path):
    outcome = run(tmp_path / "run")
    assert outcome.encoder == tmp_path / "run" / "encoder"
    card = json.loads((outcome.encoder / "card.json").read_text())
    assert card["training"]["recipe"]["name"] == "tiny"
    assert card["training"]["images"] == {"pristine": 5, "authentic": 7, "unusable": 0}
    assert str(tmp_path) not in json.dumps(card)  # where things lay is nobody's business
    assert (outcome.encoder / "encoder.safetensors").exists()
    said = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert said["recipe"]["run"]["steps"] == 6
    assert (
        said["versions"]["torch"] == torch.__version__.split("+")[0] or said["versions"]["torch"] == torch.__version__
    )
    assert [read_note(p)["step"] for p in all_checkpoints(tmp_path / "run" / "checkpoints")] == [2, 4, 6]
    log = lines(tmp_path / "run")
    assert [line["step"] for line in log] == [1, 2, 3, 4, 5, 6]
    assert all(line["views_per_second"] > 0 and 0 <= line["data_wait"] <= 1 and line["lr"] > 0 for line in log)


def test_only_what_asks_for_it_is_trained(run, tmp_path, tiny_encoder):
    run(tmp_path / "run")
    before, after = tiny_encoder().state_dict(), final_state(tmp_path / "run")
    for key, value in before.items():
        assert torch.equal(value, after[f"model.encoder.{key}"]) == key.startswith("trunk."), key


def test_it_learns(recipe, tiny_encoder):
    """On one batch again and again the loss falls well below where it starts."""
    longer = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, steps=40))
    trainer = Trainer(longer, torch.device("cpu"), tiny_encoder())
    views, classes, _ = next(loader.batches(pretrain.Corpus(longer), longer))
    losses = [trainer.step(step, views, classes)[0] for step in range(40)]
    assert sum(losses[-5:]) / 5 < losses[0] - 0.5


def test_bf16_trains_too_and_is_near_fp32(recipe, tiny_encoder):
    losses = {}
    for precision in ("fp32", "bf16"):
        changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, precision=precision))
        trainer = Trainer(changed, torch.device("cpu"), tiny_encoder())
        assert trainer.bf16 == (precision == "bf16")
        views, classes, _ = next(loader.batches(pretrain.Corpus(changed), changed))
        losses[precision] = trainer.step(0, views, classes)[0]
        assert all(p.dtype == torch.float32 for p in trainer.model.parameters())
    assert losses["bf16"] != losses["fp32"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.05)


@pytest.mark.parametrize("has", [True, False])
def test_auto_precision_is_the_hardwares(recipe, tiny_encoder, monkeypatch, has):
    monkeypatch.setattr(trainer, "hardware_has_bf16", lambda device: has)
    auto = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, precision="auto"))
    assert Trainer(auto, torch.device("cpu"), tiny_encoder()).bf16 is has


def test_a_run_is_not_overwritten_nor_resumed_by_mistake(run, recipe, tmp_path):
    run(tmp_path / "run", stop_after=2)
    with pytest.raises(ContriqueError, match="holds a run already"):
        run(tmp_path / "run")
    with pytest.raises(ContriqueError, match="another recipe: run"):
        run(tmp_path / "run", resume=True, seed=9)
    (tmp_path / "images" / "found" / "00.png").unlink()
    with pytest.raises(ContriqueError, match="other images"):
        run(tmp_path / "run", resume=True)


def test_a_finished_run_resumed_is_finished(run, tmp_path):
    run(tmp_path / "run")
    before = final_state(tmp_path / "run")
    outcome = run(tmp_path / "run", resume=True)
    assert (outcome.step, outcome.finished) == (6, True)
    assert all(torch.equal(value, before[key]) for key, value in final_state(tmp_path / "run").items())
    assert len(lines(tmp_path / "run")) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_after_the_step_with_a_checkpoint(run, tmp_path, monkeypatch, number):
    step = Trainer.step

    def interrupted(self, at, *batch):
        if at == 2:
            os.kill(os.getpid(), number)
        return step(self, at, *batch)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Trainer, "step", interrupted)
    outcome = run(tmp_path / "run", workers=1)
    assert (outcome.step, outcome.finished, outcome.signal) == (3, False, number)
    assert read_note(all_checkpoints(tmp_path / "run" / "checkpoints")[-1])["step"] == 3
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    monkeypatch.undo()
    assert run(tmp_path / "run", resume=True).finished


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(run, tmp_path, monkeypatch):
    step = Trainer.step

    def poisoned(self, at, *batch):
        if at == 3:
            next(iter(self.model.projector.parameters())).data.fill_(float("nan"))
        return step(self, at, *batch)

    monkeypatch.setattr(Trainer, "step", poisoned)
    with pytest.raises(ContriqueError, match="loss is nan at step 3"):
        run(tmp_path / "run")
    assert read_note(all_checkpoints(tmp_path / "run" / "checkpoints")[-1])["step"] == 2
    assert all(v.isfinite().all() for v in final_state(tmp_path / "run").values())
    monkeypatch.undo()
    assert run(tmp_path / "run", resume=True).finished


def test_broken_images_are_counted_and_named(run, tmp_path, capsys):
    for name in ("01.png", "02.png"):
        (tmp_path / "images" / "found" / name).write_bytes(b"\x89PNG broken")
    outcome = run(tmp_path / "run", workers=2, cache_gb=0.0)
    assert sorted(path[-6:] for path in outcome.broken) == ["01.png", "02.png"]
    told = capsys.readouterr().err
    assert told.count("01.png") == 1
    assert told.count("left out") == 2
    assert outcome.unusable == 2
    rows = (tmp_path / "run" / "broken.csv").read_text().splitlines()
    assert rows[0] == "image,reason"
    assert sorted(row.split(",")[0] for row in rows[1:]) == sorted(outcome.broken)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_vanished_folder_stops_it_clearly(run, tmp_path, workers):
    run(tmp_path / "run", stop_after=2)
    for path in (tmp_path / "images" / "found").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ContriqueError, match=r"images in a row could not be used; the last: .*png") as caught:
        run(tmp_path / "run", resume=True, workers=workers)
    assert "Traceback" not in str(caught.value)
    assert read_note(all_checkpoints(tmp_path / "run" / "checkpoints")[-1])["step"] == 2


def test_a_lost_worker_stops_it_clearly(run, tmp_path, monkeypatch):
    samples = pretrain.Corpus.samples

    def killed(self, step, *bounds):
        if step == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return samples(self, step, *bounds)

    monkeypatch.setattr(pretrain.Corpus, "samples", killed)
    with pytest.raises(ContriqueError, match="process that makes views was lost"):
        run(tmp_path / "run", workers=1)


def test_a_line_cut_short_by_a_crash_is_dropped_from_the_log(run, tmp_path):
    run(tmp_path / "run", stop_after=2)
    with (tmp_path / "run" / "log.jsonl").open("a") as file:
        file.write('{"step": 3, "loss": 1.0}\n{"step": 4, "lo')
    run(tmp_path / "run", resume=True)
    assert [line["step"] for line in lines(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]


@pytest.fixture
def probed(recipe):
    """The recipe with two of its five pristine images held out for probes every two steps."""
    return dataclasses.replace(recipe, probe=ProbePart(every=2, contents=2))


def test_probes_come_before_between_and_after_and_change_no_bit(probed, tiny_encoder, tmp_path, monkeypatch):
    pretrain.pretrain(probed, tmp_path / "probed", encoder=tiny_encoder(), progress=False, stop_after=3)
    pretrain.pretrain(probed, tmp_path / "probed", encoder=tiny_encoder(), progress=False, resume=True)
    probes = [json.loads(line) for line in (tmp_path / "probed" / "probe.jsonl").read_text().splitlines()]
    assert [line["step"] for line in probes] == [0, 2, 4, 6]
    assert all(0 <= line[what] <= 1 for line in probes for what in ("type", "level", "class"))
    monkeypatch.setattr(pretrain.Probe, "__call__", lambda *_: dict.fromkeys(("type", "level", "class", "seconds"), 0))
    pretrain.pretrain(probed, tmp_path / "not", encoder=tiny_encoder(), progress=False)
    expected, got = final_state(tmp_path / "not"), final_state(tmp_path / "probed")
    assert expected.keys() == got.keys()
    for key in expected:
        assert torch.equal(expected[key], got[key]), key


def test_probes_are_of_contents_that_are_never_drawn(probed, tiny_encoder, tmp_path, monkeypatch):
    drawn, looked_at = set(), []
    load, begin = corpora.Images.load, pretrain.Probe.__init__

    def noted(self, index):
        drawn.add(self.name(index))
        return load(self, index)

    def probing(self, images, size, seed):
        drawn.clear()
        looked_at.extend(images)
        begin(self, images, size, seed)

    monkeypatch.setattr(corpora.Images, "load", noted)
    monkeypatch.setattr(pretrain.Probe, "__init__", probing)
    pretrain.pretrain(probed, tmp_path / "run", encoder=tiny_encoder(), progress=False)
    clean = {name for name in drawn if "/clean/" in name}
    assert len(clean) == 3
    assert len(looked_at) == 2
    for name in clean:
        assert not any(np.array_equal(read_image(name), image) for image in looked_at)
