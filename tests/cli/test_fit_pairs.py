"""``contrique fit --pristine`` and ``--resized``: what nobody rated makes scores fall with it and stay with size."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_model import write_tiny_model

import contrique
from contrique.cli.main import main
from contrique.evaluation.fitting import fit_model
from contrique.evaluation.pairs import Pairs
from contrique.evaluation.ratings import read_ratings
from contrique.evaluation.resized import resized_pairs
from contrique.learning.distortions import distort

pytest.importorskip("cv2")
pytest.importorskip("scipy")
pytest.importorskip("onnx")


def texture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(30, 220, (12, 16, 3), np.uint8)
    return Image.fromarray(coarse).resize((112, 96), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 textures rated by how bright they are, 8 that nobody rated with a list of them, and a tiny model."""
    folder = tmp_path_factory.mktemp("pairs")
    for name in ("images", "pristine"):
        (folder / name).mkdir()
    lines = ["image,MOS"]
    for seed in range(40):
        gain = 0.5 + seed / 80
        Image.fromarray((np.asarray(texture(seed)) * gain).astype(np.uint8)).save(folder / "images" / f"{seed}.png")
        lines.append(f"{seed}.png,{1 + 4 * seed / 39:.3f}")
    (folder / "scores.csv").write_text("\n".join(lines))
    rows = ["name,licence"]
    for seed in range(8):
        texture(100 + seed).save(folder / "pristine" / f"{seed}.png")
        rows.append(f"{seed}.png,{'CC0' if seed else 'unknown'}")
    (folder / "list.csv").write_text("\n".join(rows))
    write_tiny_model(folder / "tiny")
    return folder


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path_factory.getbasetemp() / "pairs-cache"))


def fit(folder: Path, output: Path, *more: str) -> int:
    words = ["fit", str(folder / "scores.csv"), "--images", str(folder / "images"), "--model", str(folder / "tiny")]
    return main([*words, "-o", str(output), *more])


def test_scores_fall_with_noise_that_no_rated_image_has(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(folder, tmp_path / "alone") == 0
    capsys.readouterr()
    words = ["--pristine", str(folder / "pristine"), "--list", str(folder / "list.csv"), "--licence", "CC0"]
    assert fit(folder, tmp_path / "ordered", *words) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    card = json.loads((tmp_path / "ordered" / "card.json").read_text())
    pairs = card["regressor"]["pairs"]
    assert (pairs["photographs"], pairs["resized"]) == (7, 0)
    assert 100 < pairs["ordered"] <= 175
    assert (pairs["source"], pairs["licences"]) == ("pristine/list.csv", ["CC0"])
    assert pairs["in_order"] > pairs["in_order_without"]
    line = f"{pairs['ordered']}, the less distorted better: {pairs['in_order']:.1%} where held out, "
    assert f"pairs of 7 photographs         {line}" in captured.out
    new_HWC = np.asarray(texture(500))
    falls = {}
    for name in ("alone", "ordered"):
        model = contrique.load(tmp_path / name)
        falls[name] = float(model.score(new_HWC)) - float(model.score(distort(new_HWC, "white_noise", 5, 0)))
    assert falls["ordered"] > max(falls["alone"], 0) + 3
    assert main(["info", str(tmp_path / "ordered")]) == 0
    assert "resized" not in captured.out


def test_resized_copies_score_more_alike(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(folder, tmp_path / "alone") == 0
    capsys.readouterr()
    assert fit(folder, tmp_path / "resized", "--resized") == 0
    assert "resized copies                 40 rated images, to score like them" in capsys.readouterr().out
    card = json.loads((tmp_path / "resized" / "card.json").read_text())
    assert card["regressor"]["pairs"] == {"resized": 40, "ordered": 0}
    shifts = {}
    for name in ("alone", "resized"):
        model = contrique.load(tmp_path / name)
        shifts[name] = np.mean(
            [
                abs(float(model.score(texture(seed))) - float(model.score(texture(seed).resize((140, 120)))))
                for seed in range(200, 212)
            ]
        )
    assert shifts["resized"] < shifts["alone"]


def test_no_more_images_are_copied_than_a_fit_takes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contrique.evaluation.fitting.MOST", 15)
    words = ["--resized", "--and", f"{folder / 'scores.csv'}={folder / 'images'}", "--cache", str(tmp_path / "cache")]
    assert fit(folder, tmp_path / "mine", *words) == 0
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["regressor"]["pairs"]["resized"] == 15
    kept = len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()])
    assert 40 < kept <= 40 + 15  # an image drawn in both sets has one copy


