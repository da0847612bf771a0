"""``contrique codebook``: pictures in, a folder that the table takes out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrique.baselines import load_baseline
from contrique.cli.main import main
from contrique.evaluation.cache import cached_features


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize(("method", "dim"), [("cornia", 2 * 30), ("hosa", 3 * 49 * 30)])
def test_a_codebook_gives_features_and_no_scores(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str, dim: int
) -> None:
    folder = tmp_path / "mine"
    assert main(["codebook", str(pictures), "-o", str(folder), "--method", method, "--words", "30"]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    baseline = load_baseline(method, folder)
    assert baseline.name == f"{method}-mine"
    training = baseline.card["training"]
    assert (training["pictures"], training["words"], training["seed"]) == (3, 30, 0)
    assert training["patches"] == 3 * 44 * 54
    features_ND, errors = cached_features(baseline, sorted(pictures.iterdir()))
    assert (features_ND.shape, errors) == ((3, dim), {})
    assert main(["score", str(pictures), "--method", method, "--parameters", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{method}-mine has features for contrique evaluate, but no regressor" in said.err
    assert said.err.count("\n") == 1


def test_the_seed_decides(pictures: Path, tmp_path: Path) -> None:
    words = ["codebook", str(pictures), "--method", "hosa", "--words", "10"]
    for name, seed in (("one", "0"), ("same", "0"), ("other", "1")):
        assert main([*words, "-o", str(tmp_path / name), "--seed", seed]) == 0
    one, same, other = ((tmp_path / name / "parameters.safetensors").read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


def test_what_cannot_be_used_is_named_and_the_rest_learned_from(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.new("RGB", (6, 90)).save(pictures / "tiny.png")
    folder = tmp_path / "mine"
    assert main(["codebook", str(pictures), "-o", str(folder), "--method", "hosa", "--words", "9"]) == 1
    said = capsys.readouterr()
    assert said.out == f"{folder}\n"
    assert "broken.png" in said.err
    assert "tiny.png: has less than 7 pixels a side" in said.err
    assert load_baseline("hosa", folder).card["training"]["pictures"] == 3


def test_a_folder_with_something_in_it_is_left_alone(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "card.json").write_text("precious")
    assert main(["codebook", str(pictures), "-o", str(tmp_path / "letters"), "--method", "hosa"]) == 1
    assert "is there already, and not empty" in capsys.readouterr().err
    assert (tmp_path / "letters" / "card.json").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--method", "hosa", "--words", "4"], "--words is at least 5 for hosa, not 4"),
        (["--method", "cornia", "--words", "0"], "--words is at least 1 for cornia, not 0"),
        (["--method", "hosa", "--words", "100001"], "--words is at most 100000, not 100001"),
        (["--method", "hosa", "--seed", "-1"], "--seed is at least 0, not -1"),
        (["--method", "niqe"], "invalid choice: 'niqe'"),
    ],
)
def test_wrong_words_are_usage_errors(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["codebook", str(pictures), "-o", str(tmp_path / "x"), *words])
    assert says in capsys.readouterr().err


def test_too_few_patches_and_nothing_at_all_are_errors(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["codebook", "-o", str(tmp_path / "x"), "--method", "cornia"]
    assert main([*words, str(pictures)]) == 1
    assert "10000 words need as many different patches, got 7128" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main([*words, str(tmp_path / "empty")]) == 1
    assert "none of the paths names an image" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
