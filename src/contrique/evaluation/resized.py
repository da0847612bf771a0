"""Rated images to pairs that must score alike: each image as it is, and resized a little.

A photograph keeps its quality when it is enlarged or shrunk by a little, but features of a network do not stay. Each
image is resized once, by a factor drawn evenly in its logarithm from 0.7 to 1.4, with one of Pillow's three smooth
filters; both are drawn from the image's bytes and a seed.
"""

import hashlib
import sys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from contrique.errors import ImageError
from contrique.evaluation.cache import FeatureCache, content_digest
from contrique.evaluation.pairs import Pairs
from contrique.evaluation.ratings import Ratings
from contrique.images import read_image

if TYPE_CHECKING:
    from contrique.model import QualityModel

FACTORS = (0.7, 1.4)
FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
VERSION = 1
"""Of the copies: goes up whenever anything above changes, so that kept features are not used again."""


def resized_pairs(
    model: "QualityModel",
    ratings: Ratings,
    features_ND: np.ndarray,
    *,
    rows: np.ndarray | None = None,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> Pairs:
    """Differences between the features of rated images and of their resized copies.

    Args:
        model: computes the features.
        ratings: the images, without references.
        features_ND: theirs.
        rows: positions of the images that are copied; all if left out.
        seed: of factors and filters.
        cache: where features of the copies are kept, or None.
        progress: show a bar on standard error.

    Returns:
        A pair for each of them; none for one that can no longer be read or whose copy has no finite features.
    """
    from tqdm import tqdm

    wanted = list(range(len(ratings))) if rows is None else rows.tolist()
    done, parts = [], []
    for row in tqdm(wanted, unit="image", desc=f"{model.name}: resized", disable=not progress, file=sys.stderr):
        path = ratings.paths[row]
        content = content_digest(path)
        if content is None:
            continue
        key = hashlib.sha256(f"{content} resized {VERSION} {seed}".encode()).hexdigest()
        copy_D = None if cache is None else cache.get(model.digest, key, model.dim)
        if copy_D is None:
            try:
                copy_D = model.features_of([resized(model.prepare(read_image(path)), content, seed)])[0]
            except ImageError:
                continue
            if not np.isfinite(copy_D).all():
                continue
            if cache is not None:
                cache.put(model.digest, key, copy_D)
        done.append(row)
        parts.append(copy_D - features_ND[row])
    rows_M = np.array(done, dtype=np.int64)
    differences_MD = np.array(parts, dtype=np.float32).reshape(len(done), model.dim)
    return Pairs(differences_MD, np.ones(len(done), dtype=bool), rows_M, np.full(len(done), -1))


def resized(image_HWC: np.ndarray, content: str, seed: int) -> np.ndarray:
    """The copy of an image.

    Args:
        image_HWC: uint8 RGB.
        content: SHA-256 of its file, in hexadecimal.
        seed: of factor and filter.
    """
    rng = np.random.default_rng([seed, int(content, 16)])
    factor = float(np.exp(rng.uniform(*np.log(FACTORS))))
    height, width = (max(1, round(side * factor)) for side in image_HWC.shape[:2])
    filtered = Image.fromarray(image_HWC).resize((width, height), FILTERS[rng.integers(len(FILTERS))])
    return np.asarray(filtered)
