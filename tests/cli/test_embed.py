"""``contrique embed`` through the command line's own door, with the shipped model."""

import csv
import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from contrique.cli.main import main


@pytest.fixture
def photographs(tmp_path):
    """Five small pictures in two sub-folders, and one that is broken."""
    for number in range(5):
        folder = tmp_path / "photos" / ("blurred" if number % 2 else "sharp")
        folder.mkdir(parents=True, exist_ok=True)
        small = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((64, 64), Image.Resampling.NEAREST).save(folder / f"{number}.png")
    return tmp_path / "photos"


def rows(folder):
    with (folder / "points.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_distorted_contents_are_drawn_and_measured(photographs, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["embed", str(photographs), "-o", str(out), "--contents", "1", "--side", "32", "--method", "pca"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "126 points, contents: 1;" in shown.out
    assert shown.out.splitlines()[-2:] == [f"{out}/embedding.png", f"{out}/embedding.html"]
    assert Image.open(out / "embedding.png").format == "PNG"
    point = next(row for row in rows(out) if (row["type"], row["level"]) == ("white_noise", "4"))
    again = ["distort", str(out / "contents" / "000.png"), "--type", "white_noise", "--level", "4"]
    assert main([*again, "--seed", point["seed"], "-o", str(tmp_path / "point.png")]) == 0


def test_images_as_they_are_by_folder(photographs, tmp_path, capsys):
    (photographs / "sharp" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    out = tmp_path / "out"
    assert main(["embed", str(photographs), "--as-they-are", "-o", str(out)]) == 1
    assert "broken.png" in capsys.readouterr().err
    table = rows(out)
    assert sorted(row["type"] for row in table if not row["error"]) == ["blurred"] * 2 + ["sharp"] * 3
    numbers = json.loads((out / "numbers.json").read_text())
    assert (numbers["level"], numbers["drawn"], len(numbers["errors"])) == ("score", "features", 1)


def test_images_by_a_csv(photographs, tmp_path, capsys):
    ratings = tmp_path / "scores.csv"
    ratings.write_text("name,camera,mos\n" + "".join(f"{n}.png,c{n % 2},{n}\n" for n in range(5)))
    words = [
        "embed",
        str(photographs),
        "--labels",
        str(ratings),
        "--type-column",
        "camera",
        "-o",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    assert [(row["type"], row["level"]) for row in rows(tmp_path / "out")] == [(f"c{n % 2}", f"{n}") for n in range(5)]
    assert main([*words, "--points", "3"]) == 0
    assert "3 of 5 images are drawn" in capsys.readouterr().err
    assert len(rows(tmp_path / "out")) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--type-column", "x"], "--labels FILE.csv"),
        (["--as-they-are", "--contents", "3"], "--contents goes not with"),
        (["--labels", "x.csv", "--keep-content"], "--keep-content goes not with"),
        (["--points", "3"], "--points goes only with"),
        (["--contents", "0"], "--contents is at least 1"),
        (["--seed", "-1"], "--seed is at least 0"),
        (["--method", "umap"], "umap"),
        (["other", "--labels", "x.csv"], "one folder"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what(photographs, tmp_path, capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        main(["embed", str(photographs), *words, "-o", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_done_is_one_line_and_status_1(photographs, tmp_path, capsys, monkeypatch):
    (tmp_path / "empty").mkdir()
    assert main(["embed", str(tmp_path / "empty"), "-o", str(tmp_path / "out")]) == 1
    assert "no images in" in capsys.readouterr().err
    assert main(["embed", str(photographs), "-o", str(tmp_path / "out"), "--contents", "99"]) == 1
    assert capsys.readouterr().err == "contrique: error: contents must be from 1 to 80, got 99\n"
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert main(["embed", str(photographs), "-o", str(tmp_path / "out")]) == 1
    assert (
        capsys.readouterr().err
        == "contrique: error: contrique embed needs scikit-learn: pip install 'contrique[embed]'\n"
    )


@pytest.mark.slow
def test_the_shipped_model_shows_types_and_levels(shared_data, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(8):
        shutil.copy(shared_data / "pristine" / f"cid22_{20 * number:03d}.jpg", photos)
    assert main(["embed", str(photos), "-o", str(tmp_path / "out"), "--side", "192"]) == 0
    measures = json.loads((tmp_path / "out" / "numbers.json").read_text())["measures"]
    assert measures["moves"]["type_accuracy"] > 0.4  # chance is 0.04
    assert measures["moves"]["type_accuracy"] > measures["features"]["type_accuracy"] + 0.05
    assert measures["moves"]["level_accuracy"] > 0.25  # chance is 0.2; few contents: 20 give 0.42
    assert measures["moves"]["level_srocc"] > 0.6
    assert measures["picture"]["type_accuracy"] > 0.12  # two numbers only, few contents: 0.19 was seen
