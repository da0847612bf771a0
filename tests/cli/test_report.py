"""``contrique report`` on real files: tables, forms, results that go together, and files that are no results."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from example_result import example_result

from contrique.cli.main import main
from contrique.evaluation.report import write_json

CONTRIQUE = str(Path(sys.executable).parent / "contrique")


@pytest.fixture
def results(tmp_path: Path) -> tuple[str, str, str]:
    """Two runs on the same splits and one on another set."""
    runs = [example_result(), example_result({"mine": 2.0}), example_result(dataset="live", seed=1)]
    files = tuple(str(tmp_path / f"{number}.json") for number in range(3))
    for run, file in zip(runs, files, strict=True):
        write_json(run, file)
    return files


def test_one_result_is_the_table_of_evaluate(results: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", results[0]]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("set/scores.csv: 60 images in 30 groups by scene")
    assert captured.err == ""


def test_results_on_the_same_splits_are_compared(results: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *results[:2]]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[3:7]] == ["brisque", "niqe", "contrique", "mine"]


def test_sets_side_by_side_in_all_forms(results: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {form: str(tmp_path / f"r.{form}") for form in ("csv", "latex", "html")}
    assert main(["report", *results, *(word for form, file in files.items() for word in (f"--{form}", file))]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["method", "set/scores.csv", "live"]
    with open(files["csv"], encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == (4 + 3) * 5
    assert Path(files["html"]).read_text().count('<svg class="scatter"') == 4 + 3
    assert "\\multicolumn{2}{c}{live}" in Path(files["latex"]).read_text()


def test_one_form_to_standard_output(results: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", results[0], "--csv", "-"]) == 0
    out = capsys.readouterr().out
    assert len(list(csv.reader(io.StringIO(out)))) == 1 + 15
    with pytest.raises(SystemExit) as caught:
        main(["report", results[0], "--csv", "-", "--html", "-"])
    assert caught.value.code == 2


def test_what_is_wrong_is_one_line(results: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{")
    for words, reason in (
        ([str(tmp_path / "x.json")], "x.json: not JSON"),
        ([str(tmp_path / "y.json")], "y.json: No such file"),
        ([results[0], "--html", str(tmp_path / "no" / "r.html")], "there is no folder"),
    ):
        assert main(["report", *words]) == 1
        err = capsys.readouterr().err
        assert reason in err
        assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_from_evaluate_to_report(tmp_path: Path) -> None:
    """What evaluate writes is what report reads; in processes of their own."""
    import numpy as np
    from PIL import Image

    rng, lines = np.random.default_rng(0), ["name,mos"]
    for number in range(12):
        noise = rng.normal(0, 1 + 5 * number, (96, 96, 3))
        Image.fromarray(np.clip(128 + noise, 0, 255).astype(np.uint8)).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{number}")
    (tmp_path / "mos.csv").write_text("\n".join(lines))
    words = ["mos.csv", "--images", ".", "--methods", "brisque", "--no-cache", "--splits", "3", "--json", "r.json"]
    table = subprocess.run([CONTRIQUE, "evaluate", *words], cwd=tmp_path, capture_output=True, text=True, check=True)
    again = subprocess.run([CONTRIQUE, "report", "r.json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert again.stdout == table.stdout
