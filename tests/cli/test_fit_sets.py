"""``contrique fit --and``: ratings on different scales fit one model, and the card says of each set what it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_model import write_tiny_model

import contrique
from contrique.cli.main import main


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Greys with noise, rated by how bright: MOS from 0 to 1 of dark ones, DMOS in hundreds of bright ones; a model."""
    folder = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    for name, low, high, line in (("dark", 20, 160, "name,mos,scene"), ("bright", 100, 240, "image;DMOS;reference")):
        (folder / name).mkdir()
        rows = [line]
        for index in range(24):
            level = low + (high - low) * rng.random()
            noisy_HWC = level + 10 * rng.standard_normal((64, 64, 3))
            Image.fromarray(noisy_HWC.clip(0, 255).astype(np.uint8)).save(folder / name / f"{index}.png")
            score = (level + 2 * rng.standard_normal()) / 255
            cells = f"{index}.png", f"{score if name == 'dark' else 500 - 300 * score:.4f}", f"{index // 3}"
            rows.append((";" if name == "bright" else ",").join(cells))
        (folder / f"{name}.csv").write_text("\n".join(rows))
    write_tiny_model(folder / "tiny", regressor=False)
    return folder


def fit(sets: Path, output: Path, *more: str) -> int:
    words = ["fit", str(sets / "dark.csv"), "--images", str(sets / "dark"), "--model", str(sets / "tiny"), "--no-cache"]
    return main([*words, "-o", str(output), *more])


def further(sets: Path, name: str = "bright") -> list[str]:
    return ["--and", f"{sets / name}.csv={sets / name}"]


def test_two_sets_one_scale(sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = ["--about", "of dark ones, free", "--about", "of bright ones, on request"]
    assert fit(sets, tmp_path / "both", *further(sets), *notes, "--scale-min", "0", "--scale-max", "1") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "both: fitted to 48 images of 2 sets on the scale of the first" in out
    assert f"24 images in 8 groups by reference of {sets.name}/bright.csv (lower is better)" in out
    model = contrique.load(tmp_path / "both")
    card = model.card["regressor"]
    dark, bright = card["sets"]
    assert [one["about"] for one in card["sets"]] == ["of dark ones, free", "of bright ones, on request"]
    assert (dark["slope"], dark["shift"]) == (1, 0)
    assert bright["slope"] == pytest.approx(-1 / 300, rel=0.25)  # the DMOS is 500 − 300 s
    assert bright["shift"] == pytest.approx(500 / 300, rel=0.25)
    assert (card["images"], card["groups"], card["full_reference"]) == (48, 16, False)
    assert card["ratings_digest"] == f"{dark['ratings_digest']}+{bright['ratings_digest']}"
    assert card["mapping"] == {"low": 0.0, "high": 1.0, "lower_is_better": False}
    assert all(0 <= one["coverage"] <= 1 for one in [card["interval"], *card["sets"]])
    assert bright["best_score"] > dark["best_score"] > bright["worst_score"] > dark["worst_score"]
    agreement = model.card["agreement"]
    assert min(one["srocc"] for one in agreement["sets"]) > 0.8
    assert agreement["srocc"] == pytest.approx(np.mean([one["srocc"] for one in agreement["sets"]]))
    greys = [float(model.score(np.full((64, 64, 3), level, np.uint8))) for level in (30, 80, 130, 180, 230)]
    assert greys == sorted(greys)
    assert greys == pytest.approx([100 * level / 255 for level in (30, 80, 130, 180, 230)], abs=12)
    assert main(["info", str(tmp_path / "both")]) == 0
    assert "on request" in capsys.readouterr().out


def test_without_further_sets_nothing_changes(sets: Path, tmp_path: Path) -> None:
    assert fit(sets, tmp_path / "one", "--about", "mine") == 0
    card = contrique.load(tmp_path / "one").card
    assert "sets" not in card["regressor"]
    assert "sets" not in card["agreement"]
    assert card["regressor"]["about"] == "mine"


def test_an_image_of_both_sets_is_held_out_of_both(sets: Path, tmp_path: Path) -> None:
    assert fit(sets, tmp_path / "one") == 0
    assert fit(sets, tmp_path / "twice", *further(sets, "dark")) == 0
    once, twice = (contrique.load(tmp_path / name).card for name in ("one", "twice"))
    assert twice["regressor"]["sets"][1]["slope"] == pytest.approx(1)
    assert twice["agreement"]["srocc"] == pytest.approx(once["agreement"]["srocc"], abs=0.05)
    assert twice["regressor"]["interval"]["half_width"] == pytest.approx(
        once["regressor"]["interval"]["half_width"], rel=0.4
    )


def test_an_image_that_cannot_be_read_is_named_with_its_own_folder(
    sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    lines = (sets / "bright.csv").read_text()
    (tmp_path / "more.csv").write_text(f"{lines}\nbroken.png;300;0")
    for file in (sets / "bright").iterdir():
        (tmp_path / file.name).symlink_to(file)
    assert fit(sets, tmp_path / "model", "--and", f"{tmp_path / 'more.csv'}={tmp_path}") == 1
    err = capsys.readouterr().err
    assert f"{tmp_path / 'broken.png'}: " in err
    assert "1 of 49 images" in err
    assert contrique.load(tmp_path / "model").card["regressor"]["sets"][1]["images"] == 24


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cells: [cells[0], "5", cells[2]], "same.csv: all 24 images have the same rating 5"),
        (lambda cells: [*cells[:2], "one"], "same.csv: a fit needs images of at least two groups"),
    ],
)
def test_a_set_that_cannot_be_fitted_is_named(
    change: object, reason: str, sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *rows = (sets / "bright.csv").read_text().split("\n")
    changed = [";".join(change(row.split(";"))) for row in rows]  # type: ignore[operator]
    (tmp_path / "same.csv").write_text("\n".join([header, *changed]))
    assert fit(sets, tmp_path / "model", "--and", f"{tmp_path / 'same.csv'}={sets / 'bright'}") == 1
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("words", [["--and", "bright.csv"], ["--about", "a", "--about", "b"]])
def test_wrong_words(words: list[str], sets: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as status:
        fit(sets, tmp_path / "model", *words)
    assert status.value.code == 2


def test_neither_a_set_nor_a_csv(sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(sets, tmp_path / "model", "--and", "kadid=there") == 1
    assert "--and kadid=there: kadid is no CSV, and no set among" in capsys.readouterr().err
