"""Photographs that nobody rated to pairs of which one must score better, since it is distorted less.

Of each photograph a part is taken, 50 to 100 % of each side, and for each of the 25 distortions one pair is made of it:
half of the time as it is and distorted, else distorted at a lower level and at a higher one. The levels of
``mean_shift`` and ``contrast_change`` run from more to less (KADID-10k), so these are compared with the undistorted
part only. Pairs of two equal images are left out. All of it is drawn from the photograph's bytes and a seed.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contrique.errors import ContriqueError, ImageError, need
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.pairs import MOST, Pairs
from contrique.learning.distortions import LEVELS, NAMES
from contrique.learning.probing.samples import View, different_contents, view_features

if TYPE_CHECKING:
    from contrique.model import QualityModel

BOTH_WAYS = ("mean_shift", "contrast_change")
"""Distortions whose levels run from more to less of something, not from weak to strong."""

PHOTOGRAPHS = MOST // len(NAMES)
"""As many photographs give as many pairs as a fit takes."""

_UNDISTORTED = len(NAMES)


def ordered_pairs(
    model: "QualityModel",
    paths: Sequence[Path],
    *,
    most: int = PHOTOGRAPHS,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> tuple[Pairs, dict[Path, str]]:
    """Distort photographs and take the differences of features, better less worse.

    Args:
        model: computes the features.
        paths: photographs without distortions of their own; several files with the same bytes count as one.
        most: how many of them to use at most, drawn at random.
        seed: of what is drawn.
        cache: where features are kept, view by view, so that an interrupted run goes on where it was; or None.
        progress: show a bar on standard error.

    Returns:
        The pairs, and why photographs were left out, by path.

    Raises:
        MissingExtra: OpenCV or scipy (extra ``learn``) is not installed.
        ContriqueError: no photograph can be used.
    """
    from tqdm import tqdm

    for module in ("cv2", "scipy"):
        need(module, "learn", "fitting with photographs that nobody rated")
    contents, left_out = different_contents(paths)
    drawn = np.random.default_rng(seed).permutation(sorted(contents)).tolist()[:most]
    parts: list[np.ndarray] = []
    photographs: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        bar = tqdm(drawn, unit="image", desc=f"{model.name}: pairs", disable=not progress, file=sys.stderr)
        for number, content in enumerate(bar):
            views, pairs = views_and_pairs(content, seed)
            try:
                rows_VD, _ = view_features(model, contents[content], content, views, cache, pool)
            except ImageError as error:
                left_out[contents[content]] = error.reason
                continue
            for better, worse in pairs:
                difference_D = rows_VD[better] - rows_VD[worse]
                if difference_D.any():
                    parts.append(difference_D)
                    photographs.append(number)
    if not parts:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in list(left_out.items())[:3])
        raise ContriqueError(f"no photograph can be used{': ' if reasons else ''}{reasons}")
    none_M = np.full(len(parts), -1)
    return Pairs(np.stack(parts), np.zeros(len(parts), dtype=bool), none_M, np.array(photographs)), left_out


def views_and_pairs(content: str, seed: int) -> tuple[list[View], list[tuple[int, int]]]:
    """The views of one photograph, the undistorted one first, and the pairs: positions of the better and the worse.

    Args:
        content: SHA-256 of its file, in hexadecimal.
        seed: another seed draws another part, other levels and other noise.
    """
    rng = np.random.default_rng([seed, int(content, 16)])
    part = (*rng.uniform(0.5, 1, 2).tolist(), *rng.uniform(0, 1, 2).tolist())
    views, pairs = [View(_UNDISTORTED, 0, 2, part, None, 0)], []
    for kind, name in enumerate(NAMES):
        low, high = sorted(rng.choice(LEVELS, 2, replace=False).tolist())
        from_undistorted, drawn = bool(rng.random() < 0.5), int(rng.integers(2**31))
        better = 0
        if name not in BOTH_WAYS and not from_undistorted:
            better = len(views)
            views.append(View(kind, low, 2, part, None, drawn))
        pairs.append((better, len(views)))
        views.append(View(kind, high, 2, part, None, drawn))
    return views, pairs
