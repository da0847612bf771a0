"""Pristine photographs to distorted views and their features: what a probe learns from.

A photograph is brought to the size it is scored at, and each view is made of that, in this order: one of three forms
(half of the views the whole photograph; a quarter its half size; a quarter a part of 50 to 100 % of each side), one of
25 distortions at one level, or none; and, for a third of the views, a JPEG file of quality 85 to 98, since that is how
photographs come. All of it is drawn from the photograph's bytes and a seed, so a view is the same whatever other
photographs there are, and its features can be kept.

Where a distortion changes nothing (the blur of level 1 has a σ of 0.1 pixels, the mean shift of level 3 is 0) the view
counts as having none. Four views of each photograph have none anyway: most photographs that people have are of that
kind, and a probe that sees as few of them as of any other takes them for something mild.

Shapes: V views of one photograph, N of all, D features.
"""

import hashlib
import io
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contrique.errors import ContriqueError, ImageError, need
from contrique.evaluation.cache import FeatureCache, content_digest
from contrique.images import half_scale, read_image
from contrique.learning.distortions import LEVELS, NAMES, distort
from contrique.probe import NONE

if TYPE_CHECKING:
    from contrique.model import QualityModel

KINDS = (*NAMES, NONE)
"""What a view can be, by number."""

TURNS = (*([1] * len(NAMES)), 4)
"""How many views of each kind a photograph has, for every level asked for."""

VERSION = 1
"""Of the views: goes up whenever a distortion or anything above changes, so that kept features are not used again."""

LEAST_SIDE = 64
"""No form has a shorter side than this, unless the photograph has."""


class View(NamedTuple):
    """How one view is made.

    Attributes:
        kind: of ``KINDS``.
        level: 1 to 5; 0 without a distortion.
        form: 0 the whole photograph, 1 its half size, 2 a part.
        part: height, width, top and left of the part, as shares of what there is.
        quality: of the JPEG file it becomes, or None.
        seed: of the distortion.
    """

    kind: int
    level: int
    form: int
    part: tuple[float, ...]
    quality: int | None
    seed: int


@dataclass(frozen=True)
class Samples:
    """Views of photographs, photograph by photograph, V for each.

    Attributes:
        features_ND: float32.
        kind_N: numbers of ``KINDS``.
        level_N: 1 to 5; 0 where the kind is "none".
        used: the photographs, in this order.
        left_out: why others could not be used, by path.
    """

    features_ND: np.ndarray
    kind_N: np.ndarray
    level_N: np.ndarray
    used: tuple[Path, ...]
    left_out: dict[Path, str]


def views_of(content: str, levels: int, seed: int) -> list[View]:
    """The views of one photograph: each of 25 types at so many of its five levels, and four times as many undistorted.

    Args:
        content: SHA-256 of its file, in hexadecimal.
        levels: 1 to 5.
        seed: another seed draws other levels, forms and qualities.
    """
    rng = np.random.default_rng([seed, int(content, 16)])
    order = rng.permutation(LEVELS)
    views = []
    for kind in range(len(KINDS)):
        for turn in range(TURNS[kind] * levels):
            level = 0 if KINDS[kind] == NONE else int(order[(kind + turn) % len(LEVELS)])
            form = int(rng.choice(3, p=(0.5, 0.25, 0.25)))
            part = (*rng.uniform(0.5, 1, 2).tolist(), *rng.uniform(0, 1, 2).tolist())
            quality = int(rng.integers(85, 99))
            views.append(
                View(kind, level, form, part, quality if rng.random() < 1 / 3 else None, int(rng.integers(2**31)))
            )
    return views


def render(image_HWC: np.ndarray, view: View) -> tuple[np.ndarray, bool]:
    """Make one view.

    Returns:
        uint8 RGB, and whether the distortion changed anything.
    """
    height, width = image_HWC.shape[:2]
    if view.form == 1 and min(height, width) >= 2 * LEAST_SIDE:
        image_HWC = half_scale(image_HWC)
    elif view.form == 2:
        tall, wide = (max(min(s, LEAST_SIDE), round(s * p)) for s, p in zip((height, width), view.part, strict=False))
        top, left = round((height - tall) * view.part[2]), round((width - wide) * view.part[3])
        image_HWC = np.ascontiguousarray(image_HWC[top : top + tall, left : left + wide])
    changed = False
    if view.level:
        distorted_HWC = distort(image_HWC, KINDS[view.kind], view.level, view.seed)
        changed = not np.array_equal(distorted_HWC, image_HWC)
        image_HWC = distorted_HWC
    return image_HWC if view.quality is None else _as_jpeg(image_HWC, view.quality), changed


