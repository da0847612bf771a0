"""The surfaces of textured dead leaves: a fixed set of seamless patterns, made of formulas and noise alone.

Four families, as far apart as bark, cloth, sand and cloud are: noise whose power falls as 1/fᵃ (cloud to sand), the
same drawn out in one direction (grass, wood, brushed metal), two-tone spots cut from band-limited noise (leopards,
pebbles), and waves bent by noise (ripples, weave). The first is the random-phase noise of Galerne, Gousseau & Morel,
"Random Phase Textures" (IEEE TIP 2011) with the spectrum of natural scenes (a near 2; Field, JOSA A 1987); the mixture
of families follows Achddou, Gousseau & Ladjal, "Synthetic images as a regularity prior for image restoration" (2021)
in spirit. No photograph takes part.

Shape suffixes: K textures, H and W of one (both ``SIDE``).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIDE = 256
"""Side of a texture, pixels; it repeats beyond. A place in it is two bytes."""
COUNT = 64
"""Textures, a quarter of each family."""
UNIT = 32
"""What one standard deviation is in the bytes of ``atlas``: ±3.97 deviations fit."""
_SEED = 0x7EA5


@lru_cache(maxsize=1)
def atlas() -> NDArray[np.int8]:
    """All textures; each repeats without a seam.

    Returns:
        int8 (COUNT, SIDE, SIDE), of each texture mean 0 and deviation ``UNIT``. Not to be written to. 4 MiB, made at
        the first call.
    """
    families = (_noise, _strands, _spots, _waves)
    out_KHW = np.empty((COUNT, SIDE, SIDE), np.int8)
    for k in range(COUNT):
        texture_HW = families[k % len(families)](np.random.default_rng([_SEED, k]))
        texture_HW = (texture_HW - texture_HW.mean()) / texture_HW.std()
        out_KHW[k] = np.clip(np.rint(UNIT * texture_HW), -127, 127)
    out_KHW.setflags(write=False)
    return out_KHW


def _frequencies() -> tuple[Floats, Floats]:
    """Vertical and horizontal frequency, cycles a texture, of a real two-dimensional transform."""
    f = np.asarray(np.fft.fftfreq(SIDE) * SIDE, np.float64)
    return f[:, None], np.abs(f[None, : SIDE // 2 + 1])


def _filtered(rng: np.random.Generator, gain_HW: Floats) -> Floats:
    """White Gaussian noise with each frequency's amplitude multiplied by a gain; none is left at frequency 0."""
    gain_HW = gain_HW.copy()
    gain_HW[0, 0] = 0
    out_HW = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * gain_HW, (SIDE, SIDE))
    return out_HW / out_HW.std()


def _noise(rng: np.random.Generator) -> Floats:
    """Power falling as 1/fᵃ, a from 0.8 (sand) to 3.5 (cloud)."""
    fy, fx = _frequencies()
    return _filtered(rng, np.maximum(np.hypot(fy, fx), 1) ** (-rng.uniform(0.8, 3.5) / 2))


def _strands(rng: np.random.Generator) -> Floats:
    """1/fᵃ noise drawn out 4 to 12 times along a random direction."""
    fy, fx = _frequencies()
    angle, stretch = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(4), np.log(12)))
    along, across = fx * np.cos(angle) + fy * np.sin(angle), fy * np.cos(angle) - fx * np.sin(angle)
    return _filtered(rng, np.maximum(np.hypot(along * stretch, across), 2) ** -rng.uniform(0.6, 1.4))


def _spots(rng: np.random.Generator) -> Floats:
    """Two tones with soft borders: noise of one scale, from 3 to 40 pixels, cut at a random height."""
    fy, fx = _frequencies()
    centre = SIDE / np.exp(rng.uniform(np.log(6), np.log(80)))
    field_HW = _filtered(rng, np.exp(-0.5 * (np.log(np.maximum(np.hypot(fy, fx), 0.5) / centre) / 0.35) ** 2))
    return np.tanh(rng.uniform(1.5, 4) * (field_HW - rng.uniform(-0.8, 0.8)))


def _waves(rng: np.random.Generator) -> Floats:
    """One or two crossed sinusoids of a whole number of waves a texture, bent by smooth noise, under a fine grain."""
    fy, fx = _frequencies()
    y_HW, x_HW = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    bend_HW = _filtered(rng, np.exp(-np.hypot(fy, fx) / 2)) * rng.uniform(0.1, 1.2)
    length = np.exp(rng.uniform(np.log(4), np.log(32)))  # pixels
    angle = rng.uniform(0, np.pi)
    out_HW = np.zeros((SIDE, SIDE))
    for turn in (0, np.pi / 2)[: rng.integers(1, 3)]:
        waves_x, waves_y = np.rint(SIDE / length * np.array([np.cos(angle + turn), np.sin(angle + turn)]))
        out_HW += np.sin(2 * np.pi * (waves_x * x_HW + waves_y * y_HW) + bend_HW)
    return out_HW + 0.3 * _filtered(rng, np.maximum(np.hypot(fy, fx), 1) ** -0.8)
