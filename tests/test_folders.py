"""Model folders: what a word names, and where a model may be written."""

from pathlib import Path

import pytest

import contrique
from contrique.errors import ModelError
from contrique.folders import MODELS, SHIPPED, check_free, model_folder


def test_words_that_name_shipped_models_and_words_that_name_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in MODELS:
        Path(name).mkdir()
        assert model_folder(name) == SHIPPED.parent / name  # always, whatever lies here
        assert model_folder(f"./{name}") == model_folder(Path(name)) == Path(name)
    assert model_folder(None) == SHIPPED
    assert model_folder("runs/mine") == Path("runs/mine")


def test_a_bare_word_that_is_neither_is_told_what_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    assert model_folder("mine") == Path("mine")
    for load in (model_folder, contrique.load):
        with pytest.raises(ModelError) as error:
            load("acurate")
        assert str(error.value) == "acurate: no such model folder, and the models that ship are default and accurate"


def test_only_nothing_an_empty_folder_and_a_model_are_written_over(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for free in (tmp_path / "fresh", tmp_path / "empty", SHIPPED):
        check_free(free)
    (tmp_path / "file").write_text("precious")
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(ModelError, match="is not a model folder; it is left as it was"):
            check_free(taken)
