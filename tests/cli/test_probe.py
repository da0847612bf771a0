"""``contrique probe`` on real files, and what ``contrique score`` and ``contrique info`` then tell."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.cli.main import main
from contrique.cli.output import COLUMNS, DISTORTION_COLUMNS

pytest.importorskip("cv2")
pytest.importorskip("scipy")
pytest.importorskip("onnx")
COUNT = 12


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures, and a list of them that says whose they are."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "images").mkdir()
    lines = ["name,source,licence"]
    for seed in range(COUNT):
        coarse = np.random.default_rng(seed).integers(40, 216, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((72, 64), Image.Resampling.BICUBIC).save(folder / "images" / f"{seed}.png")
        lines.append(f"{seed}.png,{'mine' if seed else 'theirs'},{'CC0' if seed else 'unknown'}")
    (folder / "list.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file's tests, and never the user's."""
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path_factory.getbasetemp() / "probe-cache"))


@pytest.fixture(scope="module")
def probed(photographs: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a probe, made as a user makes it."""
    folder = tmp_path_factory.mktemp("out") / "probed"
    command = [str(Path(sys.executable).parent / "contrique"), "probe", str(tiny), "-o", str(folder)]
    command += ["--images", str(photographs / "images"), "--about", "drawn for a test"]
    variables = {**os.environ, "CONTRIQUE_CACHE": str(tmp_path_factory.getbasetemp() / "probe-cache")}
    run = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"tiny: a probe of 26 kinds from {29 * COUNT} views of {COUNT} photographs\n")
    assert run.stdout.endswith(f"  written to {folder}\n")
    for words in ("kind right ", "level right within 1", "chance", "taken for", "none"):
        assert words in run.stdout
    return folder


def probe(photographs: Path, tiny: Path, output: Path, *more: str) -> int:
    return main(["probe", str(tiny), "--images", str(photographs / "images"), "-o", str(output), *more])


def test_the_model_tells_distortions_and_scores_as_before(probed: Path, tiny: Path, photographs: Path) -> None:
    model, image = contrique.load(probed), photographs / "images" / "3.png"
    assert len(model.score(image).distortions) == 26
    assert model.score(image).value == contrique.load(tiny).score(image).value
    assert contrique.load(tiny).score(image).distortions == ()
    about = model.card["probe"]
    assert (about["images"], about["source"], about["about"]) == (COUNT, "images", "drawn for a test")


def test_info_tells_how_good_the_probe_is(probed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(probed)]) == 0
    out = capsys.readouterr().out
    held = contrique.load(probed).card["probe"]["held_out"]
    assert f"the most likely one is right for {held['kind']:.0%} of views" in out
    assert "held_out by_kind gaussian_blur" in out


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet", "txt"])
def test_score_adds_columns(kind: str, probed: Path, photographs: Path, tmp_path: Path) -> None:
    good, bad, file = photographs / "images" / "3.png", photographs / "list.csv", tmp_path / f"scores.{kind}"
    words = ["score", str(good), str(bad), "--model", str(probed), "--distortions", "-o", str(file)]
    assert main(words) == 1
    found = contrique.load(probed).score(good).distortions
    if kind == "txt":
        head, first, second = file.read_text().splitlines()
        assert head.split() == ["score", "interval", "distortion", "image"]
        assert f"{found[0].name} {found[0].probability:.0%}" in first
        assert first.index(str(good)) == head.index("image") == second.index(str(bad))
        return
    if kind == "csv":
        rows = list(csv.DictReader(file.open(newline="")))
    elif kind == "parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(file).to_pylist()
    else:
        text = file.read_text()
        rows = json.loads(text) if kind == "json" else [json.loads(line) for line in text.splitlines()]
    whole = ("distortions",) if kind in ("json", "jsonl") else ()
    assert all(tuple(row) == (*COLUMNS, *DISTORTION_COLUMNS, *whole) for row in rows)
    assert rows[0]["distortion"] == found[0].name
    assert float(rows[0]["distortion_level"]) == pytest.approx(found[0].level, abs=1e-3)
    assert float(rows[0]["distortion_probability"]) == pytest.approx(found[0].probability, abs=1e-3)
    assert not any(rows[1][column] for column in (*DISTORTION_COLUMNS, *whole))
    for column in whole:
        assert [one["name"] for one in rows[0][column]] == [one.name for one in found]
        assert sum(one["probability"] for one in rows[0][column]) == pytest.approx(1, abs=1e-4)


def test_without_a_probe_score_says_what_makes_one(
    tiny: Path, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scores.csv"
    words = ["score", str(photographs / "images"), "--distortions", "-o", str(file)]
    assert main([*words, "--model", str(tiny)]) == 1
    message = "contrique: error: tiny tells no distortions: it has no probe, which contrique probe makes\n"
    assert capsys.readouterr().err == message
    assert not file.exists()
    with pytest.raises(SystemExit):
        main([*words, "--method", "niqe"])
    assert "--distortions is for contrique" in capsys.readouterr().err


def test_a_list_chooses_photographs_and_the_card_keeps_licences(
    photographs: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # not needed
    words = ["--list", str(photographs / "list.csv"), "--licence", "CC0", "--name", "mine"]
    assert probe(photographs, tiny, tmp_path / "out", *words) == 0
    model = contrique.load(tmp_path / "out")
    assert model.name == "mine"
    assert model.card["probe"]["images"] == COUNT - 1
    assert model.card["probe"]["licences"] == {"CC0": COUNT - 1}
    assert model.card["probe"]["source"] == "images/list.csv"


def test_a_bad_photograph_is_named_and_the_model_written(
    photographs: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = photographs / "images" / "bad.png"
    bad.write_bytes(b"no picture")
    try:
        assert probe(photographs, tiny, tmp_path / "out") == 1
    finally:
        bad.unlink()
    err = capsys.readouterr().err
    assert f"contrique: {bad}: " in err
    assert f"1 of {COUNT + 1} images could not be read and were left out" in err
    assert contrique.load(tmp_path / "out").card["probe"]["images"] == COUNT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--licence", "CC0"], "--licence chooses rows of --list"),
        (["--most", "9"], "--most is at least 10"),
        (["--seed", "-1"], "--seed is at least 0"),
        (["--levels", "6"], "--levels"),
        (["--cache", "x", "--no-cache"], "exclude each other"),
    ],
)
def test_words_that_make_no_sense(
    words: list[str], said: str, photographs: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        probe(photographs, tiny, tmp_path / "out", *words)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_done_is_one_line(
    photographs: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")
    (tmp_path / "empty").mkdir()
    images = str(photographs / "images")
    for words, said in [
        ([str(tiny), "--images", images, "-o", str(tmp_path / "thesis")], "not a model folder"),
        ([str(tmp_path / "none"), "--images", images, "-o", str(tmp_path / "out")], "no such model folder"),
        ([str(tiny), "--images", str(tmp_path / "empty"), "-o", str(tmp_path / "out")], "no images in this folder"),
        ([str(tiny), "--images", images, "--list", str(tmp_path / "x.csv"), "-o", str(tmp_path / "out")], "x.csv"),
    ]:
        assert main(["probe", *words]) == 1
        err = capsys.readouterr().err
        assert err.startswith("contrique: error: ")
        assert said in err
        assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
