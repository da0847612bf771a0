"""The 25 distortions of KADID-10k and KADIS-700k at five levels: names, classes, and one function that applies them.

H. Lin, V. Hosu, D. Saupe, "KADID-10k: A Large-scale Artificially Distorted IQA Database", QoMEX 2019; names and order
are the paper's. Every distortion takes an uint8 RGB image and gives a new one of the same size. Importing this package
is light; OpenCV and the rest are imported by the first call of :func:`distort`.

What differs from the authors' generator, for all types: it stretches every image to fill 0–1 before and after the
distortion. That partly undoes brightness and contrast changes, lets one noisy pixel set the contrast of a photograph,
and marks every distorted image by something that is no distortion, so nothing is stretched here: values are clipped.
Differences of single types are told where each is written.
"""

from typing import TYPE_CHECKING

from contrique.errors import ContriqueError, need

if TYPE_CHECKING:
    import numpy as np

NAMES: tuple[str, ...] = (
    "gaussian_blur",
    "lens_blur",
    "motion_blur",
    "color_diffusion",
    "color_shift",
    "color_quantization",
    "color_saturation_1",
    "color_saturation_2",
    "jpeg2000",
    "jpeg",
    "white_noise",
    "white_noise_color_component",
    "impulse_noise",
    "multiplicative_noise",
    "denoise",
    "brighten",
    "darken",
    "mean_shift",
    "jitter",
    "non_eccentricity_patch",
    "pixelate",
    "quantization",
    "color_block",
    "high_sharpen",
    "contrast_change",
)
"""All 25 types in KADID-10k's order (its type 1 first)."""

LEVELS: tuple[int, ...] = (1, 2, 3, 4, 5)
"""The levels of every type, from mild to strong (for types with a sign: through zero from one end to the other)."""

PRISTINE_CLASS = len(NAMES) * len(LEVELS)
"""Class of an undistorted image: 125, after the 125 pairs of type and level."""

N_CLASSES = PRISTINE_CLASS + 1
"""Number of distortion classes, the undistorted one included: 126."""


def class_id(name: str, level: int) -> int:
    """Class of one distortion type at one level.

    Args:
        name: one of :data:`NAMES`.
        level: 1 to 5.

    Returns:
        0 to 124, type by type in the order of :data:`NAMES`, level by level within a type.

    Raises:
        ContriqueError: unknown name or level.
    """
    if name not in NAMES:
        raise ContriqueError(f"unknown distortion {name!r}; expected one of: {', '.join(NAMES)}")
    if isinstance(level, bool) or level not in LEVELS:
        raise ContriqueError(f"distortion level must be a whole number from 1 to 5, got {level!r}")
    return NAMES.index(name) * len(LEVELS) + int(level) - 1


def check_image(image_HWC: "np.ndarray") -> None:
    """Raise ContriqueError unless this is a uint8 array of shape (H, W, 3) with at least one pixel."""
    import numpy as np

    if not isinstance(image_HWC, np.ndarray) or image_HWC.dtype != np.uint8:
        got = image_HWC.dtype if isinstance(image_HWC, np.ndarray) else type(image_HWC).__name__
        raise ContriqueError(f"expected an image as a uint8 array, got {got}")
    if image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or image_HWC.size == 0:
        raise ContriqueError(f"expected an RGB image of shape (height, width, 3), got shape {image_HWC.shape}")


def distort(image_HWC: "np.ndarray", name: str, level: int, seed: int = 0) -> "np.ndarray":
    """Apply one distortion at one level.

    The result depends on the arguments alone (no global state, any process, any thread). With one seed, a stronger
    level draws the same random numbers as a milder one, so levels of one seed differ in strength and not in luck.

    Args:
        image_HWC: uint8 RGB image of shape (H, W, 3), any size from 1 × 1; it is not changed.
        name: one of :data:`NAMES`.
        level: 1 to 5.
        seed: whole number ≥ 0; matters only for the types that draw random numbers.

    Returns:
        A new contiguous uint8 array of the same shape.

    Raises:
        ContriqueError: an argument is not as described above.
        MissingExtra: OpenCV (extra ``learn``) is not installed.
    """
    import numpy as np

    class_id(name, level)
    check_image(image_HWC)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ContriqueError(f"seed must be a whole number that is not negative, got {seed!r}")
    need("cv2", "learn", "contrique distort")
    from contrique.learning.distortions.kadid import TABLE

    entry = TABLE[name]
    image = np.ascontiguousarray(image_HWC)
    amount = entry.amounts[int(level) - 1]
    if entry.random:
        return entry.apply(image, amount, np.random.default_rng(int(seed)))
    return entry.apply(image, amount)