def collect(
    model: "QualityModel",
    paths: Sequence[Path],
    *,
    most: int | None = None,
    levels: int = 1,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> Samples:
    """Features of all views of photographs, from the cache where it has them.

    Args:
        model: computes the features.
        paths: pristine photographs; several files with the same bytes count as one.
        most: how many of them to use at most, drawn at random.
        levels: as in ``views_of``: there are 29 × levels views of each photograph.
        seed: of the views, and of the order of the photographs, which does not depend on their names.
        cache: where features are kept, view by view, so that an interrupted run goes on where it was; or None.
        progress: show a bar on standard error.

    Raises:
        MissingExtra: OpenCV or scipy (extra ``learn``) is not installed.
        ContriqueError: no photograph can be used.
    """
    from tqdm import tqdm

    for module in ("cv2", "scipy"):
        need(module, "learn", "contrique probe")
    contents, left_out = different_contents(paths)
    shuffled = np.random.default_rng(seed).permutation(sorted(contents)).tolist()[:most]
    features_ND = np.empty((len(shuffled) * sum(TURNS) * levels, model.dim), np.float32)
    kinds: list[int] = []
    steps: list[int] = []
    used: list[Path] = []
    with ThreadPoolExecutor(2) as pool:
        for content in tqdm(shuffled, unit="image", desc=model.name, disable=not progress, file=sys.stderr):
            views = views_of(content, levels, seed)
            try:
                rows_VD, changed_V = view_features(model, contents[content], content, views, cache, pool)
            except ImageError as error:
                left_out[contents[content]] = error.reason
                continue
            features_ND[len(kinds) : len(kinds) + len(views)] = rows_VD
            kinds += [view.kind if changed else len(NAMES) for view, changed in zip(views, changed_V, strict=True)]
            steps += [view.level if changed else 0 for view, changed in zip(views, changed_V, strict=True)]
            used.append(contents[content])
    if not used:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in list(left_out.items())[:3])
        raise ContriqueError(f"no photograph can be used{': ' if reasons else ''}{reasons}")
    return Samples(features_ND[: len(kinds)], np.array(kinds), np.array(steps), tuple(used), left_out)


def different_contents(paths: Sequence[Path]) -> tuple[dict[str, Path], dict[Path, str]]:
    """The first file of each content by its SHA-256, and why others cannot be used."""
    left_out: dict[Path, str] = {}
    contents: dict[str, Path] = {}
    for path in paths:
        content = content_digest(path)
        if content is None:
            left_out[path] = "cannot be read"
        else:
            contents.setdefault(content, path)
    return contents, left_out


def view_features(
    model: "QualityModel",
    path: Path,
    content: str,
    views: list[View],
    cache: FeatureCache | None,
    pool: ThreadPoolExecutor,
) -> tuple[np.ndarray, np.ndarray]:
    """Features (V, D) of one photograph's views, and which of them a distortion changed (V,): kept as one row each.

    Raises:
        ImageError: the photograph cannot be read, or its features are not finite.
    """
    keys = [hashlib.sha256(f"{content} {VERSION} {tuple(view)}".encode()).hexdigest() for view in views]
    found = [None if cache is None else cache.get(model.digest, key, model.dim + 1) for key in keys]
    missing = [place for place, row in enumerate(found) if row is None]
    if missing:
        image_HWC = model.prepare(read_image(path))
        made = list(pool.map(lambda place: render(image_HWC, views[place]), missing))
        features_MD = model.features_of([view_HWC for view_HWC, _ in made])
        if not np.isfinite(features_MD).all():
            raise ImageError(str(path), "its features are not finite numbers")
        for place, features_D, (_, changed) in zip(missing, features_MD, made, strict=True):
            row = np.append(features_D, np.float32(changed))
            found[place] = row
            if cache is not None:
                cache.put(model.digest, keys[place], row)
    rows = np.stack(found)  # type: ignore[arg-type]
    return rows[:, :-1], rows[:, -1] > 0


def _as_jpeg(image_HWC: np.ndarray, quality: int) -> np.ndarray:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image_HWC).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
