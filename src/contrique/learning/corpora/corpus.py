"""Where training images come from: pristine and authentic folders → views with class ids. Needs no torch.

What a step sees is a function of (seed, step, place in the batch) alone: no random state is carried from one step to
the next, so that a resumed run, and a run with another number of workers, sees exactly the same.
Sources without photographs (dead leaves), manifests and shards belong here too: whatever has ``len`` and
``load(index)``.
"""

import csv
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from contrique.errors import ContriqueError, ImageError
from contrique.images import find_images, half_scale, read_image
from contrique.learning.corpora import dead_leaves
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES, PRISTINE_CLASS, distort
from contrique.learning.recipe import Recipe
from contrique.learning.sources import Source
from contrique.learning.views import two_views

Image = NDArray[np.uint8]
_TRIES = 100  # unreadable images in a row before a corpus is given up


class Images:
    """All images of some sources, in a fixed order; decoded pixels are kept in memory up to a budget.

    Attributes:
        paths: where each image lies, by index.
        broken: index → why it cannot be used, for those met so far.
    """

    def __init__(self, sources: Sequence[Source], root: str | Path) -> None:
        self.paths: list[str] = []
        self.broken: dict[int, str] = {}
        self._sources: list[Source] = []
        self._cache: dict[int, Image] = {}
        for source in sources:
            if source.dead_leaves is not None:
                size = source.size or 512
                found = [f"dead leaves/{source.dead_leaves}/{size}/{i}" for i in range(source.count or 0)]
            else:
                found = source_paths(source, root)
            self.paths += found
            self._sources += [source] * len(found)

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, index: int) -> Image:
        """Pixels of one image, uint8 (H, W, 3), from memory or disk. Not to be written to.

        Raises:
            ImageError: it cannot be read, or is smaller than its source's ``min_side``.
        """
        if index in self._cache:
            return self._cache[index]
        if index in self.broken:
            raise ImageError(self.paths[index], self.broken[index])
        try:
            return self._read(index)
        except ImageError as error:
            self.broken[index] = error.reason
            raise

    def _read(self, index: int) -> Image:
        source = self._sources[index]
        if source.dead_leaves is not None:
            number = int(self.paths[index].rpartition("/")[2])
            return dead_leaves.image(0, number, source.size or 512, source.dead_leaves)
        image_HWC = _scaled(read_image(self.paths[index]), source.scale)
        if min(image_HWC.shape[:2]) < source.min_side:
            raise ImageError(self.paths[index], f"shorter side {min(image_HWC.shape[:2])} is below {source.min_side}")
        return image_HWC

    def warm(self, budget: int, threads: int = 2, progress: Callable[[int], object] = lambda n: None) -> int:
        """Decode images into memory, in order, until the budget is used. Workers forked afterwards share them.

        Args:
            budget: bytes of pixels.
            threads: decoders at once.
            progress: called with 1 for each image looked at.

        Returns:
            Bytes used.
        """

        def read(index: int) -> Image | None:
            try:
                return self.load(index)
            except ImageError:
                return None

        used = 0
        with ThreadPoolExecutor(threads) as pool:
            for start in range(0, len(self), 16 * threads):
                indices = range(start, min(start + 16 * threads, len(self)))
                for index, image_HWC in zip(indices, pool.map(read, indices), strict=True):
                    progress(1)
                    if image_HWC is not None and used + image_HWC.nbytes <= budget:
                        image_HWC.setflags(write=False)
                        self._cache[index] = image_HWC
                        used += image_HWC.nbytes
                if used >= 0.98 * budget:
                    break
        return used

    def usable(self, index: int, rng: np.random.Generator) -> tuple[int, Image]:
        """The image at an index, or, if it is broken, another drawn by the given generator.

        Raises:
            ContriqueError: a hundred images in a row were broken.
        """
        for _ in range(_TRIES):
            try:
                return index, self.load(index)
            except ImageError as error:
                last = error
                index = int(rng.integers(len(self)))
        raise ContriqueError(f"{_TRIES} images in a row could not be used; the last: {last}")


def source_paths(source: Source, root: str | Path) -> list[str]:
    """The image files of a source, sorted or in the order of its list.

    Raises:
        ContriqueError: folder or list is missing, a column is missing, or nothing is left after the licence filter.
    """
    folder = Path(root) / (source.folder or ".")
    if not folder.is_dir():
        raise ContriqueError(f"{folder}: no such folder of images")
    if source.manifest is None:
        found = list(find_images([folder]))
        if not found:
            raise ContriqueError(f"{folder}: no images in this folder")
        return found
    listing = folder / source.manifest
    try:
        with listing.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContriqueError(f"{listing}: cannot read this list: {error}") from error
    columns = rows[0].keys() if rows else ()
    column = next((name for name in ("name", "path") if name in columns), None)
    if column is None:
        raise ContriqueError(f"{listing}: expected rows with a column name or path")
    if source.licences is not None:
        if "licence" not in columns:
            raise ContriqueError(f"{listing}: has no column licence to filter by")
        if unknown := set(source.licences) - {row["licence"] for row in rows}:
            raise ContriqueError(f"{listing}: no row has the licence {sorted(unknown)[0]!r}")
        rows = [row for row in rows if row["licence"] in source.licences]
    if missing := [number for number, row in enumerate(rows, start=1) if not row[column]]:
        raise ContriqueError(f"{listing}: row {missing[0]} has no {column}")
    return [str(folder / row[column]) for row in rows]


