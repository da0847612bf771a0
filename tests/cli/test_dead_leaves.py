"""``contrique dead-leaves`` through the command line's own door."""

import sys

import numpy as np
import pytest
from PIL import Image

from contrique.cli.main import main
from contrique.learning.corpora.dead_leaves import image
from contrique.learning.corpora.opening import open_source
from contrique.learning.sources import Source


def test_files_are_the_images_a_recipe_trains_on(tmp_path, capsys):
    folder = tmp_path / "made" / "leaves"
    words = ["dead-leaves", "-o", str(folder), "--count", "3", "--kind", "textured", "--size", "64"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    written = [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]
    trained_on = open_source(Source(dead_leaves="textured", count=3, size=64), tmp_path)
    assert len(written) == len(trained_on) == 3
    assert all(np.array_equal(picture, trained_on.read(i)) for i, picture in enumerate(written))


def test_kinds_sizes_and_seeds_lie_side_by_side_in_one_folder(tmp_path):
    for words in (["--size", "32"], ["--size", "33"], ["--size", "32", "--seed", "1"]):
        assert main(["dead-leaves", "-o", str(tmp_path), "--count", "1", *words]) == 0
    assert len(list(tmp_path.iterdir())) == 3
    assert np.array_equal(np.asarray(Image.open(tmp_path / "plain-32-1-000000.png")), image(1, 0, 32))


@pytest.mark.parametrize(("count", "shape"), [(3, (64, 192)), (6, (128, 256)), (17, (192, 512))])
def test_a_sheet_shows_all_of_them(tmp_path, capsys, count, shape):
    file = tmp_path / "leaves.png"
    assert main(["dead-leaves", "--sheet", str(file), "--count", str(count), "--size", "64"]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    page = np.asarray(Image.open(file))
    assert page.shape == (*shape, 3)
    assert np.array_equal(page[:64, 64:128], image(0, 1, 64))


def test_a_sheet_may_be_jpeg(tmp_path):
    assert main(["dead-leaves", "--sheet", str(tmp_path / "a.JPG"), "--count", "1", "--size", "32"]) == 0
    assert Image.open(tmp_path / "a.JPG").format == "JPEG"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "-o DIR or --sheet FILE"),
        (["-o", "a", "--count", "0"], "--count"),
        (["-o", "a", "--seed", "-1"], "--seed"),
        (["-o", "a", "--kind", "striped"], "striped"),
        (["--sheet", "a.gif"], ".png"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["dead-leaves", *words])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--size", "16"], "32 to 4096"), (["--count", "401"], "1 to 400")],
)
def test_what_cannot_be_made_is_status_1(tmp_path, capsys, words, message):
    assert main(["dead-leaves", "--sheet", str(tmp_path / "a.png"), *words]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_opencv_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["dead-leaves", "-o", str(tmp_path / "a")]) == 1
    assert "contrique dead-leaves needs OpenCV: pip install 'contrique[learn]'" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
