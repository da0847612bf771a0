"""What every baseline has in common: features of one image, a number of its own, and that number on 0–100.

Shapes: N images, D features.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from contrique.errors import ContriqueError, ImageError, ModelError
from contrique.images import Source, read_image, source_name
from contrique.scale import interval_hundred, to_hundred

if TYPE_CHECKING:
    from contrique.evaluation.protocol import Method
    from contrique.result import Score


class Baseline(ABC):
    """A published method that scores an image without a reference.

    A subclass says how features come from an image (``prepare``), what the method's number is for them (``raw``), and
    how it takes part in the field's protocol (``learner``). Everything else is here.

    Args:
        card: what the method is: ``name``, and in ``raw`` the number's ``range``, ``lower_is_better``, its ``mapping``
            to 0–100 (scale.py) and ``interval``, None where nobody measured one. ``raw`` is None for a method that has
            features and no number yet.

    Attributes:
        card: as given.
        name: the card's name.
        digest: names the features: changes when their definition does, a codebook of theirs included, and never for
            another regressor.
        dim: D.
        learns: whether it learns from ratings: in the protocol from each split's, and then from nothing but features
            and ratings, so that its own regressor has no part in it.
        full_reference: False, all of them do without.
    """

    digest: str
    dim: int
    learns: ClassVar[bool] = True
    full_reference = False

    def __init__(self, card: dict[str, Any]) -> None:
        self.card = card
        self.name: str = card["name"]

    @abstractmethod
    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """What is computed from one image alone, in a thread: here the features (D,) themselves.

        Args:
            image_HWC: uint8 RGB.

        Raises:
            ContriqueError: the method has no answer for this image.
        """

    @abstractmethod
    def raw(self, features_ND: np.ndarray) -> np.ndarray:
        """The method's own number for each row of features, (N,) float64, in the method's own direction."""

    @abstractmethod
    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool) -> "Method":
        """The method in the field's protocol: what it learns anew in each split, and its predictions for the test."""

    def check_scores(self) -> None:
        """Raise ModelError unless the method has scores of its own, and not only features for the protocol."""
        if self.card["raw"] is None:
            raise ModelError(f"{self.name} has features for contrique evaluate, but no regressor and so no scores")

    def features_of(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Features (N, D) of what ``prepare`` gave for each of N images."""
        return np.stack(prepared)

    def features(self, source: Source) -> np.ndarray:
        """Features (D,) of one image: path, bytes, file object, PIL image or uint8 array (H, W, 3).

        Raises:
            ImageError: the image cannot be used.
        """
        image_HWC = read_image(source)
        try:
            return self.features_of([self.prepare(image_HWC)])[0]
        except ContriqueError as error:
            raise ImageError(source_name(source), f"cannot be scored: {error}") from error

    def score_features(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, low and high on 0–100 for each row of features; low and high are nan where there is no interval.

        Raises:
            ModelError: see ``check_scores``.
        """
        self.check_scores()
        raw_N = self.raw(features_ND)
        mapping, interval = self.card["raw"]["mapping"], self.card["raw"]["interval"]
        if interval is None:
            value_N = to_hundred(raw_N, mapping)
            return value_N, np.full_like(value_N, math.nan), np.full_like(value_N, math.nan)
        return interval_hundred(raw_N, interval["half_width"], mapping)

    def to_score(self, path: str, features_D: np.ndarray) -> "Score":
        """The score of one image by its features."""
        from contrique.result import Score

        (value,), (low,), (high,) = self.score_features(features_D[None])
        return Score(path, float(value), float(low), float(high), raw=float(self.raw(features_D[None])[0]))

    def score(self, source: Any) -> Any:
        """Score one image, or a folder or iterable of them: as ``QualityModel.score``.

        Raises:
            ImageError: a single image cannot be used.
        """
        from contrique.scoring import score_many

        many = score_many(self, source)
        return self.to_score(source_name(source), self.features(source)) if many is None else many
