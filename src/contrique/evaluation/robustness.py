"""How far a score moves when a photograph is changed in ways that people hardly see.

The same photograph enlarged or shrunk a little, saved once more at high quality, mirrored, or cropped at its edges is
rated about the same by people; a model's shift is its own. Shifts are in points of 0–100.

Shapes: image_HWC is height, width, 3 channels, uint8; N images, C changes.
"""

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.errors import ContriqueError
from contrique.images import read_image

if TYPE_CHECKING:
    from contrique.model import QualityModel

Change = Callable[[np.ndarray], np.ndarray]

PERCENTILE = 95


def resized(factor: float) -> Change:
    """Width and height times ``factor``, Pillow's antialiased Lanczos filter."""

    def change(image_HWC: np.ndarray) -> np.ndarray:
        from PIL import Image

        height, width = (max(1, round(side * factor)) for side in image_HWC.shape[:2])
        return np.array(Image.fromarray(image_HWC).resize((width, height), Image.Resampling.LANCZOS))

    return change


def saved_again(quality: int) -> Change:
    """Through a JPEG file of that quality, with Pillow's default of colours at half resolution (4:2:0)."""

    def change(image_HWC: np.ndarray) -> np.ndarray:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(image_HWC).save(file, "JPEG", quality=quality)
        return np.array(Image.open(file).convert("RGB"))

    return change


def mirrored(image_HWC: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(image_HWC[:, ::-1])


def cropped(share: float) -> Change:
    """Width and height less ``share``, half of it at each edge."""

    def change(image_HWC: np.ndarray) -> np.ndarray:
        cut = [round(side * share / 2) for side in image_HWC.shape[:2]]
        return np.ascontiguousarray(
            image_HWC[cut[0] : image_HWC.shape[0] - cut[0], cut[1] : image_HWC.shape[1] - cut[1]]
        )

    return change


CHANGES: dict[str, Change] = {
    "enlarged 10 %": resized(1.10),
    "enlarged 25 %": resized(1.25),
    "shrunk 10 %": resized(0.90),
    "shrunk 25 %": resized(0.75),
    "JPEG quality 95": saved_again(95),
    "mirrored": mirrored,
    "cropped 5 %": cropped(0.05),
}


def robustness(
    model: "QualityModel", paths: Sequence[str | os.PathLike[str]], *, progress: bool = False
) -> dict[str, Any]:
    """Measure the shifts of a model's scores over some photographs.

    Args:
        model: with a regressor, scoring without references.
        paths: of at least two images.
        progress: show a bar on standard error.

    Returns:
        ``images``, ``deviation`` (standard deviation of the unchanged scores, in points) and ``shifts``: for each of
        ``CHANGES`` its name as ``change``; ``median`` and ``p95`` of the shift's size; ``bias``, the mean of the shift
        with its sign (positive: the changed image scores better); and ``share``, the median as a share of the
        deviation (nan where all scores are the same).

    Raises:
        ImageError: an image cannot be read.
        ContriqueError: fewer than two images.
        ModelError: the model has no regressor.
    """
    from tqdm import tqdm

    if len(paths) < 2:
        raise ContriqueError(f"robustness needs at least two images, got {len(paths)}")
    scores = []
    for path in tqdm(paths, unit="image", desc=f"{model.name}: robustness", disable=not progress, file=sys.stderr):
        image_HWC = read_image(path)
        changed = [image_HWC, *(change(image_HWC) for change in CHANGES.values())]
        scores.append(model.score_features(model.features_of(changed))[0])
    score_NC = np.array(scores)
    deviation = float(score_NC[:, 0].std())
    rows = []
    for column, name in enumerate(CHANGES, start=1):
        shift_N = score_NC[:, column] - score_NC[:, 0]
        median, p95 = np.percentile(np.abs(shift_N), (50, PERCENTILE))
        share = median / deviation if deviation > 0 else np.nan
        values = {"median": median, "p95": p95, "bias": shift_N.mean(), "share": share}
        rows.append({"change": name, **{key: round(float(value), 4) for key, value in values.items()}})
    return {"images": len(paths), "deviation": round(deviation, 4), "shifts": rows}
