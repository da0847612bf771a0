"""Numbers beside the picture: how well neighbours among other contents tell a point's type and level.

A point's neighbours are the k nearest points (Euclidean) that do not share its content: points of its own content lie
close for what they show, and say nothing about distortions.

Shapes: N points, K dimensions, k neighbours.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

NEIGHBOURS = 10
LEAST_MEMBERS = 10
"""Points of a type below which its levels are not ranked."""
_CHUNK = 512  # rows of distances at once: 20 MB for 10,000 points
_SILHOUETTE = 5000  # points that silhouettes are computed of at most


def other_contents(x_NK: np.ndarray, groups_N: np.ndarray, among_N: np.ndarray | None = None) -> np.ndarray:
    """The nearest points of other contents.

    Args:
        x_NK: places.
        groups_N: contents.
        among_N: labels; if given, only points of the same label count.

    Returns:
        int64 (N, k ≤ 10), nearest first; -1 where there are fewer.
    """
    count = min(NEIGHBOURS, len(x_NK))
    found_Nk = np.full((len(x_NK), count), -1, np.int64)
    x_NK = np.asarray(x_NK, np.float64)
    square_N = (x_NK**2).sum(axis=1)
    for start in range(0, len(x_NK), _CHUNK):
        rows = slice(start, start + _CHUNK)
        distance_BN = square_N[rows, None] + square_N[None] - 2 * x_NK[rows] @ x_NK.T
        barred_BN = groups_N[rows, None] == groups_N[None]
        if among_N is not None:
            barred_BN |= among_N[rows, None] != among_N[None]
        distance_BN[barred_BN] = np.inf
        nearest_Bk = np.argsort(distance_BN, axis=1, kind="stable")[:, :count]
        possible_Bk = np.isfinite(np.take_along_axis(distance_BN, nearest_Bk, axis=1))
        found_Nk[rows] = np.where(possible_Bk, nearest_Bk, -1)
    return found_Nk


def vote(labels_N: np.ndarray, neighbours_Nk: np.ndarray) -> np.ndarray:
    """The commonest label among each point's neighbours; of equally common ones the one met first; -1 without any."""
    out_N = np.full(len(neighbours_Nk), -1, np.int64)
    for row, members in enumerate(neighbours_Nk):
        seen = labels_N[members[members >= 0]]
        if seen.size:
            values, first, counts = np.unique(seen, return_index=True, return_counts=True)
            out_N[row] = values[np.lexsort((first, -counts))[0]]
    return out_N


def level_agreement(x_NK: np.ndarray, types_N: np.ndarray, levels_N: np.ndarray, groups_N: np.ndarray) -> float | None:
    """How well neighbours of the same type rank levels: the mean over types of a rank correlation.

    For each type, Spearman's correlation between a point's level and the mean level of its nearest points of that type
    among other contents: ten, or a fifth of all there are if that is less (the mean of nearly all others falls where
    the own level rises, whatever the places). Types of fewer than ten such points, or of one level, are left out.

    Returns:
        -1 to 1, or None if there is no type to measure.
    """
    from contrique.evaluation.correlation import srocc

    known = np.flatnonzero(np.isfinite(levels_N))
    types, levels, groups = types_N[known], levels_N[known], groups_N[known]
    neighbours = other_contents(x_NK[known], groups, types)
    found = []
    for kind in np.unique(types):
        members = np.flatnonzero(types == kind)
        _, content, counts = np.unique(groups[members], return_inverse=True, return_counts=True)
        others = len(members) - counts[content]
        members, others = members[others > 0], others[others > 0]
        if len(members) < LEAST_MEMBERS or len(np.unique(levels[members])) < 2:
            continue
        near = [neighbours[i, : min(NEIGHBOURS, max(1, n // 5))] for i, n in zip(members, others, strict=True)]
        predicted = np.array([levels[one].mean() for one in near])
        found.append(srocc(predicted, levels[members]) if np.ptp(predicted) > 0 else 0.0)
    return float(np.mean(found)) if found else None


def measure(x_NK: np.ndarray, types: Sequence[str], levels_N: np.ndarray, groups_N: np.ndarray) -> dict[str, Any]:
    """All numbers of one set of places.

    Returns:
        ``type_accuracy``: share of points whose neighbours vote for their type; ``type_chance``: that of always
        guessing the commonest type; ``level_accuracy`` and ``level_chance``: likewise for levels, of the points that
        have one, where levels are at most ten different values; ``level_srocc``: see :func:`level_agreement`;
        ``silhouette``: of types, -1 to 1 (P. J. Rousseeuw, 1987). None where there is nothing to measure.
    """
    from sklearn.metrics import silhouette_score

    names, type_N = np.unique(np.array(types, dtype=object), return_inverse=True)
    result: dict[str, Any] = dict.fromkeys(
        ("type_accuracy", "type_chance", "level_accuracy", "level_chance", "level_srocc", "silhouette")
    )
    neighbours_Nk = other_contents(x_NK, groups_N)
    if len(names) > 1 and (neighbours_Nk >= 0).any():
        result["type_accuracy"] = float((vote(type_N, neighbours_Nk) == type_N).mean())
        result["type_chance"] = float(np.bincount(type_N).max() / len(type_N))
    if 1 < len(names) < len(types):
        most = min(_SILHOUETTE, len(types))
        some = np.sort(np.random.default_rng(0).choice(len(types), most, replace=False))
        if 1 < len(np.unique(type_N[some])) < most:
            result["silhouette"] = float(silhouette_score(x_NK[some], type_N[some]))
    known = np.isfinite(levels_N)
    values, level_N = np.unique(np.where(known, levels_N, np.inf), return_inverse=True)
    if known.any() and 1 < np.isfinite(values).sum() <= 10 and (neighbours_Nk >= 0).any():
        result["level_accuracy"] = float((vote(level_N, neighbours_Nk) == level_N)[known].mean())
        result["level_chance"] = float(np.bincount(level_N[known]).max() / known.sum())
    if known.any():
        result["level_srocc"] = level_agreement(x_NK, type_N, levels_N, groups_N)
    return result