def test_copies_are_those_that_a_draw_from_all_would_take(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def spied(encoder, ratings, features_ND, *, rows, **more):
        taken.extend(rows.tolist())
        return resized_pairs(encoder, ratings, features_ND, rows=rows, **more)

    monkeypatch.setattr("contrique.evaluation.fitting.resized_pairs", spied)
    monkeypatch.setattr("contrique.evaluation.fitting.MOST", 30)
    monkeypatch.setattr("contrique.evaluation.pairs.MOST", 30)
    ordered = Pairs(np.eye(36)[:20], np.zeros(20, bool), np.full(20, -1), np.arange(20) % 4)
    model = contrique.load(folder / "tiny")
    rated = read_ratings(folder / "scores.csv", images=folder / "images")
    fit_model(rated, model, name="mine", resized=True, pairs=ordered, seed=3)
    copies = Pairs(np.zeros((40, 36)), np.ones(40, bool), np.arange(40), np.full(40, -1))
    drawn = Pairs.joined([ordered, copies]).drawn(3)
    assert taken == drawn.rows_M[drawn.alike_M].tolist()


def test_a_photograph_that_cannot_be_read_is_named_and_left_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for seed in range(3):
        texture(300 + seed).save(photographs / f"{seed}.png")
    (photographs / "broken.png").write_bytes(b"no image")
    assert fit(folder, tmp_path / "mine", "--pristine", str(photographs)) == 1
    error = capsys.readouterr().err
    assert f"contrique: {photographs / 'broken.png'}: " in error
    assert "1 of 4 images could not be read" in error
    assert contrique.load(tmp_path / "mine").card["regressor"]["pairs"]["photographs"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--list", "x.csv"], "--list names photographs of --pristine DIR"),
        (["--pristine", "x", "--licence", "CC0"], "--licence chooses rows of --list CSV"),
    ],
)
def test_words_that_do_not_fit(folder: Path, tmp_path: Path, capsys, words: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as stop:
        fit(folder, tmp_path / "mine", *words)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_references_do_not_go_with_either(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "scores.csv").read_text().splitlines()
    csv = tmp_path / "full.csv"
    csv.write_text("\n".join([lines[0] + ",reference", *(f"{line},0.png" for line in lines[1:])]))
    words = ["fit", str(csv), "--images", str(folder / "images"), "--references", str(folder / "images")]
    words += ["--model", str(folder / "tiny"), "-o", str(tmp_path / "mine")]
    assert main([*words, "--resized"]) == 1
    assert "do not go with references" in capsys.readouterr().err
    assert main([*words, "--pristine", str(tmp_path / "nowhere")]) == 1  # before photographs are looked at
    assert "do not go with references" in capsys.readouterr().err


def test_ratings_that_cannot_be_fitted_are_refused_before_photographs_are_distorted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = tmp_path / "same.csv"
    csv.write_text("image,MOS\n" + "\n".join(f"{seed}.png,3" for seed in range(40)))
    words = ["fit", str(csv), "--images", str(folder / "images"), "--pristine", str(tmp_path / "nowhere")]
    assert main([*words, "--model", str(folder / "tiny"), "-o", str(tmp_path / "mine")]) == 1
    assert "have the same rating 3" in capsys.readouterr().err


def test_without_scipy_copies_are_refused_in_a_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert fit(folder, tmp_path / "mine", "--resized") == 1
    error = "contrique: error: fitting with pairs of images needs scipy: pip install 'contrique[evaluate]'\n"
    assert capsys.readouterr().err == error
