"""The package's door: names, classes, refusals, and the laws that hold for every type."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES, PRISTINE_CLASS, class_id, distort
from contrique.learning.distortions.kadid import TABLE

RANDOM = {
    "motion_blur",
    "color_shift",
    "white_noise",
    "white_noise_color_component",
    "impulse_noise",
    "multiplicative_noise",
    "denoise",
    "jitter",
    "non_eccentricity_patch",
    "color_block",
}


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = ((a.astype(np.float64) - b) ** 2).mean()
    return float(10 * np.log10(255**2 / error)) if error else np.inf


def test_classes_are_0_to_124_and_pristine_is_125():
    ids = [class_id(name, level) for name in NAMES for level in LEVELS]
    assert ids == list(range(125))
    assert (PRISTINE_CLASS, N_CLASSES) == (125, 126)
    assert tuple(TABLE) == NAMES


def test_the_package_imports_without_opencv_and_torch():
    code = (
        "import sys, contrique.learning.distortions; print([m for m in ('cv2', 'torch', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), level=st.sampled_from(LEVELS), seed=st.integers(0, 99))
def test_any_size_comes_back_the_same_size(name, height, width, level, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    before = image.copy()
    result = distort(image, name, level, seed)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, image)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_grey_image_passes(name):
    for value in (0, 128, 255):
        for level in (1, 5):
            image = np.full((33, 47, 3), value, np.uint8)
            assert distort(image, name, level).shape == image.shape


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name, photo):
    level = 5
    first = distort(photo, name, level, 1)
    assert np.array_equal(first, distort(photo, name, level, 1))
    differs = not np.array_equal(first, distort(photo, name, level, 2))
    assert differs == (name in RANDOM) == TABLE[name].random


@pytest.mark.parametrize("name", NAMES)
def test_memory_layout_does_not_matter(name, photo):
    mirrored = photo[::-1, ::-1]
    assert not mirrored.flags.c_contiguous
    assert np.array_equal(distort(mirrored, name, 4, 3), distort(np.ascontiguousarray(mirrored), name, 4, 3))


# Ordered in another sense, tested in their own files: the definition moves mean shift and contrast through zero, from
# one end to the other; a longer colour shift is not always farther off in a texture that resembles itself.
OTHERWISE = {"mean_shift", "contrast_change", "color_shift"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OTHERWISE])
def test_stronger_levels_are_farther_from_the_original(name, photo):
    seeds = range(6) if TABLE[name].random else [0]
    quality = [np.mean([min(psnr(distort(photo, name, level, seed), photo), 99) for seed in seeds]) for level in LEVELS]
    assert all(np.diff(quality) < 0), quality


def test_levels_of_one_seed_share_their_random_numbers(photo):
    grey = np.full_like(photo, 128)
    mild, strong = (distort(grey, "white_noise", level, 5).astype(float) - 128 for level in (1, 5))
    assert np.corrcoef(mild.ravel(), strong.ravel())[0, 1] > 0.99


def test_workers_can_receive_it(photo):
    again = pickle.loads(pickle.dumps(distort))
    assert np.array_equal(again(photo, "jitter", 2, 8), distort(photo, "jitter", 2, 8))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vignette", 1), "unknown distortion 'vignette'"),
        (("jpeg", 0), "from 1 to 5, got 0"),
        (("jpeg", 6), "from 1 to 5, got 6"),
        (("jpeg", 2.5), "from 1 to 5, got 2.5"),
        (("jpeg", True), "from 1 to 5, got True"),
        (("jpeg", 1, -1), "seed must be"),
        (("jpeg", 1, 0.5), "seed must be"),
    ],
)
def test_wrong_words_are_refused(arguments, words, photo):
    with pytest.raises(ContriqueError, match=words):
        distort(photo, *arguments)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4, 3)), "uint8 array, got float64"),
        (np.zeros((4, 4), np.uint8), r"got shape \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"got shape \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"got shape \(0, 4, 3\)"),
        ([[1, 2, 3]], "uint8 array, got list"),
    ],
)
def test_what_is_no_image_is_refused(image, words):
    with pytest.raises(ValueError, match=words):
        distort(image, "jpeg", 1)
