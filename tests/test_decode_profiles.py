"""Decoding through colour profiles: profiles written here by the ICC specification, against their own formulas."""

import struct

import numpy as np
import pytest
from pictures import decode, encode, gradient
from PIL import Image, ImageCms

D50 = (0.9642, 1.0, 0.8249)

SRGB_COLORANTS = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])

P3_COLORANTS = np.array([[0.51512, 0.29198, 0.1571], [0.2412, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])


def fixed(values: object) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in np.ravel(values))


def build_profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC version 2 profile written by the specification (ICC.1:2001-04)."""
    text = b"made for a test\0"
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(78),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(D50),
        **tags,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, 128 + 4 + 12 * len(tags) + len(body), len(content))
        body += padded
    head = bytes(4) + struct.pack(">I", 0x02400000) + device + space + connection
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(D50)
    size = 128 + len(table) + len(body)
    return struct.pack(">I", size) + head.ljust(124, b"\0") + table + body


def curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))


def rgb_profile(colorants: np.ndarray, gamma: float) -> bytes:
    tags = {name + b"XYZ": b"XYZ \0\0\0\0" + fixed(colorants[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
    tags |= {name + b"TRC": curve(gamma) for name in (b"r", b"g", b"b")}
    return build_profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return build_profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve(gamma)})


def cmyk_profile() -> bytes:
    """A printer whose colour inks are all the same grey: L* = 100 (1 - K) (1 - 0.2 (C + M + Y)), a* = b* = 0."""
    inks = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, 16)
    lightness = (1 - inks[3]) * (1 - 0.2 * inks[:3].sum(0))
    table = np.stack([np.round(255 * lightness), np.full(16, 128), np.full(16, 128)], 1).astype(np.uint8)
    identity = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(np.eye(3)) + identity * 4 + table.tobytes() + identity * 3
    return build_profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def srgb_encode(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: linear light 0 to 1 to levels 0 to 255."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_profile_of_wide_gamut_rgb() -> None:
    pixels_HWC = gradient()
    linear = (pixels_HWC / 255) ** 2.2
    expected = srgb_encode(linear @ P3_COLORANTS.T @ np.linalg.inv(SRGB_COLORANTS).T)
    for kind in ("PNG", "TIFF"):
        decoded = decode(encode(Image.fromarray(pixels_HWC), kind, icc_profile=rgb_profile(P3_COLORANTS, 2.2)))
        visible = (expected > 12) & (expected < 254)  # out-of-gamut colours clip, dark ones amplify rounding
        assert np.abs(decoded - expected)[visible].max() <= 3
        assert np.abs(expected - pixels_HWC).max() > 20  # the conversion is not a small thing


def test_profile_of_grey() -> None:
    grey_HW = np.arange(256, dtype=np.uint8).reshape(16, 16)
    decoded = decode(encode(Image.fromarray(grey_HW), "PNG", icc_profile=grey_profile(1.8)))
    expected_HW = srgb_encode((grey_HW / 255) ** 1.8)
    assert np.abs(decoded - expected_HW[..., None]).max() <= 3
    assert np.abs(expected_HW - grey_HW).max() > 15
    with_alpha = Image.merge("LA", [Image.fromarray(grey_HW), Image.new("L", (16, 16), 255)])
    np.testing.assert_array_equal(decode(encode(with_alpha, "PNG", icc_profile=grey_profile(1.8))), decoded)


def test_profile_of_cmyk() -> None:
    inks_HWC = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0]]], np.uint8).repeat(16, 0)
    inks_HWC = inks_HWC.repeat(16, 1)
    lightness = np.array([100, 80, 0, 60])
    linear = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, 0)  # CIE 1976 L* to Y
    for kind, options in (("TIFF", {}), ("JPEG", {"quality": 95, "subsampling": 0})):
        decoded = decode(encode(Image.fromarray(inks_HWC, "CMYK"), kind, icc_profile=cmyk_profile(), **options))
        assert np.abs(decoded[8, 8::16] - srgb_encode(linear)[:, None]).max() <= 4, kind


def test_srgb_profile_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(decode(encode(Image.fromarray(gradient()), "PNG", icc_profile=srgb)), gradient())


@pytest.mark.parametrize(
    "broken",
    [
        b"not a profile",
        rgb_profile(P3_COLORANTS, 2.2)[:200],
        grey_profile(1.0),
        cmyk_profile(),
        bytes(128),
    ],
    ids=["text", "truncated", "grey", "cmyk", "zeros"],
)
def test_unusable_profiles_are_ignored(broken: bytes) -> None:
    np.testing.assert_array_equal(decode(encode(Image.fromarray(gradient()), "PNG", icc_profile=broken)), gradient())
