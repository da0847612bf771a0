"""``contrique evaluate`` on real files: the table, the JSON, several models, and what happens to bad images."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from contrique.cli.main import main
from contrique.model import QualityModel

CONTRIQUE = str(Path(sys.executable).parent / "contrique")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten textures, each blurred at three levels, with DMOS: more blur, more DMOS."""
    folder = tmp_path_factory.mktemp("rated")
    (folder / "images").mkdir()
    (folder / "references").mkdir()
    rng = np.random.default_rng(0)
    lines = ["name,dmos,reference"]
    for group in range(10):
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
        sharp = coarse.resize((96, 72), Image.Resampling.NEAREST)
        sharp.save(folder / "references" / f"texture{group}.png")
        for level in range(3):
            sharp.filter(ImageFilter.GaussianBlur(1.5 * level)).save(folder / "images" / f"{group}_{level}.png")
            lines.append(f"{group}_{level}.png,{30 * level + group},texture{group}")
    (folder / "dmos.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file's tests, and never the user's."""
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path_factory.getbasetemp() / "evaluate-cache"))


def evaluate(rated: Path, *more: str, csv: str = "dmos.csv") -> int:
    return main(["evaluate", str(rated / csv), "--images", str(rated / "images"), *more])


def test_table_and_json(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(rated, "--json", str(tmp_path / "r.json")) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "30 images in 10 groups by reference, lower is better, 10 splits" in captured.out
    result = json.loads((tmp_path / "r.json").read_text())
    assert (result["ratings"], result["splits"]) == (f"{rated.name}/dmos.csv", 10)
    (row,) = result["methods"]
    assert row["method"] == "contrique"
    for measure in ("srocc", "plcc", "plcc_logistic", "krocc", "rmse"):
        assert set(row[measure]) == {"median", "low", "high", "splits"}
        assert len(row[measure]["splits"]) == 10
    assert row["srocc"]["median"] > 0.8
    assert f"{row['srocc']['median']:.3f}" in captured.out


def test_splits_and_seed(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = []
    for seed in ("1", "1", "2"):
        assert evaluate(rated, "--json", "-", "--splits", "2", "--seed", seed) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0] == results[1]
    assert results[0]["methods"][0]["plcc"]["splits"] != results[2]["methods"][0]["plcc"]["splits"]
    assert results[2]["splits"] == 2


def test_the_second_run_computes_no_features(
    rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--json", "-", "--splits", "2", "--cache", str(tmp_path / "c"))
    assert evaluate(rated, *words) == 0
    first = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(QualityModel, "features_of", lambda *_: pytest.fail("computed again"))
    assert evaluate(rated, *words) == 0
    assert json.loads(capsys.readouterr().out) == first


def test_several_models_and_their_own_scores(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = str(rated / "images")
    assert main(["fit", str(rated / "dmos.csv"), "--images", images, "-o", str(tmp_path / "mine")]) == 0
    capsys.readouterr()
    model = str(tmp_path / "mine")
    assert evaluate(rated, "-m", model, "-m", model, "--as-fitted", "--json", "-", "--splits", "2") == 0
    captured = capsys.readouterr()
    assert "mine was fitted to" in captured.err
    rows = json.loads(captured.out)["methods"]
    assert [row["method"] for row in rows] == ["mine", "mine, as fitted", "mine (2)", "mine (2), as fitted"]
    assert rows[0]["srocc"] == rows[2]["srocc"]
    assert rows[1]["srocc"]["median"] > 0.9


def test_direction_does_not_change_agreement(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for word in ("--lower-is-better", "--higher-is-better"):
        assert evaluate(rated, word, "--json", "-", "--splits", "2") == 0
        rows.append(json.loads(capsys.readouterr().out)["methods"][0]["srocc"])
    assert rows[0] == rows[1]


def test_full_reference(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(rated, "--references", str(rated / "references"), "--json", "-", "--splits", "3") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["full_reference"]
    assert result["methods"][0]["srocc"]["median"] > 0.8


def test_what_is_missing_or_broken_is_named(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rated / "images" / "broken.png").write_bytes(b"no image")
    text = (rated / "dmos.csv").read_text()
    (rated / "more.csv").write_text(f"{text}\nbroken.png,3,texture0\nmissing.png,3,texture0\n")
    assert evaluate(rated, "--splits", "1", csv="more.csv") == 1
    captured = capsys.readouterr()
    assert "30 images in 10 groups" in captured.out
    assert "1 of 32 are not in the folder: missing.png" in captured.err
    assert "broken.png: " in captured.err


def test_several_methods_in_every_form(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {kind: tmp_path / f"r.{kind}" for kind in ("json", "csv", "latex", "html")}
    words = [word for kind, file in files.items() for word in (f"--{kind}", str(file))]
    assert evaluate(rated, "--methods", "brisque, contrique", "--splits", "2", *words) == 0
    out = capsys.readouterr().out
    assert out.index("\nbrisque") < out.index("\ncontrique")
    result = json.loads(files["json"].read_text())
    assert [row["method"] for row in result["methods"]] == ["brisque", "contrique"]
    assert "brisque" in files["csv"].read_text()
    assert "\\begin{tabular}" in files["latex"].read_text()
    page = files["html"].read_text()
    assert "<svg" in page
    assert page.count('src="data:image/jpeg') > 12  # of the images of largest error
    assert main(["report", str(files["json"]), "--html", str(files["html"])]) == 0
    assert "src=" not in files["html"].read_text()  # a JSON does not know where images lie


def test_fitted_here_and_tested_there(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = rated / "images", f"{rated / 'dmos.csv'}={rated / 'images'}"
    assert main(["evaluate", str(rated / "dmos.csv"), "--images", str(here), "--test-on", there, "--splits", "2"]) == 0
    assert "fitted to" in capsys.readouterr().out
    assert evaluate(rated, "--test-on", there, "--splits", "2", "--json", "-") == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["split"], result["images"]) == ("cross-set", 30)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--methods", "psnr"], "unknown method 'psnr'"),
        (["--methods", ""], "one or more methods"),
        (["--methods", "resnet50"], "--resnet50"),
        (["--hyperiqa", "epochs=many"], "expected epochs=N, patches=N"),
        (["--hyperiqa", "depth=3"], "got 'depth=3'"),
        (["--html", "/nowhere/r.html"], "there is no folder /nowhere"),
        (["--json", "/"], "/: a folder, not a file to write"),
        (["--split", "official"], "has no official split"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    words: list[str], reason: str, rated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(rated, *words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line


def test_too_few_groups_is_one_line(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (rated / "dmos.csv").read_text().splitlines()[:7]
    (rated / "few.csv").write_text("\n".join(lines))
    assert evaluate(rated, csv="few.csv") == 1
    assert capsys.readouterr().err.startswith("contrique: error: a split into 3 parts needs as many groups, got 2")


@pytest.mark.parametrize(
    "words", [["--splits", "0"], ["--seed", "-1"], ["--cache", "x", "--no-cache"], ["--methods", "niqe", "--as-fitted"]]
)
def test_wrong_words_are_usage_errors(words: list[str], rated: Path) -> None:
    with pytest.raises(SystemExit) as status:
        evaluate(rated, *words)
    assert status.value.code == 2


def test_without_scipy_it_says_which_extra(
    rated: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert evaluate(rated) == 1
    assert "contrique evaluate needs scipy: pip install 'contrique[evaluate]'" in capsys.readouterr().err


def test_through_the_installed_command(rated: Path, tmp_path: Path) -> None:
    words = ["evaluate", "dmos.csv", "--images", "images", "--splits", "2", "--cache", str(tmp_path)]
    done = subprocess.run([CONTRIQUE, *words], cwd=rated, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "contrique" in done.stdout
