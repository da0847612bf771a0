"""Reading any kind of source, the half scale, and bringing sizes into range."""

import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from contrique import images
from contrique.errors import ImageError
from contrique.images import Preprocessing, fit_size, half_scale, read_image, scaled, source_name

PIXELS_HWC = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(PIXELS_HWC).save(path)
    return path


def test_every_kind_of_source_gives_the_same_pixels(png: Path) -> None:
    data = png.read_bytes()
    with open(png, "rb") as file, Image.open(png) as lazy:
        sources: list[Any] = [str(png), png, data, bytearray(data), memoryview(data), file, io.BytesIO(data), lazy]
        sources += [Image.fromarray(PIXELS_HWC), PIXELS_HWC, next(iter(os.scandir(png.parent)))]
        for source in sources:
            np.testing.assert_array_equal(read_image(source), PIXELS_HWC)


def test_names(png: Path) -> None:
    assert source_name(str(png)) == source_name(png) == str(png)
    assert source_name(b"") == "<bytes>"
    assert source_name(PIXELS_HWC) == "<array>"
    assert source_name(io.BytesIO()) == "<file>"
    assert source_name(Image.fromarray(PIXELS_HWC)) == "<image>"
    with open(png, "rb") as file, Image.open(png) as image:
        assert source_name(file) == source_name(image) == str(png)
    assert source_name(3) == "<int>"  # type: ignore[arg-type]


def test_file_object_is_read_from_where_it_stands_and_left_open(png: Path) -> None:
    file = io.BytesIO(b"header" + png.read_bytes())
    file.seek(6)
    np.testing.assert_array_equal(read_image(file), PIXELS_HWC)
    assert not file.closed
    assert file.read() == b""
    with pytest.raises(ImageError, match="<file>: the file is empty"):
        read_image(file)


def test_file_object_that_cannot_seek(png: Path) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb") as writer:
        writer.write(png.read_bytes())
    with os.fdopen(read_end, "rb") as reader:
        np.testing.assert_array_equal(read_image(reader), PIXELS_HWC)


def test_mislabelled_files_are_read_by_their_content(png: Path) -> None:
    wrong = png.rename(png.with_suffix(".jpg"))
    np.testing.assert_array_equal(read_image(wrong), PIXELS_HWC)
    wrong = wrong.rename(wrong.with_name("no suffix"))
    np.testing.assert_array_equal(read_image(wrong), PIXELS_HWC)


