"""Tone curves against a fitted parabola, and the signed mean shift."""

import numpy as np
import pytest

from contrique.learning.distortions import LEVELS, distort
from contrique.learning.distortions.brightness import brighten, darken, mean_shift, tone_curve


@pytest.mark.parametrize("middle", [0.1, 0.3, 0.5, 0.55, 0.85, 1.05])
def test_the_curve_is_the_parabola_through_three_points(middle):
    parabola = np.polyfit([0, 0.5, 1], [0, middle, 1], 2)
    at = np.linspace(0, 1, 101)
    assert np.allclose(tone_curve(at, middle), np.clip(np.polyval(parabola, at), 0, 1), atol=1e-9)


@pytest.mark.parametrize("amount", [0.05, 0.4, 0.8])
def test_darken_bends_every_channel(photo, amount):
    parabola = np.polyfit([0, 0.5, 1], [0, 0.5 - amount / 2, 1], 2)
    expected = 255 * np.clip(np.polyval(parabola, photo / 255), 0, 1)
    assert np.abs(darken(photo, amount) - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("amount", [0.1, 0.7])
def test_brighten_on_grey_is_between_the_curve_and_the_curve_of_lightness(amount):
    """On grey, Lab changes lightness alone: L from its formula, bent, and back."""
    grey = np.arange(256)
    linear = np.where(grey / 255 <= 0.04045, grey / 255 / 12.92, ((grey / 255 + 0.055) / 1.055) ** 2.4)
    lightness = np.where(linear > 216 / 24389, 116 * np.cbrt(linear) - 16, linear * 24389 / 27)
    parabola = np.polyfit([0, 0.5, 1], [0, 0.5 + amount / 2, 1], 2)
    bent = 100 * np.clip(np.polyval(parabola, lightness / 100), 0, 1)
    linear = np.where(bent > 8, ((bent + 16) / 116) ** 3, bent * 27 / 24389)
    back = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    expected = (2 * 255 * np.clip(np.polyval(parabola, grey / 255), 0, 1) + back) / 3
    image = np.repeat(grey.astype(np.uint8)[:, None, None], 3, axis=2)
    assert np.abs(brighten(image, amount)[:, 0, :] - expected[:, None]).max() <= 1.2


def test_no_amount_changes_nothing(photo):
    assert np.abs(brighten(photo, 0).astype(int) - photo).max() <= 1
    assert np.array_equal(darken(photo, 0), photo)
    assert np.array_equal(mean_shift(photo, 0), photo)


def test_mean_shift_adds_and_clips(photo):
    for amount in (0.15, -0.08):
        expected = np.clip(photo + 255 * amount, 0, 255)
        assert np.abs(mean_shift(photo, amount) - expected).max() <= 0.51


def test_mean_shift_levels_go_from_bright_over_unchanged_to_dark(photo):
    results = [distort(photo, "mean_shift", level) for level in LEVELS]
    assert all(np.diff([result.mean() for result in results]) < 0)
    assert np.array_equal(results[2], photo)
