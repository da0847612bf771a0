"""The shapes of dead leaves: discs, ellipses, rectangles and polygons, all convex, as corners for OpenCV to fill.

Shape suffixes: N leaves, S shapes, V corners.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHAPES = 64
"""How many different shapes there are, a quarter of each family."""

_ROUND = 48  # corners of round shapes
_THINNER = ((14, 4), (60, 2))
"""Below this radius, samples of the drawing, only every so manyth corner of round shapes: off by half a sample."""


@lru_cache(maxsize=1)
def shapes() -> tuple[Floats, ...]:
    """The corners (V, 2) of every shape. Each touches the unit circle and does not leave it."""
    rng = np.random.default_rng(0x5A9E5)
    turn_V = np.arange(_ROUND) * 2 * np.pi / _ROUND
    circle = np.stack([np.cos(turn_V), np.sin(turn_V)], axis=1)
    out = []
    for i in range(SHAPES // 4):
        out.append(circle)
        out.append(circle * [1, np.exp(rng.uniform(np.log(0.3), np.log(0.9)))])
        half = rng.uniform(np.pi / 16, np.pi / 4)  # the angle between long side and diagonal: slats of 1:5 to squares
        out.append(np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [np.cos(half), np.sin(half)])
        sides = 3 + i % 5
        turn_V = (np.arange(sides) + rng.uniform(-0.3, 0.3, sides)) * 2 * np.pi / sides
        out.append(np.stack([np.cos(turn_V), np.sin(turn_V)], axis=1))
    return tuple(out)


@lru_cache(maxsize=1)
def mean_area() -> float:
    """Of the shapes: the shoelace formula."""
    doubled = [x @ np.roll(y, -1) - y @ np.roll(x, -1) for x, y in (corners_V2.T for corners_V2 in shapes())]
    return float(np.mean(np.abs(doubled))) / 2


@lru_cache(maxsize=4)
def _bank(step: int) -> tuple[Floats, NDArray[np.int64]]:
    """All shapes in one array (S, V, 2), of round ones every ``step``-th corner, and how many corners each has."""
    thinned = [corners_V2[::step] if len(corners_V2) == _ROUND else corners_V2 for corners_V2 in shapes()]
    corners_S = np.array([len(corners_V2) for corners_V2 in thinned])
    bank_SV2 = np.zeros((SHAPES, corners_S.max(), 2))
    for row_V2, corners_V2 in zip(bank_SV2, thinned, strict=True):
        row_V2[: len(corners_V2)] = corners_V2
    return bank_SV2, corners_S


def polygons(
    centre_N2: Floats, radius_N: Floats, shape_N: NDArray[np.int64], angle_N: Floats, unit: float
) -> Iterator[NDArray[np.int32]]:
    """Turn, enlarge and move shapes.

    Args:
        centre_N2: x and y of the centres, samples of the drawing.
        radius_N: radius of the circle around each, samples.
        shape_N: which shape, 0 … SHAPES − 1.
        angle_N: by how much to turn it, radians.
        unit: what a sample is in the result.

    Yields:
        int32 (V, 2), the corners of each.
    """
    tier_N = np.searchsorted([limit for limit, _ in _THINNER], radius_N, side="right")
    made = []
    for tier, step in enumerate([*(step for _, step in _THINNER), 1]):
        mine_N = tier_N == tier
        bank_SV2, corners_S = _bank(step)
        x_NV, y_NV = np.moveaxis(bank_SV2[shape_N[mine_N]], 2, 0)
        cos_N1, sin_N1 = ((unit * radius_N[mine_N] * f(angle_N[mine_N]))[:, None] for f in (np.cos, np.sin))
        points_NV2 = np.empty((*x_NV.shape, 2), np.int32)
        points_NV2[..., 0] = np.rint(unit * centre_N2[mine_N, :1] + cos_N1 * x_NV - sin_N1 * y_NV)
        points_NV2[..., 1] = np.rint(unit * centre_N2[mine_N, 1:] + sin_N1 * x_NV + cos_N1 * y_NV)
        made.append(zip(points_NV2, corners_S[shape_N[mine_N]].tolist(), strict=True))
    for tier in tier_N.tolist():
        points_V2, corners = next(made[tier])
        yield points_V2[:corners]