class Failing(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise RuntimeError("the line went dead")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (io.StringIO("text"), "opened for bytes, its read.. gave str"),
        (Failing(), "cannot be read: the line went dead"),
        (3, "expected a path, bytes.* got int"),
        (None, "got NoneType"),
        (np.zeros((4, 4, 3)), "expected a uint8 array with values 0 to 255, got float64"),
        (np.zeros((4, 4, 4), np.uint8), r"expected an array of shape \(H, W, 3\) or \(H, W\), got \(4, 4, 4\)"),
        (np.zeros(4, np.uint8), r"got \(4,\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"got \(2, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"empty \(4 x 0 pixels\)"),
        (np.array("x"), "expected a uint8 array"),
        (Image.new("RGB", (0, 3)), r"empty \(0 x 3 pixels\)"),
        (b"", "<bytes>: the file is empty"),
        ("", "no such file"),
        ("a\0b", "cannot be read"),
        ("\ud8ff.jpg", "cannot be read|no such file"),
        ("x" * 5000, "cannot be read"),
        ("/dev/null", "is not a regular file"),
    ],
)
def test_unsuitable_sources_are_named(source: Any, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        read_image(source)
    assert caught.value.path == source_name(source)


def test_unsuitable_paths_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("not a photograph")
    os.mkfifo(tmp_path / "fifo.jpg")
    for name, words in [
        ("missing.jpg", "no such file"),
        ("", "is a folder, not an image"),
        ("empty.png", "the file is empty"),
        ("text.jpg", "not an image in a supported format"),
        ("text.jpg/inside.jpg", "cannot be read: Not a directory"),
        ("fifo.jpg", "is not a regular file"),
    ]:
        with pytest.raises(ImageError, match=words) as caught:
            read_image(tmp_path / name)
        assert caught.value.path == str(tmp_path / name)
    monkeypatch.setattr(images, "MAX_BYTES", 3)
    with pytest.raises(ImageError, match="16 bytes is more than the limit of 3 bytes"):
        read_image(tmp_path / "text.jpg")
    with pytest.raises(ImageError, match="more than the limit of 3 bytes"):
        read_image(io.BytesIO(bytes(9)))


def test_permission_denied(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)  # the tests may run as root, whom no mode keeps out
    with pytest.raises(ImageError, match="permission denied"):
        read_image(png)


def test_pixel_limit(png: Path) -> None:
    assert read_image(png, max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(ImageError, match="30 x 20 pixels is more than the limit of 599 pixels"):
        read_image(png, max_pixels=599)


def test_arrays_grey_and_not_contiguous() -> None:
    grey_HW = PIXELS_HWC[..., 0]
    np.testing.assert_array_equal(read_image(grey_HW), np.dstack([grey_HW] * 3))
    flipped_HWC = read_image(PIXELS_HWC[::-1, ::2])
    assert flipped_HWC.flags.c_contiguous
    np.testing.assert_array_equal(flipped_HWC, PIXELS_HWC[::-1, ::2])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_a_named_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_image(data)  # no 200 random bytes make an image


def test_every_shared_photograph_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "biq2021").rglob("*.jpg"))[::40]
    assert len(paths) > 40
    for path in paths:
        with Image.open(path) as image:
            np.testing.assert_array_equal(read_image(path), np.asarray(ImageOps.exif_transpose(image)))


def bicubic_half(line: np.ndarray) -> np.ndarray:
    """Halve a row of numbers: cubic convolution (a = -1/2) stretched over twice the samples, cut at the borders."""
    size = len(line) // 2
    scale = len(line) / size
    halved = []
    for i in range(size):
        centre = (i + 0.5) * scale
        weights, values = [], []
        for j in range(max(0, int(centre - 2 * scale + 0.5)), min(len(line), int(centre + 2 * scale + 0.5))):
            x = abs(j + 0.5 - centre) / scale
            weights.append(
                1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0
            )
            values.append(line[j])
        halved.append(np.dot(weights, values) / np.sum(weights))
    return np.array(halved)


@pytest.mark.parametrize("length", [8, 30, 31])
def test_half_scale_is_antialiased_bicubic(length: int) -> None:
    line = np.random.default_rng(1).integers(0, 256, length)
    expected = np.clip(np.round(bicubic_half(line)), 0, 255)
    wide_HWC = np.repeat(np.repeat(line.astype(np.uint8)[None, :, None], 4, axis=0), 3, axis=2)
    for image_HWC, axis in ((wide_HWC, 1), (wide_HWC.transpose(1, 0, 2).copy(), 0)):
        half_HWC = half_scale(image_HWC)
        assert half_HWC.shape[axis] == length // 2
        got = half_HWC[0, :, 0] if axis == 1 else half_HWC[:, 0, 0]
        assert np.abs(got - expected).max() <= 1


@pytest.mark.parametrize(("size", "half"), [((1, 1), (1, 1)), ((2, 3), (1, 1)), ((5, 8), (2, 4)), ((1, 9), (1, 4))])
def test_half_scale_sizes(size: tuple[int, int], half: tuple[int, int]) -> None:
    assert half_scale(np.zeros((*size, 3), np.uint8)).shape == (*half, 3)


