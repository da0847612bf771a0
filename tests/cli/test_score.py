"""``contrique score`` on real files: what is named, what comes out, and what happens when something is wrong."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.cli.main import main
from contrique.cli.output import COLUMNS
from contrique.model import QualityModel, Score

CONTRIQUE = str(Path(sys.executable).parent / "contrique")


@pytest.fixture(scope="module")
def model() -> QualityModel:
    return contrique.load()


@pytest.fixture(autouse=True)
def _load_once(model: QualityModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs inside this process share one shipped model."""
    load = QualityModel.load
    monkeypatch.setattr(QualityModel, "load", lambda folder=None, **more: load(folder, **more) if folder else model)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of three small images, one of them further down, and a text file."""
    folder = tmp_path / "photographs"
    (folder / "below").mkdir(parents=True)
    rng = np.random.default_rng(5)
    for name in ("a, b.jpg", "below/c.png", "d.webp"):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        coarse.resize((96, 72), Image.Resampling.BICUBIC).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def rows_of(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert all(tuple(row) == COLUMNS for row in rows)
    return rows


def names_of(text: str) -> list[str]:
    return [Path(row["path"]).name for row in rows_of(text)]


def test_a_folder_is_scored_recursively_with_the_models_scores(
    photographs: Path, model: QualityModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(photographs)]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert captured.err == ""
    assert [Path(row["path"]).name for row in rows] == ["a, b.jpg", "c.png", "d.webp"]
    for row in rows:
        expected = model.score(row["path"])
        assert float(row["score"]) == pytest.approx(expected.value, abs=0.01)
        assert float(row["low"]) == pytest.approx(expected.low, abs=0.01)
        assert float(row["high"]) == pytest.approx(expected.high, abs=0.01)
        assert (row["error"], row["model"]) == ("", model.name)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet", "txt"])
def test_the_ending_of_the_output_chooses_its_format(
    kind: str, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"scores.{kind}"
    assert main(["score", str(photographs / "below"), str(photographs / "notes.txt"), "-o", str(file)]) == 1
    assert capsys.readouterr().out == ""
    rows: list[dict]
    if kind == "csv":
        rows = [{k: v or None for k, v in row.items()} for row in rows_of(file.read_text(encoding="utf-8"))]
    elif kind == "json":
        rows = json.loads(file.read_text(encoding="utf-8"))
    elif kind == "jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    elif kind == "parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(file).to_pylist()
    else:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) == 3
        assert lines[0].split() == ["score", "interval", "image"]
        assert lines[1].endswith("c.png")
        assert 0 <= float(lines[1].split()[0]) <= 100
        return
    good, bad = rows
    assert tuple(good) == COLUMNS
    assert good["path"].endswith("c.png")
    assert float(good["low"]) <= float(good["score"]) <= float(good["high"])
    assert good["error"] is None
    assert bad["path"].endswith("notes.txt")
    assert (bad["score"], bad["low"], bad["high"]) == (None, None, None)
    assert bad["error"]


def test_bad_files_are_rows_and_the_others_are_scored(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photographs / "b-empty.jpg").write_bytes(b"")
    whole = (photographs / "a, b.jpg").read_bytes()
    (photographs / "b-truncated.jpg").write_bytes(whole[: len(whole) // 2])
    assert main(["score", str(photographs), str(photographs / "missing.jpg")]) == 1
    captured = capsys.readouterr()
    rows = {Path(row["path"]).name: row for row in rows_of(captured.out)}
    bad = {name for name, row in rows.items() if row["error"]}
    assert bad == {"b-empty.jpg", "b-truncated.jpg", "missing.jpg"}
    assert all(rows[name]["score"] == "" for name in bad)
    assert all(row["score"] for name, row in rows.items() if name not in bad)
    assert captured.err == "contrique: 3 of 6 images could not be scored\n"


def test_a_quoted_glob_names_what_it_matches(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", f"{photographs}/**/*.[pw]*"]) == 0
    assert sorted(names_of(capsys.readouterr().out)) == ["c.png", "d.webp"]


@pytest.mark.parametrize(("end", "words"), [("\n", ["-"]), ("\r\n", ["-"]), ("\0", ["-", "--null"])])
def test_a_list_comes_from_standard_input(
    end: str, words: list[str], photographs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [photographs / "d.webp", photographs / "a, b.jpg", photographs / "below"]
    listed = "".join(f"{name}{end}" for name in names)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed.encode())))
    assert main(["score", *words]) == 0
    assert names_of(capsys.readouterr().out) == ["d.webp", "a, b.jpg", "c.png"]


def test_a_name_that_is_not_utf8_is_scored_and_written(photographs: Path, tmp_path: Path) -> None:
    odd = os.fsencode(photographs) + b'/below/\xff,"\r.png'
    try:
        os.rename(photographs / "below" / "c.png", odd)
    except OSError:
        pytest.skip("this file system takes no such names")
    assert main(["score", str(photographs / "below"), "-o", str(tmp_path / "scores.csv")]) == 0
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["path"] == f'{photographs}/below/\\xff,"\r.png'
    assert row["score"]


def test_an_empty_folder_beside_images_is_a_warning(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photographs / "empty").mkdir()
    assert main(["score", str(photographs / "empty"), str(photographs / "d.webp")]) == 1
    captured = capsys.readouterr()
    assert names_of(captured.out) == ["d.webp"]
    assert captured.err == f"contrique: warning: no images in {photographs / 'empty'}\n"


def test_nothing_to_score_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "contrique: error: nothing to score" in captured.err


def test_max_pixels_refuses_larger_images(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = str(photographs / "d.webp")
    assert main(["score", one, "--max-pixels", str(96 * 72)]) == 0
    capsys.readouterr()
    assert main(["score", one, "--max-pixels", str(96 * 72 - 1)]) == 1
    (row,) = rows_of(capsys.readouterr().out)
    assert "pixel" in row["error"]


@pytest.mark.parametrize(
    "words", [["-o", "scores.xlsx"], ["--format", "xml"], ["--max-pixels", "0"], ["--max-pixels", "many"]]
)
def test_wrong_words_are_usage_errors(words: list[str], photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["score", str(photographs), *words])
    assert stop.value.code == 2
    assert "contrique score: error:" in capsys.readouterr().err


@pytest.fixture
def never_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **more: object) -> Iterator[Score]:
        pytest.fail("scoring started")
        yield

    monkeypatch.setattr("contrique.scoring.score_stream", fail)


@pytest.mark.usefixtures("never_scored")
@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet", "txt"])
def test_an_output_that_cannot_be_written_is_noticed_before_scoring(
    kind: str, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "absent" / f"scores.{kind}"
    assert main(["score", str(photographs), "-o", str(file)]) == 1
    assert "absent" in capsys.readouterr().err


@pytest.mark.usefixtures("never_scored")
def test_parquet_without_pyarrow_is_noticed_before_scoring(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert main(["score", str(photographs), "-o", str(tmp_path / "scores.parquet")]) == 1
    assert "pip install 'contrique[parquet]'" in capsys.readouterr().err
    assert not (tmp_path / "scores.parquet").exists()


def test_a_model_that_cannot_be_loaded_leaves_the_old_output(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scores.csv").write_text("precious")
    words = ["score", str(photographs), "-m", str(tmp_path / "no-model"), "-o", str(tmp_path / "scores.csv")]
    assert main(words) == 1
    assert "no-model" in capsys.readouterr().err
    assert (tmp_path / "scores.csv").read_text() == "precious"


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet"])
def test_an_interrupted_run_keeps_what_it_computed(
    kind: str, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(model: object, paths: list[str]) -> Iterator[Score]:
        yield Score(paths[0], 50.0, 40.0, 60.0)
        raise KeyboardInterrupt

    monkeypatch.setattr("contrique.scoring.score_stream", interrupted)
    file = tmp_path / f"scores.{kind}"
    assert main(["score", str(photographs), "-o", str(file)]) == 130
    assert capsys.readouterr().err == "contrique: error: interrupted\n"
    if kind == "parquet":
        paths = pytest.importorskip("pyarrow.parquet").read_table(file)["path"].to_pylist()
    else:
        paths = [str(photographs / "a, b.jpg")] * file.read_text(encoding="utf-8").count("a, b.jpg")
    assert paths == [str(photographs / "a, b.jpg")]


def test_ctrl_c_stops_a_real_run_and_its_rows_stay(photographs: Path, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    many = "\n".join([str(photographs / "d.webp")] * 100_000)
    # A shell's background jobs are born deaf to Ctrl-C, and so is what they start: the command gets its ears back.
    hearing = (
        "import signal, sys, os; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", hearing, CONTRIQUE, "score", "-", "-o", str(file)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    run.stdin.write(many)
    run.stdin.close()
    run.stdin = None
    deadline = time.monotonic() + 120
    while not (file.exists() and file.stat().st_size > 500) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=240)
    assert run.returncode == 130
    assert errors == "contrique: error: interrupted\n"
    assert len(rows_of(file.read_text(encoding="utf-8"))) >= 1


def test_a_terminal_gets_a_table_and_nothing_else(photographs: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.Popen([CONTRIQUE, "score", str(photographs)], stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    _, errors = run.communicate(timeout=240)
    assert (run.returncode, errors) == (0, b"")
    header, *lines = shown.decode().splitlines()
    assert header.split() == ["score", "interval", "image"]
    assert [line[header.index("image") :] for line in lines] == [
        str(photographs / name) for name in ("a, b.jpg", "below/c.png", "d.webp")
    ]


def test_long_work_shows_progress_on_a_terminal_only(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("contrique.cli.score.PROGRESS_AFTER_SECONDS", 0)
    words = ["score", str(photographs), "-o", str(tmp_path / "scores.csv")]
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(words) == 0
    assert "3/3" in capsys.readouterr().err


def test_closed_streams_do_not_stop_a_run(photographs: Path, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    command = f'"{CONTRIQUE}" score "{photographs}" -o "{file}" <&- >&- 2>&-'
    assert subprocess.run(["bash", "-c", command], timeout=240).returncode == 0
    rows = rows_of(file.read_text())
    assert len(rows) == 3
    assert all(row["score"] for row in rows)


def test_head_may_leave_early(photographs: Path) -> None:
    listed = "\n".join([str(photographs / "d.webp")] * 2000)
    command = f"'{CONTRIQUE}' score - | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], input=listed, capture_output=True, text=True, timeout=240)
    assert result.stderr == ""
    assert result.stdout == "path,score,low,high,error,model\n141\n"


def test_a_full_reference_model_is_refused_in_words(
    model: QualityModel, photographs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QualityModel, "full_reference", property(lambda self: True))
    assert main(["score", str(photographs)]) == 1
    assert "reference" in capsys.readouterr().err


def test_an_encoder_without_regressor_is_refused_before_the_output_is_touched(
    model: QualityModel,
    photographs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = {key: part for key, part in model.card.items() if key != "regressor"}
    bare = QualityModel(model.folder, card, model._engine)
    monkeypatch.setattr(QualityModel, "load", lambda folder=None, **more: bare)
    file = tmp_path / "scores.csv"
    assert main(["score", str(photographs), "-o", str(file)]) == 1
    assert "contrique fit" in capsys.readouterr().err
    assert not file.exists()