def _scaled(image_HWC: Image, scale: float) -> Image:
    if scale == 1:
        return image_HWC
    if scale == 0.5:
        return half_scale(image_HWC)
    size = (max(1, round(image_HWC.shape[1] * scale)), max(1, round(image_HWC.shape[0] * scale)))
    return np.asarray(PillowImage.fromarray(image_HWC).resize(size, PillowImage.Resampling.BICUBIC))


@lru_cache(maxsize=4)
def _order(seed: int, kind: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, kind, epoch, 0x0DE5]).permutation(count)


_PRISTINE, _AUTHENTIC = 0, 1


@dataclass
class Samples:
    """Some of the samples of one step.

    Attributes:
        view_N2SSC: uint8 (N, 2, size, size, 3), both views of each image.
        class_N: int64; 0…125 synthetic classes, 126 and up one for each authentic image.
        broken: path → reason, for images that were met and could not be used.
    """

    view_N2SSC: Image
    class_N: NDArray[np.int64]
    broken: dict[str, str] = field(default_factory=dict)


class Corpus:
    """Pristine and authentic images, and the samples of every step drawn from them.

    Within a batch, pristine images come in blocks: each block has ``images_per_class`` images and
    ``distortions_per_image`` classes, every image in every class. Images go round in a new order every epoch, so that
    each is seen equally often.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.pristine = Images(recipe.pristine, recipe.data)
        self.authentic = Images(recipe.authentic, recipe.data)
        self._batch, self._seed = recipe.batch, recipe.run.seed
        self.n_synthetic = 0 if not recipe.pristine else self._batch.images // (2 if recipe.authentic else 1)

    def digest(self) -> str:
        """Short id of which images there are, in which order; folders above the last two names do not matter."""
        names = ["/".join(Path(p).parts[-2:]) for p in (*self.pristine.paths, "", *self.authentic.paths)]
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]

    def broken(self) -> dict[str, str]:
        """Path → reason of every image found unusable so far in this process."""
        return {images.paths[i]: why for images in (self.pristine, self.authentic) for i, why in images.broken.items()}

    def samples(self, step: int, start: int, stop: int) -> Samples:
        """The samples start…stop of a step; the first ``n_synthetic`` of its ``batch.images`` are the synthetic ones.

        Raises:
            ContriqueError: too many images in a row are broken.
        """
        size = self._batch.view_size
        out = Samples(np.empty((stop - start, 2, size, size, 3), np.uint8), np.empty(stop - start, np.int64))
        before = set(self.broken())
        for row, place in enumerate(range(start, stop)):
            draw = self._synthetic if place < self.n_synthetic else self._authentic
            rng = np.random.default_rng([self._seed, step, place])
            image_HWC, out.class_N[row] = draw(step, place, rng)
            out.view_N2SSC[row] = two_views(image_HWC, rng, size)
        out.broken = {path: why for path, why in self.broken().items() if path not in before}
        return out

    def _place(self, images: Images, kind: int, position: int) -> int:
        epoch, slot = divmod(position, len(images))
        return int(_order(self._seed, kind, epoch, len(images))[slot])

    def _synthetic(self, step: int, place: int, rng: np.random.Generator) -> tuple[Image, int]:
        classes, images = self._batch.distortions_per_image, self._batch.images_per_class
        block, within = divmod(place, classes * images)
        position = (step * self.n_synthetic) // classes + block * images + within // classes
        _, image_HWC = self.pristine.usable(self._place(self.pristine, _PRISTINE, position), rng)
        drawn = np.random.default_rng([self._seed, step, block, 0xC1A5]).choice(N_CLASSES, classes, replace=False)
        class_id = int(drawn[within % classes])
        # A view needs at most 2·size pixels a side at full scale. Only such a part is distorted: about the size of the
        # images (512×384) that the levels were made for, and several times quicker on large ones.
        part_HWC = _part(image_HWC, rng, 2 * self._batch.view_size)
        if class_id == PRISTINE_CLASS:
            return part_HWC, class_id
        name, level = NAMES[class_id // len(LEVELS)], LEVELS[class_id % len(LEVELS)]
        return distort(part_HWC, name, level, int(rng.integers(2**31))), class_id

    def _authentic(self, step: int, place: int, rng: np.random.Generator) -> tuple[Image, int]:
        position = step * (self._batch.images - self.n_synthetic) + place - self.n_synthetic
        index, image_HWC = self.authentic.usable(self._place(self.authentic, _AUTHENTIC, position), rng)
        return image_HWC, N_CLASSES + index


def _part(image_HWC: Image, rng: np.random.Generator, side: int) -> Image:
    """A random part of at most side×side."""
    height, width = min(side, image_HWC.shape[0]), min(side, image_HWC.shape[1])
    y, x = int(rng.integers(image_HWC.shape[0] - height + 1)), int(rng.integers(image_HWC.shape[1] - width + 1))
    return np.ascontiguousarray(image_HWC[y : y + height, x : x + width])
