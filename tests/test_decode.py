"""Decoding: one file of each kind, made here, against the pixels it was made from; and hostile bytes of many kinds."""

import io
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import MAX_PIXELS, chunk, decode, encode, gradient, png16
from PIL import Image

from contrique.decode import decode_pillow, exif_orientation
from contrique.errors import ImageError


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("TIFF", {"big_tiff": True}),
        ("WebP", {"lossless": True}),
    ],
)
def test_lossless_formats_give_their_pixels(kind: str, options: dict[str, object]) -> None:
    pixels_HWC = gradient()
    decoded_HWC = decode(encode(Image.fromarray(pixels_HWC), kind, **options))
    assert decoded_HWC.dtype == np.uint8
    assert decoded_HWC.flags.c_contiguous
    assert decoded_HWC.flags.writeable
    np.testing.assert_array_equal(decoded_HWC, pixels_HWC)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
        ("WebP", {"quality": 95}),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
        ("TIFF", {"compression": "jpeg", "quality": 95}),
        ("MPO", {"quality": 95, "subsampling": 0, "save_all": True, "append_images": [Image.new("RGB", (40, 24))]}),
    ],
)
def test_lossy_formats_come_close(kind: str, options: dict[str, object]) -> None:
    pixels_HWC = gradient()
    difference = decode(encode(Image.fromarray(pixels_HWC), kind, **options)).astype(int) - pixels_HWC
    assert np.abs(difference).mean() < 4


def test_grey_is_three_equal_channels() -> None:
    grey_HW = gradient()[..., 0]
    for kind in ("PNG", "TIFF", "BMP"):
        np.testing.assert_array_equal(decode(encode(Image.fromarray(grey_HW), kind)), np.dstack([grey_HW] * 3))
    assert np.abs(decode(encode(Image.fromarray(grey_HW), "JPEG", quality=95))[..., 1].astype(int) - grey_HW).max() < 9


def test_one_bit_is_black_and_white() -> None:
    bits_HW = gradient()[..., 0] > 99
    for kind in ("PNG", "TIFF", "BMP"):
        decoded_HWC = decode(encode(Image.fromarray(bits_HW), kind))
        np.testing.assert_array_equal(decoded_HWC, np.dstack([bits_HW * np.uint8(255)] * 3))


def test_palette_with_and_without_transparency() -> None:
    palette = Image.new("P", (3, 1))
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    palette.putdata([0, 1, 2])
    assert decode(encode(palette, "PNG")).tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    assert decode(encode(palette, "GIF")).tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    one = [[[255, 0, 0], [255, 255, 255], [0, 0, 255]]]
    assert decode(encode(palette, "PNG", transparency=1)).tolist() == one
    assert decode(encode(palette, "GIF", transparency=1)).tolist() == one
    graded = decode(encode(palette, "PNG", transparency=bytes([255, 128, 0])))
    assert graded.tolist() == [[[255, 0, 0], [127, 255, 127], [255, 255, 255]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WebP"])
def test_alpha_is_laid_over_white(kind: str) -> None:
    colour = np.array([[[200, 100, 0]] * 3], np.uint8)
    alpha = np.array([[255, 51, 0]], np.uint8)
    options: dict[str, object] = {"lossless": True, "exact": True} if kind == "WebP" else {}
    decoded = decode(encode(Image.fromarray(np.dstack([colour, alpha])), kind, **options))
    expected = np.round(colour * (alpha[..., None] / 255) + 255 * (1 - alpha[..., None] / 255))
    assert np.abs(decoded - expected).max() <= 1


def test_grey_with_alpha() -> None:
    image = Image.fromarray(np.array([[[100, 255], [100, 51], [100, 0]]], np.uint8), "LA")
    assert decode(encode(image, "PNG")).tolist() == [[[100] * 3, [224] * 3, [255] * 3]]


def test_grey_and_colour_with_one_transparent_value() -> None:
    grey = Image.fromarray(np.array([[7, 8]], np.uint8))
    assert decode(encode(grey, "PNG", transparency=7)).tolist() == [[[255] * 3, [8] * 3]]
    colour = Image.fromarray(np.array([[[7, 7, 7], [7, 8, 7]]], np.uint8))
    assert decode(encode(colour, "PNG", transparency=(7, 7, 7))).tolist() == [[[255] * 3, [7, 8, 7]]]


def test_16_bit_is_scaled_not_clipped() -> None:
    values_HW = np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64)
    exact_HW = values_HW / 257
    grey_HWC = decode(png16(values_HW, 0))
    assert np.abs(grey_HWC - exact_HW[..., None]).max() <= 0.5
    for colour_type, channels in ((2, 3), (6, 4), (4, 2)):
        pixels_HWC = np.dstack([values_HW] * channels)
        if channels in (2, 4):
            pixels_HWC[..., -1] = 65535
        assert np.abs(decode(png16(pixels_HWC, colour_type)) - exact_HW[..., None]).max() < 1
    for little in (Image.fromarray(values_HW), Image.frombytes("I;16B", (64, 64), values_HW.astype(">u2").tobytes())):
        for options in ({}, {"compression": "tiff_lzw"}):
            np.testing.assert_array_equal(decode(encode(little, "TIFF", **options)), grey_HWC)


def test_16_bit_grey_with_a_transparent_value() -> None:
    values_HW = np.array([[0, 40000, 40001]], np.uint16)
    decoded = decode(png16(values_HW, 0, chunk(b"tRNS", struct.pack(">H", 40000))))
    assert decoded[0, :, 0].tolist() == [0, 255, round(40001 / 257)]


@pytest.mark.parametrize(("mode", "words"), [("I", "32-bit integers"), ("F", "floating-point")])
def test_pixels_without_a_defined_white_are_refused(mode: str, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        decode(encode(Image.new(mode, (4, 4), 3), "TIFF"))


def test_first_frame_of_animations() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WebP", "TIFF"):
        options: dict[str, object] = {"lossless": True} if kind == "WebP" else {}
        decoded = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:], **options))
        assert (decoded == [255, 0, 0]).all(), kind


