"""Decoded photographs and the 224×224 crops of them that HyperIQA sees.

Known places, so that every number can be had again: those of testing depend on the seed alone (the same places, in
shares of the free height and width, in every image, so that an image and its distorted version are seen alike); those
of training on seed and epoch.

Shapes: N images, M crops, P crops of one image, H height, W width, C colours.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from contrique.errors import ImageError
from contrique.images import read_image
from contrique.learning.places import Place, random_places

CROP = 224
"""Side of a crop."""

LARGE = 512
"""An image whose shorter side has more pixels is shrunk, aspect kept, ..."""

SHRUNK = 384
"""... to so many: the authors' size for KonIQ-10k, the only large images they have but for BID's (512)."""

KEPT_BYTES = 6 * 2**30
"""Most bytes of decoded images that are kept in memory (KonIQ-10k takes 5.6 GiB); others are decoded when needed."""

MOST_WORKERS = 4
"""Decoding threads."""


def sized(image_HWC: np.ndarray) -> np.ndarray:
    """The image that crops are cut from: at most ``LARGE`` on its shorter side, or shrunk; mirrored out to ``CROP``.

    An image so narrow that it would have to be mirrored out to more than ``CROP`` × 16,384 pixels is shrunk first.
    """
    from PIL import Image

    height, width = image_HWC.shape[:2]
    scale = SHRUNK / min(height, width) if min(height, width) > LARGE else 1.0
    scale = min(scale, 16_384 / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image_HWC = np.array(Image.fromarray(image_HWC).resize(size, Image.Resampling.BICUBIC))
    missing = [max(0, CROP - side) for side in image_HWC.shape[:2]]
    if any(missing):
        image_HWC = np.pad(image_HWC, [*((gap // 2, gap - gap // 2) for gap in missing), (0, 0)], mode="symmetric")
    return image_HWC


def fixed_places(patches: int, seed: int) -> np.ndarray:
    """Shares (P, 2) of the free height and width at which the crops of any image begin."""
    return np.random.default_rng((seed, 0)).random((patches, 2))


def training_places(images: Sequence[int] | np.ndarray, patches: int, seed: int, epoch: int) -> list[Place]:
    """The crops of one epoch, in random order: ``patches`` of each image, at random places, half of them mirrored."""
    return random_places(np.repeat(images, patches), np.random.default_rng((seed, 1, epoch)))


def cut(image_HWC: np.ndarray, top: float, left: float) -> np.ndarray:
    """One crop of what ``sized`` gave, uint8 (224, 224, C); ``top`` and ``left`` as in ``Place``."""
    height, width = image_HWC.shape[:2]
    row, column = int(top * (height - CROP + 1)), int(left * (width - CROP + 1))
    return image_HWC[row : row + CROP, column : column + CROP]


class Pictures:
    """Rated images by position, decoded once as far as they fit into ``KEPT_BYTES``.

    Args:
        paths: their files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._kept: dict[int, np.ndarray] = {}
        self._bytes = 0

    def look(self, *, progress: bool) -> dict[int, str]:
        """Decode all; the ones that cannot be used: reason by position."""
        from tqdm import tqdm

        def read(position: int) -> str | None:
            try:
                self._keep(position, self._decoded(position))
            except ImageError as error:
                return error.reason
            return None

        with ThreadPoolExecutor(min(MOST_WORKERS, os.cpu_count() or 1)) as pool:
            found = tqdm(
                pool.map(read, range(len(self.paths))),
                total=len(self.paths),
                desc="hyperiqa: images",
                unit="image",
                disable=not progress,
                file=sys.stderr,
            )
            return {position: reason for position, reason in enumerate(found) if reason is not None}

    def crops(self, places: Sequence[Place]) -> np.ndarray:
        """Crops, uint8 (M, 224, 224, 3)."""
        decoded: dict[int, np.ndarray] = {}
        crops_MHWC = np.empty((len(places), CROP, CROP, 3), np.uint8)
        for row, place in enumerate(places):
            image_HWC = self._kept.get(place.image, decoded.get(place.image))
            if image_HWC is None:
                image_HWC = decoded[place.image] = self._decoded(place.image)
            crop_HWC = cut(image_HWC, place.top, place.left)
            crops_MHWC[row] = crop_HWC[:, ::-1] if place.mirrored else crop_HWC
        return crops_MHWC

    def _decoded(self, position: int) -> np.ndarray:
        return sized(read_image(self.paths[position]))

    def _keep(self, position: int, image_HWC: np.ndarray) -> None:
        if self._bytes + image_HWC.nbytes <= KEPT_BYTES:
            self._bytes += image_HWC.nbytes
            self._kept[position] = image_HWC
