"""Where an image looks good and where bad: the model's own opinion of overlapping windows, blended into one map.

Windows of one size, each overlapping its neighbour by a third, go through the encoder like images of their own. What
tells how good a window looks depends on the model:

* With a probe (probe.py), the odds that the window has none of the distortions it knows: 5 points for each factor of
  ten. What a window shows moves these odds little, since the probe learned them from the same contents
  distorted and not.
* Without one, the model's score of the window. That moves with what a window shows (sky, grass) as much as with how it
  looks, so such a map is much the weaker one: docs/maps.md has both measured.

Either way all windows are shifted by one amount, in points before they are bent into 0–100 (scale.py), that makes the
mean of the map the score of the image: windows are scored lower or higher than the image they are cut from. Between
their centres the map follows straight lines, down and across.

Shapes: H, W the image at the size it is scored at; Y, X rows and columns of windows; N = Y·X; D features; K kinds.
"""

from typing import TYPE_CHECKING

import numpy as np

from contrique.errors import ModelError
from contrique.images import size_before_mirroring
from contrique.probe import NONE
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

TENFOLD = 5.0
"""Points for each factor of ten in the odds that a window has no distortion: a convention, set by eye on one photograph
so that plainly distorted windows lie some 10 to 30 points below the others of their image (docs/maps.md)."""

LEAST = 1e-12
"""Added to both probabilities of the odds, which float32 may round to 0: no window is 61 points from even odds."""


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
    height, width = size_before_mirroring(image_HWC.shape[0], image_HWC.shape[1], model.preprocessing)
    full_HWC = model.prepare(image_HWC)
    score = model.to_score(name, model.features_of([full_HWC])[0])
    side = window_side(min(full_HWC.shape[:2]), model.preprocessing.min_side)
    tops, lefts = (starts(size, side) for size in full_HWC.shape[:2])
    windows = [full_HWC[top : top + side, left : left + side] for top in tops for left in lefts]
    points_YX = points(model, model.features_of(windows)).reshape(len(tops), len(lefts))
    rows_HY, columns_WX = (
        blending(size, begins, side) for size, begins in zip(full_HWC.shape[:2], (tops, lefts), strict=True)
    )
    top, left = ((long - short) // 2 for long, short in zip(full_HWC.shape, (height, width), strict=False))
    rows_HY, columns_WX = rows_HY[top : top + height], columns_WX[left : left + width]
    local_YX = shifted(points_YX, rows_HY.mean(axis=0), columns_WX.mean(axis=0), score.value)
    quality_HW = (rows_HY @ local_YX @ columns_WX.T).astype(np.float32)
    return QualityMap(score, quality_HW, full_HWC[top : top + height, left : left + width])


def points(model: "QualityModel", features_ND: np.ndarray) -> np.ndarray:
    """How good windows look, (N,) float64, higher is better, without bounds: only differences mean something."""
    if model.probe is None or NONE not in model.probe.names:
        return to_points(model.predict(features_ND), model.card["regressor"]["mapping"])
    probability_NK = model.probe.predict(features_ND)[0].astype(np.float64)
    none_K = np.array(model.probe.names) == NONE
    odds_N = (probability_NK[:, none_K].sum(axis=1) + LEAST) / (probability_NK[:, ~none_K].sum(axis=1) + LEAST)
    return TENFOLD * np.log10(odds_N)


def window_side(short: int, least: int) -> int:
    """Side of a window in an image whose short side is ``short``, not below ``least``, the model's ``min_side``."""
    return max(least, min(WINDOW, short // PARTS))


def starts(size: int, side: int) -> list[int]:
    """Where windows of ``side`` pixels begin in ``size`` pixels: from edge to edge, at most ``STEP`` apart."""
    count = -(-(size - side) // max(1, int(STEP * side))) + 1
    return [round(place * (size - side) / max(1, count - 1)) for place in range(count)]


def blending(size: int, begins: list[int], side: int) -> np.ndarray:
    """How much each of Y windows counts at each of ``size`` places along one side of an image.

    A window counts wholly at its centre, and less and less towards its neighbours' centres: straight lines between
    them, and nothing but the first and the last window beyond theirs.

    Returns:
        float64 (size, Y); rows add up to 1.
    """
    centre_Y = np.array(begins) + side / 2
    return np.stack([np.interp(np.arange(size) + 0.5, centre_Y, only_Y) for only_Y in np.eye(len(begins))], axis=1)


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