def test_cmyk_jpeg_and_tiff_without_profile() -> None:
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255]]], np.uint8)
    inks_HWC = inks.repeat(16, 0).repeat(16, 1)
    expected = np.array([[255] * 3, [0, 255, 255], [255, 0, 255], [255, 255, 0], [0] * 3])
    image = Image.fromarray(inks_HWC, "CMYK")
    jpeg = encode(image, "JPEG", quality=95, subsampling=0)
    assert b"Adobe" in jpeg[:200]  # stored inverted, as Photoshop does
    for data in (jpeg, encode(image, "TIFF")):
        assert np.abs(decode(data)[8, 8::16].astype(int) - expected).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WebP", "JPEG", "AVIF"])
def test_exif_orientation(orientation: int, kind: str) -> None:
    upright_HWC = gradient()
    stored_HWC = {  # EXIF 2.32, 4.6.4: first row and first column are the scene's ...
        1: upright_HWC,  # top, left
        2: upright_HWC[:, ::-1],  # top, right
        3: upright_HWC[::-1, ::-1],  # bottom, right
        4: upright_HWC[::-1],  # bottom, left
        5: upright_HWC.transpose(1, 0, 2),  # left, top
        6: upright_HWC[:, ::-1].transpose(1, 0, 2),  # right, top
        7: upright_HWC[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
        8: upright_HWC[::-1].transpose(1, 0, 2),  # left, bottom
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "maker"
    options: dict[str, object] = {"quality": 95} if kind in ("JPEG", "AVIF") else {}
    options |= {"lossless": True} if kind == "WebP" else {}
    decoded_HWC = decode(encode(Image.fromarray(np.ascontiguousarray(stored_HWC)), kind, exif=exif, **options))
    assert decoded_HWC.shape == upright_HWC.shape
    assert np.abs(decoded_HWC.astype(int) - upright_HWC).mean() < (5 if kind in ("JPEG", "AVIF") else 0.1)


def exif_block(order: str, value: int, field: int = 3, tag: int = 0x0112) -> bytes:
    magic = b"II*\0" if order == "<" else b"MM\0*"
    payload = struct.pack(order + ("HH" if field == 3 else "I"), *([value, 0] if field == 3 else [value]))
    return magic + struct.pack(order + "IHHHI", 8, 1, tag, field, 1) + payload


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("field", [3, 4])
def test_exif_orientation_is_read_in_both_byte_orders(order: str, field: int) -> None:
    assert exif_orientation(exif_block(order, 6, field)) == 6
    assert exif_orientation(b"Exif\0\0" + exif_block(order, 6, field)) == 6
    assert exif_orientation(exif_block(order, 9, field)) == 1
    assert exif_orientation(exif_block(order, 0, field)) == 1
    assert exif_orientation(exif_block(order, 6, field, tag=0x0110)) == 1


@given(st.binary(max_size=60))
def test_exif_of_any_bytes_is_an_orientation(noise: bytes) -> None:
    assert 1 <= exif_orientation(noise) <= 8
    assert 1 <= exif_orientation(exif_block("<", 6)[:-4] + noise) <= 8
    assert 1 <= exif_orientation(b"II*\0" + noise) <= 8


def test_jpeg_with_corrupt_exif_gives_no_warning() -> None:
    block = exif_block("<", 6)
    broken = block[:8] + struct.pack("<H", 90) + block[10:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(encode(Image.fromarray(gradient()), "JPEG", exif=b"Exif\0\0" + broken)).shape == (40, 24, 3)


def test_pillow_image_keeps_its_mode_and_gives_the_file_s_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.fromarray(gradient()), "PNG", exif=exif)
    image = Image.open(io.BytesIO(data))
    np.testing.assert_array_equal(decode_pillow(image, "x", MAX_PIXELS), decode(data))
    assert (image.mode, image.size) == ("RGB", (40, 24))
    image.close()
    with pytest.raises(ImageError, match="<image>: "):
        decode_pillow(image, "<image>", MAX_PIXELS)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_every_8_bit_pillow_mode_is_read(mode: str) -> None:
    image = Image.fromarray(gradient())
    for step in {"PA": ["P", "PA"], "La": ["LA", "La"], "RGBa": ["RGBA", "RGBa"]}.get(mode, [mode]):
        image = image.convert(step)
    opaque = image.convert("RGBA") if mode == "RGBa" else image.convert("LA") if mode == "La" else image
    np.testing.assert_array_equal(decode_pillow(image, "x", MAX_PIXELS), np.asarray(opaque.convert("RGB")))
