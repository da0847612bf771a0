"""``contrique export``: the graph it writes scores as the model did."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from contrique.card import read_card, write_card
from contrique.cli.main import main
from contrique.model import SHIPPED, QualityModel


def test_without_torch_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["export", "anything"]) == 1
    assert capsys.readouterr().err == "contrique: error: contrique export needs torch: pip install 'contrique[learn]'\n"


@pytest.mark.slow
def test_the_graph_it_writes_scores_as_torch_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    model = tmp_path / "model"
    shutil.copytree(SHIPPED, model)
    (model / "encoder.onnx").unlink()
    write_card(model, read_card(model))
    assert main(["export", str(model), "-o", str(tmp_path / "exported")]) == 0
    graph = tmp_path / "exported" / "encoder.onnx"
    assert capsys.readouterr().out == f"{graph}\n"
    image_HWC = np.random.default_rng(2).integers(0, 256, (96, 128, 3), np.uint8)
    with_torch = QualityModel.load(model, engine="torch").score(image_HWC)
    with_onnx = QualityModel.load(tmp_path / "exported", engine="onnx").score(image_HWC)
    assert with_onnx.value == pytest.approx(with_torch.value, abs=0.05)


@pytest.mark.slow
def test_a_folder_that_is_no_model_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("precious")
    assert main(["export", str(tmp_path / "letters")]) == 1
    assert main(["export", str(SHIPPED), "-o", str(tmp_path / "letters")]) == 1
    assert capsys.readouterr().err.count("contrique: error: ") == 2
    assert [file.name for file in (tmp_path / "letters").iterdir()] == ["a.txt"]


def test_a_refused_export_leaves_no_copy_and_no_older_model_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    older = tmp_path / "older"
    shutil.copytree(SHIPPED, older)
    card = (older / "card.json").read_bytes()
    for words in (["--scales", "1,0.5"], ["--features", "last-mean"]):
        for target in (tmp_path / "fresh", older):
            assert main(["export", str(SHIPPED), *words, "-o", str(target)]) == 1
            told = "has a regressor or a probe that was fitted to the features it gives now"
            assert capsys.readouterr().err == f"contrique: error: {SHIPPED}: {told}\n"
    assert not (tmp_path / "fresh").exists()
    assert (older / "card.json").read_bytes() == card


def test_a_model_that_ships_is_not_changed_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    before = [(file, file.stat().st_mtime_ns) for file in sorted(SHIPPED.iterdir())]
    assert main(["export", "default"]) == 1
    assert "default: ships with contrique and stays as it is; name a folder with -o" in capsys.readouterr().err
    assert [(file, file.stat().st_mtime_ns) for file in sorted(SHIPPED.iterdir())] == before
