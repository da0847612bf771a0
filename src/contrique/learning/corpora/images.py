"""All images of some sources, by index and in the order they are drawn; decoded pixels are kept up to a budget."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from contrique.errors import ContriqueError, ImageError
from contrique.images import half_scale
from contrique.learning.corpora.broken import Broken, Marks
from contrique.learning.corpora.opening import open_source
from contrique.learning.corpora.order import Shares, mix, shuffled
from contrique.learning.distortions import PRISTINE_CLASS
from contrique.learning.sources import Source

Image = NDArray[np.uint8]
_TRIES = 100  # unreadable images in a row before a corpus is given up
_CHOOSING, _TURNS, _ORDER, _READY = 1, 2, 3, 4  # purposes of one seed


class Images:
    """The images of one kind, pristine or authentic.

    Sources with weights take turns by them; sources without are one pool, in which every image is drawn equally often.
    A pool goes round in a new order every epoch. Memory does not grow with the number of images.

    Attributes:
        sources: where they come from.
        broken: those that this process found it cannot use.
    """

    def __init__(self, sources: Sequence[Source], root: str | Path, *, pristine: bool = True, seed: int = 0) -> None:
        """Find them.

        Args:
            sources: where they come from.
            root: folder that the sources' paths are relative to.
            pristine: whether they serve as undistorted ones.
            seed: of the orders.

        Raises:
            ContriqueError: a source is missing or holds no images.
        """
        self.sources = tuple(sources)
        self.broken = Broken()
        self._opened = [open_source(source, root, pristine=pristine) for source in sources]
        self._starts = [0, *accumulate(len(opened) for opened in self._opened)]
        self._key = mix(seed, pristine)
        weighted = bool(sources) and sources[0].weight is not None
        self._bounds = self._starts if weighted else [0, len(self)]  # of pools
        self._shares = Shares([s.weight or 1.0 for s in sources] if weighted else [1.0])
        self._held: frozenset[int] = frozenset()
        self._gaps = [np.zeros(0, np.int64) for _ in self._bounds[1:]]
        self._marks = Marks()
        self._cache: dict[int, Image] = {}
        self._fresh = [item for opened in self._opened for item in opened.damaged.named.items()]

    def __len__(self) -> int:
        return self._starts[-1]

    def digest(self) -> str:
        """Short id of which images there are; folders above the sources' own do not matter."""
        return hashlib.sha256("\n".join(opened.digest() for opened in self._opened).encode()).hexdigest()[:16]

    def notes(self) -> list[str]:
        """What a user should know about the sources, in words."""
        return [note for opened in self._opened for note in opened.notes]

    def origins(self) -> Iterator[tuple[Source, int, dict[tuple[str, str], int]]]:
        """Each source with its number of images, and how many are from whom under which licence, as far as stated."""
        for source, opened in zip(self.sources, self._opened, strict=True):
            yield source, len(opened), opened.origins

    def newly_broken(self) -> list[tuple[str, str]]:
        """Name and reason of those this process found first, since it was last asked; damaged parts of tars, too."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def name(self, index: int) -> str:
        """Path of an image, or what stands for it."""
        source, row = self._locate(index)
        return self._opened[source].name(row)

    def class_of(self, index: int) -> int | None:
        """The distortion class of a ready-made sample (125 for a pristine image among them); None for others."""
        source, row = self._locate(index)
        starts = self._opened[source].class_starts
        return None if starts is None else bisect_right(starts, row) - 1

    def load(self, index: int) -> Image:
        """Pixels of one image, uint8 (H, W, 3), from memory or its source. Not to be written to.

        Raises:
            ImageError: it cannot be read, or is smaller than its source's ``min_side``.
            ContriqueError: its whole source cannot be reached any more.
        """
        if index in self._cache:
            return self._cache[index]
        if index in self._marks:
            name = self.name(index)
            raise ImageError(name, self.broken.named.get(name, "found unusable before"))
        try:
            return self._read(index)
        except ImageError as error:
            source, row = self._locate(index)
            if why := self._opened[source].gone(row):
                raise ContriqueError(why) from error
            self.broken.add(error.path, error.reason)
            if self._marks.add(index):
                self._fresh.append((error.path, error.reason))
            raise

    def draw(self, position: int, rng: np.random.Generator, class_id: int | None = None) -> tuple[int, Image]:
        """The image at a position of the order or, if it is broken, another of the same pool.

        Args:
            position: 0, 1, 2, … over a whole run.
            rng: draws the replacement.
            class_id: of ready-made samples, one of this class; if there is none, a pristine one.

        Returns:
            Its index and pixels.

        Raises:
            ContriqueError: a hundred images in a row were broken, or a source cannot be reached any more.
        """
        pool, turn = self._shares.turn(position, mix(self._key, _TURNS))
        for _ in range(_TRIES):
            index = self._at(pool, turn, class_id)
            try:
                return index, self.load(index)
            except ImageError as error:
                last = error
                turn = int(rng.integers(2**48))
        raise ContriqueError(f"{_TRIES} images in a row could not be used; the last: {last}")

    def choose(self, count: int) -> list[int]:
        """Different photographs that can be read, drawn by the seed.

        Raises:
            ContriqueError: there are not enough.
        """
        chosen: dict[int, None] = {}
        same: set[int] = set()
        for i in range(len(self)):
            if len(chosen) == count:
                break
            index = shuffled(i, len(self), mix(self._key, _CHOOSING))
            if index in same or self.class_of(index) not in (None, PRISTINE_CLASS):
                continue
            try:
                self.load(index)
            except ImageError:
                continue
            chosen[index] = None
            same.update(self.same_as(self.name(index)))
        if len(chosen) < count:
            raise ContriqueError(f"{count} images were to be held out, but only {len(chosen)} can be used")
        return list(chosen)

    def same_as(self, name: str) -> list[int]:
        """Indices of images that are the named one or made from it, in any source."""
        return [start + row for start, o in zip(self._starts, self._opened, strict=False) for row in o.rows_of(name)]

    def hold_out(self, indices: Iterable[int]) -> None:
        """Never draw these.

        Raises:
            ContriqueError: no others are left.
        """
        self._held = frozenset(indices)
        held_N = np.array(sorted(self._held), np.int64)
        for pool, (start, end) in enumerate(zip(self._bounds[:-1], self._bounds[1:], strict=True)):
            inside_N = held_N[(held_N >= start) & (held_N < end)] - start
            if len(inside_N) and len(inside_N) == end - start:
                raise ContriqueError(f"all {end - start} images of {self._label(start)} would be held out of training")
            self._gaps[pool] = inside_N - np.arange(len(inside_N))

    def warm(self, budget: int, threads: int = 2, progress: Callable[[int], object] = lambda n: None) -> int:
        """Decode images into memory until the budget is used. Workers forked afterwards share them.

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

        used, pools = 0, range(len(self._bounds) - 1)
        often = sorted(pools, key=lambda p: (self._bounds[p + 1] - self._bounds[p]) / self._shares.counts[p])
        wanted = (i for p in often for i in range(self._bounds[p], self._bounds[p + 1]) if i not in self._held)
        with ThreadPoolExecutor(threads) as pool:
            while indices := list(islice(wanted, 16 * threads)):
                for index, image_HWC in zip(indices, pool.map(read, indices), strict=True):
                    progress(1)
                    if image_HWC is not None and used + image_HWC.nbytes <= budget:
                        image_HWC.setflags(write=False)
                        self._cache[index] = image_HWC
                        used += image_HWC.nbytes
                if used >= 0.98 * budget:
                    break
        return used

    def _at(self, pool: int, turn: int, class_id: int | None) -> int:
        """The image that a pool gives at its 0th, 1st, 2nd, … turn."""
        start, gaps = self._bounds[pool], self._gaps[pool]
        free = self._bounds[pool + 1] - start - len(gaps)
        epoch, slot = divmod(turn, free)
        place = shuffled(slot, free, mix(self._key, _ORDER, pool, epoch))
        index = start + place + int(np.searchsorted(gaps, place, side="right"))
        source, _ = self._locate(index)
        starts = self._opened[source].class_starts
        if starts is None or class_id is None:
            return index
        for wanted in (class_id, PRISTINE_CLASS):
            first, count = self._starts[source] + starts[wanted], starts[wanted + 1] - starts[wanted]
            for later in range(min(count, _TRIES)):
                epoch, slot = divmod(turn + later, count)
                index = first + shuffled(slot, count, mix(self._key, _READY, source, wanted, epoch))
                if index not in self._held:
                    return index
        raise ContriqueError(f"{self._label(index)}: its pristine images are all held out of training")

    def _locate(self, index: int) -> tuple[int, int]:
        source = bisect_right(self._starts, index) - 1
        return source, index - self._starts[source]

    def _label(self, index: int) -> str:
        source = self.sources[self._locate(index)[0]]
        return source.folder or source.manifest or source.shards or f"dead leaves ({source.dead_leaves})"

    def _read(self, index: int) -> Image:
        number, row = self._locate(index)
        source, opened = self.sources[number], self._opened[number]
        image_HWC = _scaled(opened.read(row), source.scale)
        if (side := min(image_HWC.shape[:2])) < source.min_side:
            raise ImageError(opened.name(row), f"shorter side {side} is below {source.min_side}")
        return image_HWC


def _scaled(image_HWC: Image, scale: float) -> Image:
    if scale == 1:
        return image_HWC
    if scale == 0.5:
        return half_scale(image_HWC)
    size = (max(1, round(image_HWC.shape[1] * scale)), max(1, round(image_HWC.shape[0] * scale)))
    return np.asarray(PillowImage.fromarray(image_HWC).resize(size, PillowImage.Resampling.BICUBIC))
