"""What a map says of itself, and how it is saved."""

from pathlib import Path

import numpy as np
import pytest
from brightness import Brightness
from PIL import Image

from contrique.errors import ContriqueError, ImageError
from contrique.quality_map.made import QualityMap
from contrique.quality_map.windows import quality_map
from contrique.result import Score


@pytest.fixture(scope="module")
def made() -> QualityMap:
    image_HWC = np.full((900, 1500, 3), 160, np.uint8)
    image_HWC[500:, :600] = 40
    return quality_map(Brightness(max_scored_pixels=200_000), image_HWC, "big.png")  # type: ignore[arg-type]


def test_badness_is_the_distance_below_the_median() -> None:
    quality_HW = np.array([[50, 60, 70, 80, 20]], np.float32)
    made = QualityMap(Score("x", 56, 50, 60), quality_HW, np.zeros((1, 5, 3), np.uint8))
    assert made.badness_HW.dtype == np.float32
    np.testing.assert_allclose(made.badness_HW, [[10, 0, 0, 0, 40]])


def test_the_overlay_is_as_large_as_the_image_given(made: QualityMap) -> None:
    large = made.overlay(np.full((900, 1500, 3), 160, np.uint8))
    assert large.dtype == np.uint8
    assert large.shape[1:] == (1500, 3)
    assert large.shape[0] > 900
    assert made.overlay().shape[1] == made.quality_HW.shape[1] < 600
    assert np.ptp(large[100, 1400]) == 0  # grey where it is good
    assert int(large[800, 100, 0]) - int(large[800, 100, 2]) > 60  # red where it is bad


def test_another_image_is_refused(made: QualityMap) -> None:
    other = r"<array>: 900 × 1500 pixels are of another image than the map of big\.png"
    with pytest.raises(ContriqueError, match=other):
        made.overlay(np.zeros((1500, 900, 3), np.uint8))
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        made.overlay("none.png")


def test_a_picture_longer_than_its_format_holds_is_refused(tmp_path: Path) -> None:
    made = QualityMap(Score("x", 56, 50, 60), np.full((1, 90), 56, np.float32), np.zeros((1, 90, 3), np.uint8))
    with pytest.raises(ContriqueError, match=r"a\.webp: 18000 × \d+ pixels: "):
        made.save(tmp_path / "a.webp", np.zeros((200, 18_000, 3), np.uint8))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.b.webp", "WEBP")])
def test_the_ending_chooses_the_format(name: str, kind: str, made: QualityMap, tmp_path: Path) -> None:
    (tmp_path / name).write_text("older")
    assert made.save(tmp_path / name) == tmp_path / name
    with Image.open(tmp_path / name) as picture:
        assert picture.format == kind
        assert np.abs(np.asarray(picture).astype(int) - made.overlay()).mean() < 3
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_cannot_be_saved_says_why(made: QualityMap, tmp_path: Path) -> None:
    with pytest.raises(ContriqueError, match=r"a\.txt: expected a name that ends in \.jpg"):
        made.save(tmp_path / "a.txt")
    with pytest.raises(OSError, match=r"a\.png") as failure:
        made.save(tmp_path / "none" / "a.png")
    assert failure.value.filename == str(tmp_path / "none" / "a.png")
