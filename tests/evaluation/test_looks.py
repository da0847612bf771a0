"""What images look like: numbers of pictures whose answer is known, and their names."""

import numpy as np
import pytest

from contrique.evaluation.looks import busyness, colourfulness, looks, mean_luma


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (120, 120)) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


def test_luma_of_the_primaries() -> None:
    assert mean_luma(flat((255, 255, 255))) == pytest.approx(255)
    assert [round(mean_luma(flat(c)), 2) for c in ((100, 0, 0), (0, 100, 0), (0, 0, 100))] == [29.9, 58.7, 11.4]


def test_colourfulness_by_the_papers_formula() -> None:
    assert colourfulness(flat((90, 90, 90))) == 0
    assert colourfulness(flat((200, 0, 0))) == pytest.approx(0.3 * np.hypot(200, 100))
    half_HWC = flat((200, 0, 0))
    half_HWC[:60] = (0, 200, 0)  # rg ±200, yb 100 throughout
    assert colourfulness(half_HWC) == pytest.approx(200 + 0.3 * 100)


def test_busyness_grows_with_detail_and_not_with_size() -> None:
    rng = np.random.default_rng(0)
    small_HWC = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    large_HWC = np.kron(small_HWC, np.ones((4, 4, 1), np.uint8))
    assert busyness(flat((3, 80, 200))) == 0
    assert busyness(large_HWC) == pytest.approx(busyness(small_HWC))
    assert busyness(small_HWC // 2 + 60) < 0.6 * busyness(small_HWC)


def test_names() -> None:
    rng = np.random.default_rng(0)
    noise_HWC = rng.integers(0, 256, (100, 150, 3), dtype=np.uint8)
    images = [flat((10, 10, 10)), flat((110, 110, 110), (150, 100)), flat((255, 250, 0)), noise_HWC]
    found = looks(images)
    assert found["brightness"] == ["dark", "normal", "bright", "normal"]
    assert found["colour"] == ["nearly grey", "nearly grey", "colourful", "colourful"]
    assert found["shape"] == ["square", "tall", "square", "wide"]
    assert found["detail"][3] == "busy"
    assert looks([flat((0, 0, 0), (100, 110)), flat((0, 0, 0), (110, 100))])["shape"] == ["square", "square"]


def test_no_images() -> None:
    assert looks([]) == {"brightness": [], "colour": [], "detail": [], "shape": []}
