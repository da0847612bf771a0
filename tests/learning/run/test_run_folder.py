"""Where a run may begin or go on, and an encoder's folder that is whole or not there."""

import json

import pytest
import torch
from safetensors import SafetensorError

from contrique.errors import ContriqueError
from contrique.learning.corpora import Corpus
from contrique.learning.projector import Contrast
from contrique.learning.recipe import read_recipe
from contrique.learning.run import run_folder
from contrique.learning.run.checkpoints import save_checkpoint
from contrique.learning.run.run_folder import export, find_start


@pytest.fixture
def recipe(recipe_file):
    return read_recipe(recipe_file)


@pytest.fixture
def note(recipe):
    return {"recipe": json.loads(json.dumps(recipe.to_dict())), "corpus": "0123"}


def write(out, step, note):
    model = torch.nn.Linear(2, 2)
    return save_checkpoint(out / "checkpoints", step, model, torch.optim.SGD(model.parameters()), note, steps=9)


def changed(note):
    return note | {"recipe": note["recipe"] | {"temperature": 0.5}}


def test_an_empty_folder_is_started_in_whether_resumed_or_not(tmp_path, note, capsys):
    assert find_start(tmp_path, note, resume=False) is None
    assert capsys.readouterr().err == ""
    assert find_start(tmp_path, note, resume=True) is None
    assert "starting from the beginning" in capsys.readouterr().err


def test_a_run_is_gone_on_with_only_if_asked(tmp_path, note):
    path = write(tmp_path, 2, note)
    with pytest.raises(ContriqueError, match=r"holds a run already.*--resume"):
        find_start(tmp_path, note, resume=False)
    assert find_start(tmp_path, note, resume=True) == path


@pytest.mark.parametrize("saved", [True, False])
def test_another_recipe_or_other_images_are_refused_before_the_first_checkpoint_too(tmp_path, note, saved):
    (tmp_path / "recipe.json").write_text(json.dumps(note))
    path = write(tmp_path, 2, note) if saved else None
    assert find_start(tmp_path, note, resume=True) == path
    with pytest.raises(ContriqueError, match=r"another recipe: temperature was 0.1, is 0.5"):
        find_start(tmp_path, changed(note), resume=True)
    with pytest.raises(ContriqueError, match="other images"):
        find_start(tmp_path, note | {"corpus": "4567"}, resume=True)


def test_how_it_is_carried_out_may_change(tmp_path, note):
    path = write(tmp_path, 2, note)
    free = {"workers": 7, "checkpoint_every": 5, "cache_gb": 3.0}
    other = note["recipe"] | {"run": note["recipe"]["run"] | free, "data": "/elsewhere"}
    assert find_start(tmp_path, note | {"recipe": other}, resume=True) == path


def test_the_newest_is_compared_even_if_it_is_damaged_the_one_before(tmp_path, note, capsys):
    before = write(tmp_path, 2, note)
    write(tmp_path, 3, note).write_bytes(b"damaged")
    assert find_start(tmp_path, note, resume=True) == before
    assert "step_00000003.safetensors: damaged" in capsys.readouterr().err


def test_leftovers_of_a_killed_process_go(tmp_path, note):
    write(tmp_path, 2, note)
    for left in (tmp_path / ".log.jsonl.partial", tmp_path / "checkpoints" / ".step_00000003.safetensors.partial"):
        left.touch()
    (tmp_path / ".encoder.partial").mkdir()
    find_start(tmp_path, note, resume=True)
    assert not list(tmp_path.rglob(".*"))
    assert (tmp_path / "checkpoints" / "step_00000002.safetensors").exists()


def test_an_encoder_is_whole_or_not_there(recipe, tiny_encoder, tmp_path, monkeypatch):
    folder, save = tmp_path / "encoder", run_folder.save_encoder

    def fails(encoder, folder, **words):
        save(encoder, folder, **words)
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(run_folder, "save_encoder", fails)
    with pytest.raises(OSError, match=r"encoder: cannot write the encoder: .*No space left"):
        export(recipe, Contrast(tiny_encoder()), Corpus(recipe), 0, folder)
    assert not [path for path in tmp_path.iterdir() if "encoder" in path.name]
    monkeypatch.undo()
    export(recipe, Contrast(tiny_encoder()), Corpus(recipe), 3, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "encoder.safetensors"]
    assert json.loads((folder / "card.json").read_text())["training"]["images"]["unusable"] == 3
