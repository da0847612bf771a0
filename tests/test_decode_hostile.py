"""Decoding hostile input: truncated, changed and made-up bytes, bombs, many threads at once."""

import io
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import chunk, decode, encode, gradient, png16
from PIL import Image, ImageCms

from contrique.decode import FORMATS, decode_bytes, sniff
from contrique.errors import ImageError

SMALL = Image.fromarray(gradient(12, 16))


# sRGB under another name, so that it is converted like any other profile
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"s\0R\0G", b"x\0R\0G")
SAMPLES = {
    "JPEG": encode(SMALL, "JPEG", quality=70, icc_profile=PROFILE),
    "PNG": encode(SMALL, "PNG", icc_profile=PROFILE),
    "WebP": encode(SMALL, "WebP"),
    "AVIF": encode(SMALL, "AVIF"),
    "TIFF": encode(SMALL, "TIFF", compression="tiff_lzw"),
    "BMP": encode(SMALL, "BMP"),
    "GIF": encode(SMALL.quantize(16), "GIF"),
}


def test_sniff_names_the_formats() -> None:
    assert set(SAMPLES) == set(FORMATS)
    for kind, data in SAMPLES.items():
        assert sniff(data[:16], "x") == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"hello, this is a text file", "not an image in a supported format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image in a supported format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image in a supported format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not supported"),
        (b"\xff\xd8\xff", "broken JPEG"),
        (b"BM is how this text begins", "broken BMP"),
        (b"GIF89a", "broken GIF"),
        (b"RIFF\x04\0\0\0WEBP", "broken WebP"),
        (png16(np.zeros((0, 4), np.uint16), 0), "broken PNG"),
        (SAMPLES["JPEG"][:-30], "broken JPEG: .*[Tt]runcated"),
        (SAMPLES["PNG"][:-60], "broken PNG: .*truncated"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        decode(data)
    assert caught.value.path == "test"
    assert "\n" not in caught.value.reason


def test_pixel_limit_comes_before_decoding() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's own warning must not appear
        for side in (2000, 12_000, 60_000):
            header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
            with pytest.raises(ImageError, match=f"{side} x {side} pixels is more than the limit of 1000000 pixels"):
                decode(bomb)
        jpeg = bytearray(SAMPLES["JPEG"])
        frame = jpeg.index(b"\xff\xc0")
        jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
        with pytest.raises(ImageError, match="more than the limit"):
            decode(bytes(jpeg))
        # Nothing was decoded either where Pillow would only have warned, and the limit itself is allowed.
        assert decode_bytes(SAMPLES["PNG"], "test", 12 * 16).shape == (12, 16, 3)
        with pytest.raises(ImageError):
            decode_bytes(SAMPLES["PNG"], "test", 12 * 16 - 1)


@pytest.mark.slow
def test_huge_image_within_our_limit_gives_no_warning() -> None:
    side = 10_000  # Pillow warns from 89 million pixels on
    packed = zlib.compressobj(1)
    rows = b"".join(packed.compress(bytes(1 + side // 8)) for _ in range(side)) + packed.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_bytes(data, "test", side * side).shape == (side, side, 3)


def accepts_or_names(data: bytes) -> None:
    """The one law for hostile bytes: pixels, or an ImageError; anything else fails the test by itself."""
    try:
        decoded = decode_bytes(data, "fuzz", 100_000)
    except ImageError:
        return
    assert decoded.dtype == np.uint8
    assert decoded.shape[2:] == (3,)


@pytest.mark.filterwarnings("ignore")  # of Pillow's, about corrupt metadata
@pytest.mark.parametrize("kind", FORMATS)
def test_truncation_at_every_offset(kind: str) -> None:
    data = SAMPLES[kind]
    for end in range(len(data)):
        accepts_or_names(data[:end])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=150, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes(kind: str, edits: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLES[kind])
    for place, value in edits:
        data[place % len(data)] = value
    accepts_or_names(bytes(data))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(FORMATS), keep=st.integers(0, 64), noise=st.binary(max_size=300))
def test_noise_behind_a_real_beginning(kind: str, keep: int, noise: bytes) -> None:
    accepts_or_names(SAMPLES[kind][:keep] + noise)


def test_the_samples_profile_is_used() -> None:
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(PROFILE))).startswith("xRGB")


def test_threads_agree() -> None:
    """Profiles' transforms are shared between threads; so eight threads must give what one gives."""
    images = [SAMPLES["JPEG"], SAMPLES["PNG"], SAMPLES["AVIF"], SAMPLES["TIFF"]] * 10
    expected = [decode(data) for data in images]
    wrong: list[int] = []

    def work() -> None:
        wrong.extend(i for i, data in enumerate(images) if not np.array_equal(decode(data), expected[i]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
