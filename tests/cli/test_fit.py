"""``contrique fit`` on real files: a model comes out that scores, says what it is, and is written all at once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import contrique
from contrique.cli.main import main
from contrique.errors import ModelError
from contrique.model import QualityModel

CONTRIQUE = str(Path(sys.executable).parent / "contrique")
GROUPS, LEVELS = 8, 4


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight textures, each blurred at four levels, rated by how little: scores.csv and a folder of images."""
    folder = tmp_path_factory.mktemp("rated")
    (folder / "images").mkdir()
    (folder / "references").mkdir()
    rng = np.random.default_rng(0)
    lines = ["image,MOS,reference"]
    for group in range(GROUPS):
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
        sharp = coarse.resize((96, 72), Image.Resampling.NEAREST)
        sharp.save(folder / "references" / f"texture{group}.png")
        for level in range(LEVELS):
            name = f"{group}_{level}.png"
            sharp.filter(ImageFilter.GaussianBlur(1.2 * level + 0.1 * group)).save(folder / "images" / name)
            lines.append(f"{name},{5 - level - 0.05 * group:.2f},texture{group}")
    (folder / "scores.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file's tests, and never the user's."""
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path_factory.getbasetemp() / "fit-cache"))


def fit(rated: Path, output: Path, *more: str, csv: str = "scores.csv") -> int:
    return main(["fit", str(rated / csv), "--images", str(rated / "images"), "-o", str(output), *more])


def test_the_model_scores_as_the_ratings_say(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(rated, tmp_path / "mine", "--scale-min", "1", "--scale-max", "5") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "mine: fitted to 32 images in 8 groups by reference" in captured.out
    assert f"written to {tmp_path / 'mine'}" in captured.out
    model = contrique.load(tmp_path / "mine")
    scores = [float(model.score(rated / "images" / f"3_{level}.png")) for level in range(LEVELS)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 60 > 40 > scores[-1]
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["name"] == "mine"
    assert card["encoder"] == contrique.load().card["encoder"]
    about = card["regressor"]
    assert (about["ratings"], about["images"]) == (f"{rated.name}/scores.csv", 32)
    assert about["mapping"] == {"low": 1.0, "high": 5.0, "lower_is_better": False}
    assert about["interval"]["level"] == 0.8
    assert 0 <= about["interval"]["coverage"] <= 1
    assert card["agreement"]["srocc"] > 0.8
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}  # nothing half-written beside it


def test_the_same_words_give_the_same_regressor(rated: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert fit(rated, tmp_path / name, "--name", "same") == 0
    one, two = ((tmp_path / name / "regressor.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_lower_is_better_turns_scores_round(rated: Path, tmp_path: Path) -> None:
    assert fit(rated, tmp_path / "up") == 0
    assert fit(rated, tmp_path / "down", "--lower-is-better") == 0
    image = rated / "images" / "2_0.png"
    up, down = (contrique.load(tmp_path / name).score(image) for name in ("up", "down"))
    assert up.value + down.value == pytest.approx(100, abs=0.01)
    assert up.low + down.high == pytest.approx(100, abs=0.01)


def test_a_model_is_fitted_again_and_replaced(rated: Path, tmp_path: Path) -> None:
    assert fit(rated, tmp_path / "mine") == 0
    assert fit(rated, tmp_path / "mine", "--model", str(tmp_path / "mine"), "--interval", "0.9", "--name", "N") == 0
    card = contrique.load(tmp_path / "mine").card
    assert (card["name"], card["regressor"]["interval"]["level"]) == ("N", 0.9)


def test_other_folders_are_left_alone_and_nothing_is_computed(
    rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    monkeypatch.setattr(QualityModel, "load", lambda *_: pytest.fail("looked at after the work"))
    assert fit(rated, tmp_path / "mine") == 1
    assert "exists and is not a model folder" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_what_is_missing_or_broken_is_named(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rated / "images" / "broken.png").write_bytes(b"no image")
    text = (rated / "scores.csv").read_text()
    (rated / "more.csv").write_text(f"{text}\nbroken.png,3,texture0\nmissing.png,3,texture0\n")
    assert fit(rated, tmp_path / "mine", csv="more.csv") == 1
    captured = capsys.readouterr()
    assert "1 of 34 are not in the folder: missing.png" in captured.err
    assert "broken.png: " in captured.err
    assert "1 of 33 images could not be read and were left out" in captured.err
    assert contrique.load(tmp_path / "mine").card["regressor"]["images"] == 32


def test_full_reference(rated: Path, tmp_path: Path) -> None:
    assert fit(rated, tmp_path / "pairs", "--references", str(rated / "references")) == 0
    model = contrique.load(tmp_path / "pairs")
    assert model.card["regressor"]["full_reference"] is True
    reference = rated / "references" / "texture5.png"
    scores = [float(model.score(rated / "images" / f"5_{level}.png", reference)) for level in range(LEVELS)]
    assert scores == sorted(scores, reverse=True)
    with pytest.raises(ModelError, match="against a reference"):
        model.score(reference)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--score-column", "dmos"], "no column 'dmos'"),
        (["--scale-min", "9"], "low < high"),
        (["--interval", "0.99"], "too few"),
        (["--full-reference"], "are not in the folder"),
    ],
)
def test_what_cannot_be_fitted_is_one_line_and_no_model(
    words: list[str], reason: str, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(rated, tmp_path / "mine", *words) == 1
    error = capsys.readouterr().err
    assert error.startswith("contrique: error: ")
    assert error.count("\n") == 1
    assert reason in error
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "words", [["--interval", "80"], ["--cache", "x", "--no-cache"], ["--lower-is-better", "--higher-is-better"]]
)
def test_wrong_words_are_usage_errors(words: list[str], rated: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as status:
        fit(rated, tmp_path / "mine", *words)
    assert status.value.code == 2


def test_scipy_is_not_needed(rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert fit(rated, tmp_path / "mine") == 0


def test_through_the_installed_command(rated: Path, tmp_path: Path) -> None:
    words = ["fit", "scores.csv", "--images", "images", "-o", str(tmp_path / "mine"), "--cache", str(tmp_path / "c")]
    done = subprocess.run([CONTRIQUE, *words], cwd=rated, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "SROCC" in done.stdout
    info = subprocess.run([CONTRIQUE, "info", str(tmp_path / "mine")], capture_output=True, text=True, check=True)
    assert "80%" in info.stdout
