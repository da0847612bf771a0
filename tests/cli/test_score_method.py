"""``contrique score --method``: published methods in every format, with their own number beside the score."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.cli.main import main
from contrique.cli.output import COLUMNS, METHOD_COLUMNS

METHODS = ("brisque", "niqe")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two noisy images, one broken, one black: the last has no answer by either method."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for name in ("a.png", "b.jpg"):
        Image.fromarray(rng.integers(0, 256, (100, 200, 3), np.uint8)).save(folder / name)
    Image.new("RGB", (100, 100)).save(folder / "black.png")
    (folder / "broken.png").write_bytes(b"hello")
    return folder


def rows(kind: str, text: str, file: Path) -> list[dict[str, object]]:
    if kind == "csv":
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO(text))]
    if kind == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if kind == "json":
        return json.loads(text)
    return pytest.importorskip("pyarrow.parquet").read_table(file).to_pylist()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet"])
def test_every_format_has_the_number_beside_the_score(
    method: str, kind: str, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"rows.{kind}"
    assert main(["score", str(photographs), "--method", method, "-o", str(file)]) == 1
    got = rows(kind, file.read_text() if kind != "parquet" else "", file)
    assert "2 of 4 images could not be scored" in capsys.readouterr().err
    assert all(tuple(row) == METHOD_COLUMNS for row in got)
    good, black, broken = got[:2], got[2], got[3]
    loaded = contrique.load(method=method)
    for row in good:
        score = loaded.score(row["path"])
        assert float(row["score"]) == pytest.approx(score.value, abs=1e-5)
        assert float(row["raw"]) == pytest.approx(score.raw, abs=1e-5)
        assert (row["low"] is None) == np.isnan(score.low)
        assert (row["error"], row["model"]) == (None, loaded.name)
    assert "no contrast" in black["error"]
    assert "not an image" in broken["error"]
    for row in (black, broken):
        assert row["score"] is row["raw"] is row["low"] is None


@pytest.mark.parametrize("method", METHODS)
def test_the_table_is_for_people(method: str, photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(photographs / "a.png"), "--method", method, "--format", "table"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["score", "interval", "image"]
    assert line.index("/") == head.index("image")
    assert 0 <= float(line.split()[0]) < 100  # noise is so far from photographs that two decimals do not show it


def test_contrique_keeps_its_six_columns(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(photographs / "a.png"), "--method", "contrique", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert tuple(row) == COLUMNS


def test_official_parameters(shared_reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, folder = shared_reference / "images" / "tid_I04.png", shared_reference / "models"
    for method, published in (("brisque", -0.107618), ("niqe", 3.65492152353770)):
        words = ["score", str(image), "--method", method, "--parameters", str(folder), "--format", "json"]
        assert main(words) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert row["raw"] == pytest.approx(published, rel=1e-4)
        assert row["model"] == f"{method}-official"


def test_damaged_parameters_are_one_line(tmp_path: Path, photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "niqe_modelparameters.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    for method, says in (("niqe", "damaged"), ("brisque", "brisque_allrange.txt: missing")):
        assert main(["score", str(photographs), "--method", method, "--parameters", str(tmp_path)]) == 1
        error = capsys.readouterr().err.strip()
        assert error.startswith("contrique: error:")
        assert says in error
        assert "\n" not in error


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--method", "psnr"], "invalid choice: 'psnr'"),
        (["--parameters", "."], "--parameters is for --method"),
        (["--method", "niqe", "--model", "."], "--model is for contrique"),
    ],
)
def test_wrong_words_are_told(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["score", "x.jpg", *words])
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err
