"""How often a probe is right on views of photographs it was not fitted to.

Shapes: N views, K kinds.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from contrique.learning.distortions import LEVELS
from contrique.probe import NONE

CONFUSED = 8
"""How many pairs of kinds are named."""


def measure(
    names: Sequence[str], probability_NK: np.ndarray, level_NK: np.ndarray, kind_N: np.ndarray, level_N: np.ndarray
) -> dict[str, Any]:
    """Measure what a probe said of views.

    Args:
        names: of the kinds.
        probability_NK: from ``Probe.predict``.
        level_NK: likewise.
        kind_N: what they are.
        level_N: how strong, 1 to 5; 0 where the kind is "none".

    Returns:
        ``kind``: the share of views whose most likely kind is right; ``kind_in_3``: of those where it is among the
        three most likely; ``kind_chance``: by guessing; every kind counts the same in these.
        ``level``: the share of distorted views whose level (that of their true kind, rounded) is right;
        ``level_within_1``: right or next to it; and for both the share by always giving the best constant.
        ``by_kind``, ``by_level``: right kinds by kind and by level (0: none); ``level_error_by_kind``: mean of |level −
        truth|; ``confused``: the most frequent mistakes in words. Shares are 0 to 1; kinds without a view are left out.
    """
    order_NK = np.argsort(-probability_NK, axis=1, kind="stable")
    said_N = order_NK[:, 0]
    right_N = said_N == kind_N
    distorted_N = np.array(names)[kind_N] != NONE
    known_M = level_N[distorted_N]
    guess_M = level_NK[np.arange(len(kind_N)), kind_N][distorted_N]
    off_M = np.abs(np.rint(guess_M) - known_M)
    error_N = np.zeros(len(kind_N))
    error_N[distorted_N] = np.abs(guess_M - known_M)
    present = np.unique(kind_N).tolist()
    right_in_3_N = (order_NK[:, :3] == kind_N[:, None]).any(axis=1)
    return {
        "kind": float(np.mean([right_N[kind_N == kind].mean() for kind in present])),
        "kind_in_3": float(np.mean([right_in_3_N[kind_N == kind].mean() for kind in present])),
        "kind_chance": 1 / len(names),
        "level": _share(off_M == 0),
        "level_chance": max(_share(known_M == level) for level in LEVELS),
        "level_within_1": _share(off_M <= 1),
        "level_within_1_chance": max(_share(np.abs(known_M - level) <= 1) for level in LEVELS),
        "by_kind": {names[kind]: float(right_N[kind_N == kind].mean()) for kind in present},
        "by_level": {str(level): float(right_N[level_N == level].mean()) for level in np.unique(level_N)},
        "level_error_by_kind": {
            names[kind]: float(error_N[kind_N == kind].mean()) for kind in present if names[kind] != NONE
        },
        "confused": _confused(names, kind_N, said_N),
    }


def _share(true: np.ndarray) -> float:
    return float(true.mean()) if true.size else 0.0


def _confused(names: Sequence[str], kind_N: np.ndarray, said_N: np.ndarray) -> list[str]:
    """The most frequent mistakes: "a taken for b 12%", of the views of a."""
    count_KK = np.zeros((len(names), len(names)))
    np.add.at(count_KK, (kind_N, said_N), 1)
    share_KK = count_KK / np.maximum(count_KK.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(share_KK, 0)
    order = np.argsort(-share_KK, axis=None, kind="stable")[:CONFUSED]
    pairs = [divmod(int(place), len(names)) for place in order]
    return [f"{names[a]} taken for {names[b]} {share_KK[a, b]:.0%}" for a, b in pairs if share_KK[a, b] > 0]
