"""The words that say which ratings are meant: a CSV and its images, or a published set and its folder."""

import argparse
import json
from pathlib import Path

import pytest
from rated_sets import kadid10k, koniq10k, paint, touch

from contrique.cli.main import main
from contrique.cli.ratings import add_ratings_arguments, add_test_argument, other_ratings_of, ratings_of
from contrique.errors import ContriqueError


def parse(*words: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_ratings_arguments(parser)
    add_test_argument(parser)
    parser.set_defaults(parser=parser)
    return parser.parse_args([str(word) for word in words])


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    touch(tmp_path / "images", ["a.jpg", "b.jpg"])
    (tmp_path / "s.csv").write_text("name,dmos,ref\na.jpg,1,b\nb.jpg,2,b\n")
    return tmp_path / "s.csv"


def test_a_csv_or_a_set(csv: Path, tmp_path: Path) -> None:
    koniq10k(tmp_path / "koniq")
    assert ratings_of(parse(csv, "--images", tmp_path / "images")).dataset is None
    assert ratings_of(parse("--dataset", "KonIQ-10k", "--root", tmp_path / "koniq")).dataset == "koniq10k"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected RATINGS.csv and --images DIR, or --dataset NAME and --root DIR"),
        (["s.csv"], "expected RATINGS.csv and --images DIR"),
        (["--images", "x"], "expected RATINGS.csv and --images DIR"),
        (["--dataset", "koniq10k"], "--dataset NAME and --root DIR go together"),
        (["--root", "x"], "--dataset NAME and --root DIR go together"),
        (["s.csv", "--dataset", "koniq10k", "--root", "x"], "RATINGS.csv does not go with --dataset"),
        (["--images", "x", "--dataset", "koniq10k", "--root", "x"], "--images does not go with --dataset"),
        (["--score-column", "x", "--dataset", "koniq10k", "--root", "x"], "--score-column does not go with"),
        (["--higher-is-better", "--dataset", "koniq10k", "--root", "x"], "direction"),
        (["--references", "x", "--dataset", "koniq10k", "--root", "x"], "--references does not go with"),
    ],
)
@pytest.mark.parametrize("command", [["evaluate"], ["fit", "-o", "model"]])
def test_words_that_do_not_go_together(
    command: list[str], words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as status:
        main([*command, *words])
    assert status.value.code == 2
    assert said in capsys.readouterr().err


def test_full_reference_of_a_set_that_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    koniq10k(tmp_path)
    assert main(["evaluate", "--dataset", "koniq10k", "--root", str(tmp_path), "--full-reference"]) == 1
    assert "KonIQ-10k has no references" in capsys.readouterr().err


def test_sets_to_test_on(csv: Path, tmp_path: Path) -> None:
    koniq10k(tmp_path / "k=1")
    train = (csv, "--images", tmp_path / "images")
    assert other_ratings_of(parse(*train)) == []
    words = ("--test-on", f"koniq10k={tmp_path / 'k=1'}", "--test-on", f"{csv}={tmp_path / 'images'}")
    first, second = other_ratings_of(parse(*train, *words))
    assert (first.dataset, len(first)) == ("koniq10k", 10)
    assert (second.dataset, len(second), second.lower_is_better, second.references) == (None, 2, True, None)
    (only,) = other_ratings_of(parse(*train, "--full-reference", *words[2:]))
    assert only.references == (tmp_path / "images" / "b.jpg",) * 2


def test_wrong_words_for_sets_to_test_on(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ContriqueError, match="koniq is no CSV, and no set among koniq10k"):
        other_ratings_of(parse(csv, "--test-on", "koniq=x"))
    with pytest.raises(SystemExit):
        other_ratings_of(parse(csv, "--test-on", "koniq10k"))
    assert "--test-on takes WHAT=DIR" in capsys.readouterr().err


def test_a_set_through_the_whole_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path / "cache"))
    kadid10k(tmp_path / "kadid10k", paint)
    words = ["evaluate", "--dataset", "kadid10k", "--root", str(tmp_path), "--json", "-", "--splits", "2"]
    assert main([*words, "--full-reference"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["dataset"], result["images"], result["groups"]) == ("kadid10k", 30, 5)
    assert (result["full_reference"], result["lower_is_better"], result["grouped_by"]) == (True, False, "reference")
    (tmp_path / "kadid10k" / "images" / "I01_01_01.png").unlink()
    assert main(words) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["images"] == 29
    assert "1 of 30 are not in the folder" in captured.err