def test_other_scales_round_down_and_one_is_the_image_itself() -> None:
    image_HWC = np.random.default_rng(2).integers(0, 256, (50, 33, 3), np.uint8)
    assert scaled(image_HWC, 1.0) is image_HWC
    assert scaled(image_HWC, 0.75).shape == (37, 24, 3)
    assert scaled(image_HWC[:1, :1], 0.1).shape == (1, 1, 3)
    np.testing.assert_array_equal(scaled(image_HWC, 0.5), half_scale(image_HWC))


def test_scales_survive_a_card_and_old_cards_have_two() -> None:
    mine = Preprocessing(scales=(0.75, 0.25))
    assert Preprocessing.from_dict(json.loads(json.dumps(mine.to_dict()))) == mine
    assert Preprocessing.from_dict({"max_scored_pixels": 4096}).scales == (1.0, 0.5)
    assert "0.75 and 0.25 of that size" in mine.in_words()


def test_fit_size_leaves_images_in_range_alone() -> None:
    image_HWC = np.zeros((512, 700, 3), np.uint8)
    assert fit_size(image_HWC, Preprocessing()) is image_HWC


def test_fit_size_mirrors_small_images_out() -> None:
    image_HWC = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    full_HWC = fit_size(image_HWC, Preprocessing(min_side=8))
    mirrored = [1, 1, 0, 0, 1, 1, 0, 0]  # three pixels before and after the two, the edge pixel repeated first
    assert full_HWC[3, :, 0].tolist() == [3 * column for column in mirrored]
    assert full_HWC[:, 3, 0].tolist() == [6 * row for row in mirrored]
    assert full_HWC.shape == (8, 8, 3)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 40), st.booleans(), st.integers(1, 12), st.integers(144, 20_000))
def test_prepared_sizes_are_in_range(long: int, short: int, tall: bool, side: int, limit: int) -> None:
    size = (long, short) if tall else (short, long)
    preprocessing = Preprocessing(max_scored_pixels=limit, min_side=side)
    full_HWC = fit_size(np.zeros((*size, 3), np.uint8), preprocessing)
    height, width = full_HWC.shape[:2]
    assert height * width <= limit
    assert min(height, width) >= side
    if min(size) >= side and size[0] * size[1] <= limit:
        assert (height, width) == size
    if min(height, width) > 2 * side:  # no padding: the aspect stays, to a pixel's rounding
        assert abs(height / size[0] - width / size[1]) <= 1 / min(size)


def test_large_photograph_uses_the_limit_well() -> None:
    full_HWC = fit_size(np.zeros((4000, 6000, 3), np.uint8), Preprocessing())
    assert full_HWC.shape == (591, 886, 3)  # sqrt(2^19 / 24e6) = 0.14780


@pytest.mark.parametrize(
    "values",
    [
        {"min_side": 0},
        {"max_scored_pixels": -1},
        {"min_side": 64.0},
        {"min_side": True},
        {"min_side": 2000},
        {"scales": ()},
        {"scales": (0.5, 1.0)},
        {"scales": (1.0, 1.0)},
        {"scales": (1.5,)},
        {"scales": (0.0,)},
        {"scales": ("1",)},
        {"scales": 1.0},
        {"scales": (float("nan"),)},
    ],
)
def test_preprocessing_refuses_nonsense(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        Preprocessing(**values)


def test_preprocessing_through_its_dictionary() -> None:
    preprocessing = Preprocessing(max_scored_pixels=5000, min_side=32)
    assert preprocessing.to_dict() == {"max_scored_pixels": 5000, "min_side": 32, "scales": [1.0, 0.5]}
    assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing
    assert Preprocessing.from_dict({}) == Preprocessing()
    with pytest.raises(ValueError, match="unknown sharpness"):
        Preprocessing.from_dict({"sharpness": 1})


def test_many_threads_read_what_one_reads(png: Path) -> None:
    wrong: list[np.ndarray] = []

    def work() -> None:
        wrong.extend(got for got in (read_image(png) for _ in range(20)) if not np.array_equal(got, PIXELS_HWC))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
