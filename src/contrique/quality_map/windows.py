"""Where an image looks good and where bad: the model's own opinion of overlapping windows, blended into one map.

Windows of one size, each overlapping its neighbour by a third, are scored like images of their own. A window is scored
lower or higher than the image it is cut from (it shows less, and regressors are fitted to whole images), so all are
shifted by one amount, in points before they are bent into 0–100 (scale.py), that makes the mean of the map the score
of the image. Between the windows' centres the map is blended with Hann weights.

Shapes: H, W the image at the size it is scored at; Y, X rows and columns of windows; N = Y·X; D features.
"""

from typing import TYPE_CHECKING

import numpy as np

from contrique.errors import ModelError
from contrique.images import size_before_mirroring
from contrique.quality_map.made import QualityMap
from contrique.scale import bent, to_points

if TYPE_CHECKING:
    from contrique.model import QualityModel

WINDOW = 128
"""Most pixels of a window's side."""

PARTS = 3
"""A window's side is a third of the image's short side where that is less."""

STEP = 0.7
"""Most of a side from one window to the next: 24 windows of 128 make twice the pixels of an image of 512 × 384."""


def quality_map(model: "QualityModel", image_HWC: np.ndarray, name: str) -> QualityMap:
    """Map the local quality of one image.

    Args:
        model: scores the image and its windows.
        image_HWC: uint8 RGB, of any size.
        name: of the image, for its score.

    Raises:
        ModelError: the model has no regressor, or scores against a reference.
    """
    if model.full_reference:
        raise ModelError(f"{model.name} scores an image against its reference: it has no map of one image alone")
    height, width = size_before_mirroring(*image_HWC.shape[:2], model.preprocessing)
    full_HWC = model.prepare(image_HWC)
    score = model.to_score(name, model.features_of([full_HWC])[0])
    side = window_side(min(full_HWC.shape[:2]), model.preprocessing.min_side)
    tops, lefts = (starts(size, side) for size in full_HWC.shape[:2])
    windows = [full_HWC[top : top + side, left : left + side] for top in tops for left in lefts]
    points_YX = to_points(model.predict(model.features_of(windows)), model.card["regressor"]["mapping"])
    points_YX = points_YX.reshape(len(tops), len(lefts))
    rows_HY, columns_WX = (
        blending(size, np.array(begins), side) for size, begins in zip(full_HWC.shape[:2], (tops, lefts), strict=True)
    )
    top, left = ((long - short) // 2 for long, short in zip(full_HWC.shape, (height, width), strict=False))
    rows_HY, columns_WX = rows_HY[top : top + height], columns_WX[left : left + width]
    local_YX = shifted(points_YX, rows_HY.mean(axis=0), columns_WX.mean(axis=0), score.value)
    quality_HW = (rows_HY @ local_YX @ columns_WX.T).astype(np.float32)
    return QualityMap(score, quality_HW, full_HWC[top : top + height, left : left + width])


def window_side(short: int, least: int) -> int:
    """Side of a window in an image whose short side is ``short``, not below ``least``, the model's ``min_side``."""
    return max(least, min(WINDOW, short // PARTS))


def starts(size: int, side: int) -> list[int]:
    """Where windows of ``side`` pixels begin in ``size`` pixels: from edge to edge, at most ``STEP`` apart."""
    count = -(-(size - side) // max(1, int(STEP * side))) + 1
    return [round(place * (size - side) / max(1, count - 1)) for place in range(count)]


def blending(size: int, begins: np.ndarray, side: int) -> np.ndarray:
    """How much each of Y windows counts at each of ``size`` places along one side of an image.

    Hann weights, cos² of the distance to the window's centre, divided by their sum: 0 at the window's ends, and smooth.

    Returns:
        float64 (size, Y); rows add up to 1.
    """
    place_H1 = np.arange(size)[:, None] + 0.5
    weight_HY = np.cos(np.clip((place_H1 - begins - side / 2) / side, -0.5, 0.5) * np.pi) ** 2
    weight_HY = np.maximum(weight_HY, 1e-12 * (np.abs(place_H1 - begins - side / 2) < side / 2))
    return weight_HY / weight_HY.sum(axis=1, keepdims=True)


def shifted(points_YX: np.ndarray, row_Y: np.ndarray, column_X: np.ndarray, mean: float) -> np.ndarray:
    """Points of windows, shifted by one amount and bent into 0–100, so that their weighted mean is ``mean``.

    Args:
        points_YX: 0 to 100 or beyond, not bent.
        row_Y: weight of each row of windows, and
        column_X: of each column; both add up to 1.
        mean: inside (0, 100).
    """

    low, high = -1000.0 - points_YX.max(), 1000.0 - points_YX.min()
    for _ in range(80):
        middle = (low + high) / 2
        if row_Y @ bent(points_YX + middle) @ column_X < mean:
            low = middle
        else:
            high = middle
    return bent(points_YX + (low + high) / 2)
