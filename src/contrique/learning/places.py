"""Where crops of rated images lie: of any size, in shares of the room there is, at random."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Place(NamedTuple):
    """One crop.

    Attributes:
        image: position of the image.
        top: of the rows that the crop can begin at, which: 0 up to 1.
        left: likewise of the columns.
        mirrored: whether left and right change places.
    """

    image: int
    top: float
    left: float
    mirrored: bool


def random_places(images: Sequence[int] | np.ndarray, rng: np.random.Generator) -> list[Place]:
    """A crop for each entry of ``images``, in random order, at a random place, half of them mirrored."""
    order = rng.permutation(np.asarray(images, dtype=np.int64))
    random_N3 = rng.random((len(order), 3))
    return [Place(int(i), top, left, flip < 0.5) for i, (top, left, flip) in zip(order, random_N3, strict=True)]
