"""Views: each colour space against another implementation, crops by coordinates, choices by frequencies."""

import numpy as np
import pytest
from PIL import Image, ImageCms
from scipy.ndimage import correlate1d

from contrique.images import half_scale
from contrique.learning import views
from contrique.learning.views import COLOURS, full_crop, half_crop, two_views


@pytest.fixture
def photo_HWC():
    """Smooth and busy parts, all hues, 64×80."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:64, 0:80] / 64
    waves = np.stack([np.sin(9 * x + 2), np.cos(7 * y), np.sin(5 * (x + y))], axis=2) * 110 + 128
    noise = rng.normal(0, 25, (64, 80, 3)) * (x > 0.6)[..., None]
    return np.clip(waves + noise, 0, 255).astype(np.uint8)


def test_grey_is_pillows(photo_HWC):
    expected = np.asarray(Image.fromarray(photo_HWC).convert("L")).astype(int)
    got = views.grey(photo_HWC)
    assert (got == got[..., :1]).all()
    assert np.abs(got[..., 0] - expected).max() <= 1


def test_hsv_is_pillows(photo_HWC):
    expected = np.asarray(Image.fromarray(photo_HWC).convert("HSV")).astype(int)
    difference = np.abs(views.hsv(photo_HWC) - expected)
    difference[..., 0] = np.minimum(difference[..., 0], 256 - difference[..., 0])  # hue is a circle
    assert difference.max() <= 2


def slow_lab(rgb):
    """CIE 1976 L*a*b* of one sRGB pixel, D65 white, from the standard's formulas (IEC 61966-2-1, CIE 15)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    matrix = [(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)]
    x, y, z = (sum(m * c for m, c in zip(row, linear, strict=True)) for row in matrix)
    f = [t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in (x / 0.9505, y, z / 1.089)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def test_lab_is_the_standards(photo_HWC):
    got = views.lab(photo_HWC)
    for y, x in np.random.default_rng(0).integers(0, 64, (60, 2)):
        lightness, a, b = slow_lab(photo_HWC[y, x].tolist())
        np.testing.assert_allclose(got[y, x], [lightness * 255 / 100, a + 128, b + 128], atol=1.6)


def test_lab_is_near_the_authors_profile_conversion(photo_HWC):
    """The authors use ImageCms (D50); Pillow hands a and b out as signed bytes. The whites differ, so loosely."""
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransformFromOpenProfiles(rgb, lab, "RGB", "LAB")
    signed = np.asarray(ImageCms.applyTransform(Image.fromarray(photo_HWC), transform))
    expected = signed.astype(int)
    expected[..., 1:] = signed[..., 1:].view(np.int8).astype(int) + 128
    difference = np.abs(views.lab(photo_HWC).astype(int) - expected)
    assert difference[..., 0].max() <= 10
    assert difference.mean() < 5


def test_grey_pixels_stay_neutral_in_lab():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.abs(views.lab(ramp)[..., 1:].astype(int) - 128).max() <= 1


def test_local_mean_subtraction_is_the_published_formula(photo_HWC):
    """The authors' steps with scipy: window exp(−k²/2σ²), reflect, per-channel min–max, truncation to a byte."""
    window = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    window /= window.sum()
    expected = np.empty(photo_HWC.shape, int)
    for c in range(3):
        channel = photo_HWC[..., c].astype(np.float64)
        mean = correlate1d(correlate1d(channel, window, 0, mode="reflect"), window, 1, mode="reflect")
        rest = channel - mean
        expected[..., c] = np.floor(255 * (rest - rest.min()) / (np.ptp(rest) + 1e-3))
    difference = np.abs(views.local_mean_subtracted(photo_HWC).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001  # float32 against float64, at the edge of a step


def test_a_flat_crop_has_no_local_contrast():
    flat = np.full((32, 32, 3), (10, 128, 250), np.uint8)
    assert views.local_mean_subtracted(flat).max() <= 1


def test_seeded_and_shaped_and_the_image_untouched(photo_HWC):
    before = photo_HWC.copy()
    a = two_views(photo_HWC, np.random.default_rng(5), size=16)
    b = two_views(photo_HWC, np.random.default_rng(5), size=16)
    assert a.shape == (2, 16, 16, 3)
    assert a.dtype == np.uint8
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(photo_HWC, before)
    assert any((two_views(photo_HWC, np.random.default_rng(s), size=16) != a).any() for s in range(3))


def test_a_read_only_image_is_fine(photo_HWC):
    photo_HWC.setflags(write=False)
    for seed in range(20):
        two_views(photo_HWC, np.random.default_rng(seed), size=16)


def test_full_crops_reach_every_place_and_nothing_else():
    coordinates = np.zeros((20, 23, 3), np.uint8)
    coordinates[..., 0], coordinates[..., 1] = np.mgrid[0:20, 0:23]
    rng = np.random.default_rng(0)
    corners = set()
    for _ in range(600):
        crop = full_crop(coordinates, rng, 16)
        y, x = crop[0, 0, :2].tolist()
        np.testing.assert_array_equal(crop, coordinates[y : y + 16, x : x + 16])
        corners.add((y, x))
    assert corners == {(y, x) for y in range(5) for x in range(8)}


@pytest.mark.parametrize("shape", [(64, 80), (65, 81), (64, 64)])
def test_half_crops_are_crops_of_the_half_scale_image(photo_HWC, shape):
    photo_HWC = np.pad(photo_HWC, ((0, 1), (0, 1), (0, 0)), mode="reflect")[: shape[0], : shape[1]]
    even = np.ascontiguousarray(photo_HWC[: shape[0] // 2 * 2, : shape[1] // 2 * 2])
    halved = half_scale(even)
    windows = np.lib.stride_tricks.sliding_window_view(halved, (20, 20), axis=(0, 1))
    rng = np.random.default_rng(1)
    for _ in range(30):
        crop = half_crop(photo_HWC, rng, 20)
        distance = np.abs(windows.astype(int) - np.moveaxis(crop, 2, 0)).max(axis=(2, 3, 4))
        assert distance.min() == 0


@pytest.mark.parametrize(("height", "width"), [(10, 40), (40, 10), (9, 11), (1, 1), (15, 16)])
def test_small_images_are_centred_on_zeros(height, width):
    """As torchvision's CenterCrop: cut what is too long, pad what is too short."""
    image = np.random.default_rng(0).integers(1, 256, (height, width, 3), dtype=np.uint8)
    crop = full_crop(image, np.random.default_rng(0), 16)
    assert crop.shape == (16, 16, 3)
    rows, columns = (crop.max(axis=(1, 2)) > 0), (crop.max(axis=(0, 2)) > 0)
    assert rows.sum() == min(height, 16)
    assert columns.sum() == min(width, 16)
    for filled, side in ((rows, height), (columns, width)):
        if side < 16:
            before, after = filled.argmax(), filled[::-1].argmax()
            assert abs(int(before) - int(after)) <= 1
    if height >= 16:
        assert (crop[:, columns] == image[(height - 16) // 2 : (height - 16) // 2 + 16]).all()
    assert two_views(image, np.random.default_rng(0), 16).shape == (2, 16, 16, 3)


def test_choices_are_uniform_and_independent(monkeypatch):
    """Tag each colour space and scale, then count: 5 × 5 colours, 2 orders, 2 × 2 flips over 4000 draws."""
    tags = [lambda v, tag=tag: np.concatenate([np.full_like(v[..., :1], tag), v[..., 1:]], axis=2) for tag in range(5)]
    monkeypatch.setattr(views, "COLOURS", tuple(tags))
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 1] = np.arange(8)[None, :] * 10  # rises to the right: tells a flip
    monkeypatch.setattr(
        views, "half_crop", lambda image_HWC, rng, size: image_HWC[..., [0, 1, 2]] + np.uint8([0, 0, 1])
    )
    drawn = np.stack([two_views(image, np.random.default_rng(s), 8) for s in range(4000)])
    colours = np.bincount(drawn[:, 0, 0, 0, 0] * 5 + drawn[:, 1, 0, 0, 0], minlength=25)
    assert abs(colours - 160).max() < 5 * np.sqrt(160)
    assert (drawn[:, 0, 0, 0, 2] + drawn[:, 1, 0, 0, 2] == 1).all()  # one view of each scale
    assert abs(drawn[:, 0, 0, 0, 2].sum() - 2000) < 5 * np.sqrt(1000)
    flipped = drawn[:, :, 0, 0, 1] > 0
    both = np.bincount(flipped[:, 0] * 2 + flipped[:, 1], minlength=4)
    assert abs(both - 1000).max() < 5 * np.sqrt(750)


def test_there_are_the_five_colour_spaces():
    assert [colour.__name__ for colour in COLOURS] == ["grey", "lab", "hsv", "local_mean_subtracted", "rgb"]


@pytest.mark.parametrize(
    ("shape", "kind"), [((8, 8), np.uint8), ((8, 8, 3), np.float32), ((8, 8, 4), np.uint8), ((0, 8, 3), np.uint8)]
)
def test_what_is_no_image_is_refused(shape, kind):
    image = np.zeros(shape, kind)
    with pytest.raises(ValueError, match="expected a uint8"):
        two_views(image, np.random.default_rng(0))
