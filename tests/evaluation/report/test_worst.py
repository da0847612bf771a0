"""The section of largest errors: small pictures inside the page, names where there is no picture."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from example_result import example_result
from PIL import Image

from contrique.evaluation.report.page import to_html
from contrique.evaluation.report.worst import SIDE, thumbnail, worst

DIGEST = "f" * 16  # of example_result


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Images for all names of ``example_result``; two are no images, one is gone."""
    rng = np.random.default_rng(0)
    files = {}
    for number in range(60):
        file = tmp_path / f"photo{number}.jpg"
        Image.fromarray(rng.integers(0, 256, (90, 400, 3), np.uint8)).save(file)
        files[file.name] = file
    return files


def data_of(page: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)]


def test_pictures_are_small_and_in_the_page(photos: dict[str, Path]) -> None:
    page = worst(example_result({"a": 20.0, "b": 90.0}), {DIGEST: photos})
    assert page.count("<li>") == page.count("<img ") == 2 * 2 * 6
    assert set(re.findall(r'src="(.{11})', page)) == {"data:image/"}
    for data in data_of(page):
        image = Image.open(io.BytesIO(data))
        assert (image.format, max(image.size)) == ("JPEG", SIDE)
        assert image.size == (160, 36)


def test_the_worst_image_comes_first(photos: dict[str, Path]) -> None:
    result = example_result({"good": 0.5}, splits=1)
    at = result["tests"][0][3]
    result["methods"][0]["predictions"][0][3] += 300
    name = result["names"][at]
    page = worst(result, {DIGEST: photos})
    assert page.index("Overrated most") < page.index(f"<b>{name}</b>") < page.index("Underrated most")
    assert re.findall(r"<b>(.*?)</b>", page)[0] == name
    assert page.count(f"<span>rated {result['scores'][at]:.3g}</span>") >= 1


@pytest.mark.parametrize("pictures", [None, {}, {"another digest": {"photo1.jpg": Path("photo1.jpg")}}])
def test_names_alone_where_images_are_not_known(pictures: dict | None) -> None:
    page = worst(example_result(), pictures)
    assert "<img" not in page
    assert page.count("<li><b>photo") == 3 * 2 * 6


def test_images_that_are_gone_or_broken_leave_their_names(photos: dict[str, Path]) -> None:
    for number, file in enumerate(photos.values()):
        file.unlink() if number % 2 else file.write_bytes(b"\xff\xd8\xff no image")
    page = worst(example_result(), {DIGEST: photos})
    assert "<img" not in page
    assert page.count("<li><b>photo") == 3 * 2 * 6


def test_no_names_no_section() -> None:
    result = example_result()
    del result["names"]
    assert worst(result) == ""


def test_a_method_without_errors_has_no_list() -> None:
    page = worst(example_result({"perfect": 0.0, "other": 50.0}))
    assert "<h4>other</h4>" in page
    assert page.count("<h4>") in (1, 2)  # rounding may leave the perfect one errors of 1e-9


def test_pictures_only_in_the_section_of_their_set(photos: dict[str, Path]) -> None:
    results = [example_result(), example_result(seed=1, digest="e" * 16)]
    page = to_html(results, {DIGEST: photos})
    first, second = page.split('id="set1"')
    assert data_of(first)
    assert "Largest errors" in second
    assert not data_of(second)


def test_a_page_of_a_few_methods_stays_small(photos: dict[str, Path]) -> None:
    page = to_html([example_result()], {DIGEST: photos})
    assert len(page) < 500_000  # noise is the worst a JPEG can be asked for
    assert not re.search(r"https?://|@import|url\(|<link|<script", page)


def test_thumbnail_of_what_is_no_image(tmp_path: Path) -> None:
    assert thumbnail(tmp_path) is None
    assert thumbnail(tmp_path / "no.jpg") is None
