"""The table of KADID-10k and KADIS-700k: which function each type is, and its parameter at the five levels.

Constants: the authors' generator ``imdist_generator.m`` of the KADIS-700k code release (Lin, Hosu, Saupe: "DeepFL-IQA",
arXiv 2001.08113, 2020; http://database.mmsp-kn.de/kadid-10k-database.html), equal to the ones the KADID-10k images
were made with. Order: the type numbers 1–25 of KADID-10k.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from contrique.learning.distortions import blur, brightness, color, compression, noise, sharpness_contrast, spatial


class Distortion(NamedTuple):
    """One type.

    Attributes:
        apply: ``apply(image_HWC, amount)``, or ``apply(image_HWC, amount, rng)`` where ``random`` is true.
        amounts: the parameter at levels 1 to 5; its meaning and unit are told by the function.
        random: whether the function draws random numbers.
    """

    apply: Callable[..., np.ndarray]
    amounts: tuple[float, float, float, float, float]
    random: bool = False


TABLE: dict[str, Distortion] = {
    "gaussian_blur": Distortion(blur.gaussian_blur, (0.1, 0.5, 1, 2, 5)),
    "lens_blur": Distortion(blur.lens_blur, (1, 2, 4, 6, 8)),
    "motion_blur": Distortion(blur.motion_blur, (1, 2, 4, 6, 10), random=True),
    "color_diffusion": Distortion(color.color_diffusion, (1, 3, 6, 8, 12)),
    "color_shift": Distortion(color.color_shift, (1, 3, 6, 8, 12), random=True),
    "color_quantization": Distortion(color.color_quantization, (64, 48, 32, 16, 8)),
    "color_saturation_1": Distortion(color.color_saturation_1, (0.4, 0.2, 0.1, 0, -0.4)),
    "color_saturation_2": Distortion(color.color_saturation_2, (1, 2, 3, 6, 9)),
    "jpeg2000": Distortion(compression.jpeg2000, (16, 32, 45, 120, 400)),
    "jpeg": Distortion(compression.jpeg, (43, 36, 24, 7, 4)),
    "white_noise": Distortion(noise.white_noise, (0.001, 0.002, 0.003, 0.005, 0.01), random=True),
    "white_noise_color_component": Distortion(
        noise.white_noise_color_component, (0.0001, 0.0005, 0.001, 0.002, 0.003), random=True
    ),
    "impulse_noise": Distortion(noise.impulse_noise, (0.001, 0.005, 0.01, 0.02, 0.03), random=True),
    "multiplicative_noise": Distortion(noise.multiplicative_noise, (0.001, 0.005, 0.01, 0.02, 0.05), random=True),
    "denoise": Distortion(noise.denoise, (0.01, 0.03, 0.05, 0.1, 0.15), random=True),
    "brighten": Distortion(brightness.brighten, (0.1, 0.2, 0.4, 0.7, 1.1)),
    "darken": Distortion(brightness.darken, (0.05, 0.1, 0.2, 0.4, 0.8)),
    "mean_shift": Distortion(brightness.mean_shift, (0.15, 0.08, 0, -0.08, -0.15)),
    "jitter": Distortion(spatial.jitter, (0.05, 0.1, 0.2, 0.5, 1), random=True),
    "non_eccentricity_patch": Distortion(spatial.non_eccentricity_patch, (20, 40, 60, 80, 100), random=True),
    "pixelate": Distortion(spatial.pixelate, (0.01, 0.05, 0.1, 0.2, 0.5)),
    "quantization": Distortion(spatial.quantization, (20, 16, 13, 10, 7)),
    "color_block": Distortion(spatial.color_block, (2, 4, 6, 8, 10), random=True),
    "high_sharpen": Distortion(sharpness_contrast.high_sharpen, (1, 2, 3, 6, 12)),
    "contrast_change": Distortion(sharpness_contrast.contrast_change, (0.3, 0.15, 0, -0.4, -0.6)),
}
