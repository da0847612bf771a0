"""Accuracies, counted by hand."""

import numpy as np
import pytest

from contrique.learning.probing.measures import measure

NAMES = ("blur", "jpeg", "none", "noise")
KIND = np.array([0, 0, 0, 1, 1, 2])
LEVEL = np.array([1, 3, 5, 2, 4, 0])
SAID = np.array([0, 1, 1, 1, 0, 2])


def said(kinds: np.ndarray) -> np.ndarray:
    """Probabilities: half for the kind said, the rest to the others, less and less in their order."""
    return np.eye(4)[kinds] * 0.5 + np.array([0.2, 0.15, 0.1, 0.05])


def levels(strong: list[float]) -> np.ndarray:
    """Levels of all kinds: those given for the true one, absurd ones for the others."""
    level_NK = np.full((6, 4), 9.0)
    level_NK[np.arange(6), KIND] = strong
    return level_NK


def test_accuracies_are_counted() -> None:
    got = measure(NAMES, said(SAID), levels([1.2, 1.4, 4.6, 2.4, 2.6, 0]), KIND, LEVEL)
    assert got["kind"] == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)  # each kind counts the same
    assert got["kind_in_3"] == 1
    assert got["kind_chance"] == 1 / 4
    assert got["level"] == pytest.approx(3 / 5)
    assert got["level_within_1"] == pytest.approx(4 / 5)
    assert got["level_chance"] == pytest.approx(1 / 5)
    assert got["level_within_1_chance"] == pytest.approx(3 / 5)  # always 3, say: right within one for 2, 3, 4
    assert got["by_kind"] == pytest.approx({"blur": 1 / 3, "jpeg": 1 / 2, "none": 1})
    assert got["by_level"] == pytest.approx({"0": 1, "1": 1, "2": 1, "3": 0, "4": 0, "5": 0})
    assert got["level_error_by_kind"] == pytest.approx({"blur": (0.2 + 1.6 + 0.4) / 3, "jpeg": (0.4 + 1.4) / 2})
    assert got["confused"] == ["blur taken for jpeg 67%", "jpeg taken for blur 50%"]


def test_a_probe_that_is_always_right() -> None:
    got = measure(NAMES, said(KIND), levels(LEVEL.tolist()), KIND, LEVEL)
    assert (got["kind"], got["level"], got["level_within_1"]) == (1, 1, 1)
    assert got["confused"] == []


def test_the_order_of_views_changes_nothing() -> None:
    level_NK, order = levels([1.2, 1.4, 4.6, 2.4, 2.6, 0]), np.array([3, 1, 5, 0, 4, 2])
    shuffled = measure(NAMES, said(SAID)[order], level_NK[order], KIND[order], LEVEL[order])
    as_it_was = measure(NAMES, said(SAID), level_NK, KIND, LEVEL)
    assert shuffled.pop("level_error_by_kind") == pytest.approx(as_it_was.pop("level_error_by_kind"))
    assert shuffled == as_it_was


def test_views_without_any_distortion_have_no_levels() -> None:
    got = measure(NAMES, said(np.array([2, 2])), np.zeros((2, 4)), np.array([2, 2]), np.array([0, 0]))
    assert (got["kind"], got["level"], got["level_error_by_kind"]) == (1, 0, {})
