"""``contrique distort`` through the command line's own door."""

import sys

import numpy as np
import pytest
from PIL import Image

from contrique.cli.main import main
from contrique.learning.distortions import NAMES, distort


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


@pytest.mark.parametrize("name", ["motion_blur", "jpeg", "white_noise"])
def test_one_distortion_is_written(picture, tmp_path, capsys, name):
    path, pixels = picture
    before = path.read_bytes()
    output = tmp_path / "out.png"
    assert main(["distort", str(path), "--type", name, "--level", "3", "--seed", "7", "-o", str(output)]) == 0
    assert capsys.readouterr() == (f"{output}\n", "")
    assert np.array_equal(np.asarray(Image.open(output)), distort(pixels, name, 3, 7))
    assert path.read_bytes() == before


def test_the_sheet_is_written(picture, tmp_path, capsys):
    output = tmp_path / "sheet.png"
    assert main(["distort", str(picture[0]), "--sheet", str(output)]) == 0
    with Image.open(output) as page:
        assert page.width > 6 * 60
        assert page.height > 25 * 40


def test_jpeg_output_comes_with_a_warning(picture, tmp_path, capsys):
    output = tmp_path / "out.jpg"
    assert main(["distort", str(picture[0]), "--type", "pixelate", "--level", "1", "-o", str(output)]) == 0
    assert "distorts once more" in capsys.readouterr().err
    assert Image.open(output).format == "JPEG"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--type --sheet"),
        (["--type", "jpeg"], "--level"),
        (["--type", "jpeg", "--level", "3"], "-o FILE"),
        (["--type", "jpeg", "--level", "6", "-o", "a.png"], "--level"),
        (["--type", "vignette", "--level", "3", "-o", "a.png"], "vignette"),
        (["--type", "jpeg", "--level", "3", "-o", "a.xyz"], ".png"),
        (["--type", "jpeg", "--level", "3", "-o", "a.png", "--seed", "-1"], "--seed"),
        (["--type", "jpeg", "--sheet", "a.png"], "not allowed with"),
        (["--sheet", "a.png", "--level", "2"], "--sheet"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what(picture, capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        main(["distort", str(picture[0]), *words])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_read_or_written_is_status_1(picture, tmp_path, capsys):
    words = ["--type", "jpeg", "--level", "1", "-o"]
    assert main(["distort", str(tmp_path / "none.png"), *words, str(tmp_path / "a.png")]) == 1
    assert "none.png" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
    assert main(["distort", str(picture[0]), *words, str(tmp_path / "none" / "a.png")]) == 1
    assert "none" in capsys.readouterr().err


def test_without_opencv_it_says_what_to_install(picture, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["distort", str(picture[0]), "--type", "jpeg", "--level", "1", "-o", str(tmp_path / "a.png")]) == 1
    assert "contrique distort needs OpenCV: pip install 'contrique[learn]'" in capsys.readouterr().err


def test_help_lists_every_type(capsys):
    with pytest.raises(SystemExit):
        main(["distort", "--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in NAMES)
