"""Noises by their statistics, the denoiser by what it leaves."""

import cv2
import numpy as np
import pytest
from scipy import stats

from contrique.learning.distortions import noise

SHAPE = (400, 400, 3)
GREY = np.full(SHAPE, 128, np.uint8)

# ITU-R BT.601, as MATLAB's rgb2ycbcr: 65.481 red + 128.553 green + 24.966 blue for 16–235 luma, and so on.
YCBCR_FROM_RGB = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]]) / 255


def test_normal_is_normal():
    draws = noise.normal(np.random.default_rng(1), (100_000,), 1.0)
    assert draws.dtype == np.float32
    assert stats.kstest(draws, "norm").pvalue > 0.01
    assert draws.var() == pytest.approx(1, abs=0.015)
    assert stats.kurtosis(draws) == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("variance", [0.001, 0.01])
def test_white_noise_has_its_variance(variance):
    change = (noise.white_noise(GREY, variance, np.random.default_rng(2)) - 128.0) / 255
    assert change.mean() == pytest.approx(0, abs=5e-4)
    rounding = 1 / 12 / 255**2
    assert change.var(axis=(0, 1)) == pytest.approx([variance + rounding] * 3, rel=0.02)
    assert np.abs(np.corrcoef(change.reshape(-1, 3).T) - np.eye(3)).max() < 0.01
    assert abs(np.corrcoef(change[:, 1:, 0].ravel(), change[:, :-1, 0].ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("variance", [0.0005, 0.003])
def test_component_noise_has_its_variance_in_ycbcr(variance):
    change = (noise.white_noise_color_component(GREY, variance, np.random.default_rng(3)) - 128.0) / 255
    components = change @ YCBCR_FROM_RGB.T
    assert components.var(axis=(0, 1)) == pytest.approx([variance] * 3, rel=0.03)
    assert np.abs(np.corrcoef(components.reshape(-1, 3).T) - np.eye(3)).max() < 0.02


@pytest.mark.parametrize("density", [0.001, 0.03])
def test_impulses_hit_single_values_with_their_chance(density):
    result = noise.impulse_noise(GREY, density, np.random.default_rng(4))
    hit = result != 128
    assert set(np.unique(result)) == {0, 128, 255}
    assert hit.mean() == pytest.approx(density, abs=4 * np.sqrt(density / GREY.size))
    assert (result[hit] == 255).mean() == pytest.approx(0.5, abs=3 / np.sqrt(hit.sum()))
    assert hit.any(axis=2).mean() > 2.5 * hit.mean()  # channels are hit apart


@pytest.mark.parametrize("variance", [0.001, 0.05])
def test_multiplicative_noise_is_uniform_and_grows_with_the_value(variance):
    for value in (60, 120):
        image = np.full(SHAPE, value, np.uint8)
        gain = noise.multiplicative_noise(image, variance, np.random.default_rng(5)) / value - 1
        assert gain.var() == pytest.approx(variance + 1 / 12 / value**2, rel=0.02)
        assert np.abs(gain).max() <= np.sqrt(3 * variance) + 0.51 / value


def test_black_stays_black_under_multiplicative_noise():
    black = np.zeros((20, 30, 3), np.uint8)
    assert not noise.multiplicative_noise(black, 0.05, np.random.default_rng(0)).any()


def test_without_noise_nothing_changes(photo):
    rng = np.random.default_rng(6)
    for function in (noise.white_noise, noise.white_noise_color_component, noise.impulse_noise):
        assert np.array_equal(function(photo, 0, rng), photo)
    assert np.array_equal(noise.multiplicative_noise(photo, 0, rng), photo)
    assert np.abs(noise.denoise(photo, 0, rng).astype(int) - photo).max() <= 1


def test_the_pyramids_noise_constants():
    fine = np.random.default_rng(7).standard_normal((1024, 1024)).astype(np.float32)
    for deviation in noise._PYRAMID_NOISE:
        coarse = cv2.pyrDown(fine)
        assert (fine - cv2.pyrUp(coarse)).std() == pytest.approx(deviation, rel=0.02)
        fine = coarse


@pytest.mark.parametrize("variance", [0.01, 0.05, 0.15])
def test_denoise_takes_most_of_the_noise_and_some_of_the_detail(photo, variance):
    noisy, denoised = (
        f(photo, variance, np.random.default_rng(8)).astype(float) for f in (noise.white_noise, noise.denoise)
    )
    assert ((denoised - photo) ** 2).mean() < 0.45 * ((noisy - photo) ** 2).mean()
    flat = noise.denoise(GREY, variance, np.random.default_rng(8))
    assert flat.std() < 0.25 * 255 * np.sqrt(variance)
    activity = [np.abs(np.diff(image.astype(float), axis=1)).mean() for image in (photo, denoised)]
    assert activity[1] < 0.9 * activity[0]
