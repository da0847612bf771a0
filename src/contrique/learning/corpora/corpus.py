"""From sources to samples: views with class ids, of every step and place in its batch. Needs no torch.

What a step sees is a function of (seed, step, place in the batch) alone: no random state is carried from one step to
the next, so that a resumed run, and a run with another number of workers, sees exactly the same.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contrique.learning.corpora.images import Images
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES, PRISTINE_CLASS, distort
from contrique.learning.recipe import Recipe
from contrique.learning.views import two_views

Image = NDArray[np.uint8]


@dataclass
class Samples:
    """Some of the samples of one step.

    Attributes:
        view_N2SSC: uint8 (N, 2, size, size, 3), both views of each image.
        class_N: int64; 0…125 synthetic classes, 126 and up one for each authentic image.
        broken: name → reason of images that no process had found to be unusable before.
    """

    view_N2SSC: Image
    class_N: NDArray[np.int64]
    broken: dict[str, str] = field(default_factory=dict)


class Corpus:
    """Pristine and authentic images, and the samples of every step drawn from them.

    Within a batch, pristine images come in blocks: each block has ``images_per_class`` images and
    ``distortions_per_image`` classes, every image in every class. Images go round in a new order every epoch, so that
    each is seen equally often; see :class:`~contrique.learning.corpora.images.Images`. Where a pristine source holds
    ready-made samples, an image of the class is taken from it instead of distorting one.

    Attributes:
        pristine: images to distort.
        authentic: images that are classes of their own.
        n_synthetic: how many of a batch's samples are synthetic.
        held_out: indices into ``pristine`` of the contents that the recipe's probe asked for. Training draws neither
            them nor, from other sources, files that are the same or made from them.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Find all images of a recipe's sources.

        Raises:
            ContriqueError: a source is missing or holds no images, or too few are left beside those held out.
        """
        seed = recipe.run.seed
        self.pristine = Images(recipe.pristine, recipe.data, seed=seed)
        self.authentic = Images(recipe.authentic, recipe.data, pristine=False, seed=seed)
        self._batch, self._seed = recipe.batch, seed
        self.n_synthetic = 0 if not recipe.pristine else self._batch.images // (2 if recipe.authentic else 1)
        self.held_out: list[int] = []
        if recipe.probe is not None and recipe.pristine:
            self.held_out = self.pristine.choose(recipe.probe.contents)
            names = [self.pristine.name(index) for index in self.held_out]
            same = (index for name in names for index in self.pristine.same_as(name))
            self.pristine.hold_out([*self.held_out, *same])
            self.authentic.hold_out(index for name in names for index in self.authentic.same_as(name))

    def digest(self) -> str:
        """Short id of which images there are; folders above the sources' own do not matter."""
        return hashlib.sha256(f"{self.pristine.digest()}\n{self.authentic.digest()}".encode()).hexdigest()[:16]

    def notes(self) -> list[str]:
        """What a user should know about the sources, in words: repeats left out."""
        return self.pristine.notes() + self.authentic.notes()

    def newly_broken(self) -> dict[str, str]:
        """Name → reason of those that this process found first, since it was last asked."""
        return dict(self.pristine.newly_broken() + self.authentic.newly_broken())

    def samples(self, step: int, start: int, stop: int) -> Samples:
        """The samples start…stop of a step; the first ``n_synthetic`` of its ``batch.images`` are the synthetic ones.

        Raises:
            ContriqueError: too many images in a row are broken.
        """
        size = self._batch.view_size
        out = Samples(np.empty((stop - start, 2, size, size, 3), np.uint8), np.empty(stop - start, np.int64))
        for row, place in enumerate(range(start, stop)):
            draw = self._synthetic if place < self.n_synthetic else self._authentic
            rng = np.random.default_rng([self._seed, step, place])
            image_HWC, out.class_N[row] = draw(step, place, rng)
            out.view_N2SSC[row] = two_views(image_HWC, rng, size)
        out.broken = self.newly_broken()
        return out

    def _synthetic(self, step: int, place: int, rng: np.random.Generator) -> tuple[Image, int]:
        classes, images = self._batch.distortions_per_image, self._batch.images_per_class
        block, within = divmod(place, classes * images)
        position = (step * self.n_synthetic) // classes + block * images + within // classes
        drawn = np.random.default_rng([self._seed, step, block, 0xC1A5]).choice(N_CLASSES, classes, replace=False)
        class_id = int(drawn[within % classes])
        index, image_HWC = self.pristine.draw(position, rng, class_id)
        # A view needs at most 2·size pixels a side at full scale. Only such a part is distorted: about the size of the
        # images (512×384) that the levels were made for, and several times quicker on large ones.
        part_HWC = _part(image_HWC, rng, 2 * self._batch.view_size)
        if class_id in (PRISTINE_CLASS, self.pristine.class_of(index)):
            return part_HWC, class_id
        name, level = NAMES[class_id // len(LEVELS)], LEVELS[class_id % len(LEVELS)]
        return distort(part_HWC, name, level, int(rng.integers(2**31))), class_id

    def _authentic(self, step: int, place: int, rng: np.random.Generator) -> tuple[Image, int]:
        position = step * (self._batch.images - self.n_synthetic) + place - self.n_synthetic
        index, image_HWC = self.authentic.draw(position, rng)
        return image_HWC, N_CLASSES + index


def _part(image_HWC: Image, rng: np.random.Generator, side: int) -> Image:
    """A random part of at most side×side."""
    height, width = min(side, image_HWC.shape[0]), min(side, image_HWC.shape[1])
    y, x = int(rng.integers(image_HWC.shape[0] - height + 1)), int(rng.integers(image_HWC.shape[1] - width + 1))
    return np.ascontiguousarray(image_HWC[y : y + height, x : x + width])
