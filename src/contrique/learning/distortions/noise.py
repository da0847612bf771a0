"""KADID-10k types 11–15: white, colour-component, impulse and multiplicative noise, and denoising.

The first four are MATLAB's ``imnoise`` on values in 0–1, clipped to 0–1 afterwards.
"""

import functools
import math
import statistics

import cv2
import numpy as np


def white_noise(image_HWC: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Type 11: independent Gaussian noise on every value of R, G and B.

    Args:
        image_HWC: uint8 RGB.
        variance: of the noise on the scale 0–1, ≥ 0; KADID levels 0.001, 0.002, 0.003, 0.005, 0.01.
        rng: source of the noise.

    Returns:
        The noisy image.
    """
    return cv2.add(image_HWC, normal(rng, image_HWC.shape, 255 * math.sqrt(variance)), dtype=cv2.CV_8U)


# ITU-R BT.601 studio range: what one unit of noise in Y, Cb or Cr (columns) moves R, G and B (rows), from inverting
# MATLAB's rgb2ycbcr: 255/219 for Y, 255/224 times 1.402, 1.772 and their shares of green for the other two.
_RGB_FROM_YCBCR = (
    np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]]) * np.array([255 / 219, 255 / 224, 255 / 224])
).astype(np.float32)


def white_noise_color_component(image_HWC: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Type 12: independent Gaussian noise on every value of Y, Cb and Cr.

    ``imnoisecolorcomp.m`` converts to YCbCr (studio range), adds the noise, clips and converts back. The conversion is
    linear, so here the noise alone is converted and added; only the clip of YCbCr to 0–255 is left out, which matters
    for the darkest pixels at the strongest level alone.

    Args:
        image_HWC: uint8 RGB.
        variance: of the noise in Y, Cb and Cr on the scale 0–1, ≥ 0; KADID levels 0.0001, 0.0005, 0.001, 0.002, 0.003.
        rng: source of the noise.

    Returns:
        The noisy image.
    """
    noise = normal(rng, image_HWC.shape, 255 * math.sqrt(variance))
    return cv2.add(image_HWC, cv2.transform(noise, _RGB_FROM_YCBCR), dtype=cv2.CV_8U)


def impulse_noise(image_HWC: np.ndarray, density: float, rng: np.random.Generator) -> np.ndarray:
    """Type 13: salt and pepper: each value of R, G and B becomes, with a given chance, 0 or 255, equally likely.

    Args:
        image_HWC: uint8 RGB.
        density: the chance, 0–1; KADID levels 0.001, 0.005, 0.01, 0.02, 0.03.
        rng: source of the noise.

    Returns:
        The noisy image.
    """
    result = image_HWC.copy()
    hits = int(rng.binomial(result.size, density))
    places = rng.choice(result.size, hits, replace=False, shuffle=False)
    result.reshape(-1)[places] = np.where(rng.random(hits) < 0.5, 0, 255)
    return result


def multiplicative_noise(image_HWC: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Type 14: speckle: every value v of R, G and B becomes v + n·v.

    MATLAB's ``imnoise(…, 'speckle', variance)``, whose n is uniform with mean 0 (public ports draw it from a normal
    distribution).

    Args:
        image_HWC: uint8 RGB.
        variance: of n, ≥ 0; KADID levels 0.001, 0.005, 0.01, 0.02, 0.05.
        rng: source of n.

    Returns:
        The noisy image.
    """
    half_width = math.sqrt(3 * variance)
    gain = rng.random(image_HWC.shape, dtype=np.float32)
    gain *= np.float32(2 * half_width)
    gain += np.float32(1 - half_width)
    return cv2.multiply(image_HWC, gain, dtype=cv2.CV_8U)


# Standard deviation of level k of the Laplacian pyramid of white noise of deviation 1; the tests measure it again.
_PYRAMID_NOISE = (0.9428, 0.2303, 0.1006, 0.0490)


def denoise(image_HWC: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Type 15: Gaussian noise is added and then taken away by a denoiser, leaving lost detail and blotches.

    ``imdenoise.m`` denoises R, G and B with MATLAB's pretrained DnCNN. A classical denoiser stands in for that network
    here, as its weights are not ours to ship and it takes seconds a photograph: in the four finest levels of each
    channel's Laplacian pyramid, a detail is multiplied by the share of its neighbourhood's (5 × 5) energy that the
    noise does not explain (M. K. Mihçak et al., "Low-complexity image denoising based on statistical modeling of
    wavelet coefficients", IEEE Signal Processing Letters 6(12), 1999). The denoiser knows the variance.

    Args:
        image_HWC: uint8 RGB.
        variance: of the noise on the scale 0–1, ≥ 0; KADID levels 0.01, 0.03, 0.05, 0.1, 0.15.
        rng: source of the noise.

    Returns:
        The noisy image, denoised.
    """
    sigma = 255 * math.sqrt(variance)
    coarse: np.ndarray = white_noise(image_HWC, variance, rng).astype(np.float32)
    details = []
    for deviation in _PYRAMID_NOISE:
        fine = coarse
        coarse = cv2.pyrDown(fine)
        detail = cv2.subtract(fine, cv2.pyrUp(coarse, dstsize=fine.shape[1::-1]))
        energy = cv2.sqrBoxFilter(detail, cv2.CV_32F, (5, 5), borderType=cv2.BORDER_REFLECT)
        share = np.maximum(energy, np.float32(1e-6))
        np.divide(np.float32(-((deviation * sigma) ** 2)), share, out=share)
        share += 1
        detail *= np.maximum(share, 0, out=share)
        details.append(detail)
    for detail in reversed(details):
        coarse = cv2.add(cv2.pyrUp(coarse, dstsize=detail.shape[1::-1]), detail)
    return cv2.convertScaleAbs(np.maximum(coarse, 0))


def normal(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Gaussian noise, several times as fast as ``rng.standard_normal``.

    Sixteen random bits choose one of 65,536 equally likely quantiles of the normal distribution, so values end at 4.3 σ
    and come in steps that are far below a grey level near the middle.

    Args:
        rng: source of the bits.
        shape: of the result.
        sigma: standard deviation, ≥ 0.

    Returns:
        float32 array.
    """
    count = math.prod(shape)
    words = rng.integers(0, 2**64, -(-count // 4), dtype=np.uint64)
    bits = words.astype("<u8", copy=False).view("<u2")[:count].reshape(shape)
    return np.take(_quantiles() * np.float32(sigma), bits, mode="wrap")


@functools.lru_cache(maxsize=1)
def _quantiles() -> np.ndarray:
    inverse = statistics.NormalDist().inv_cdf
    upper = np.array([inverse(0.5 + (i + 0.5) / 65_536) for i in range(32_768)])
    values = np.concatenate([-upper, upper])
    values = (values / values.std()).astype(np.float32)
    values.setflags(write=False)
    return values
