"""What a fine-tuning run can be told, and the constants that it keeps to."""

from dataclasses import asdict, dataclass
from typing import Any

from contrique.errors import ContriqueError

FIRST_LAYER = 0.1
"""Learning rate of the first layer as a share of the last one's; geometric in between. Early filters see what every
image has, and a few thousand ratings are too few to learn them anew."""

HEAD = 0.1
"""Learning rate of the linear head as a share of the last layer's: it begins at the ridge solution, and thousands of
weights on standardised features add up in every prediction."""

WEIGHT_DECAY = 0.01
"""AdamW's; of kernels only."""

WARMUP = 0.05
"""Share of the run in which the learning rate rises."""

LEAST_CROP = 64
"""Smallest side of a crop: at half scale the networks' stride of 32."""


@dataclass(frozen=True)
class Settings:
    """How to fine-tune; the same settings, ratings, images and encoder give the same weights on the same machine.

    Attributes:
        epochs: how often each training image is seen; the epoch that agrees best with validation is kept.
        batch: crops a step.
        crop: side of the square that is cut from an image at the size it is scored at; all of a smaller image.
        lr: peak learning rate of the last layer (AdamW).
        frozen: share of the layers, from the first on, whose weights stay as they are. A step takes less time and
            memory the more of them there are: maps are largest there.
        correlation: weight of 1 − PLCC within a batch, beside the mean squared error in units of the ratings'
            deviation.
        validation: share of the images, whole groups, that are not trained on: they choose the epoch and the
            regressor's strength, and measure agreement and interval.
        seed: of the split, the order, the crops and the flips.

    Raises:
        ContriqueError: a value out of its range.
    """

    epochs: int = 3
    batch: int = 8
    crop: int = 256
    lr: float = 1e-4
    frozen: float = 0.2
    correlation: float = 0.5
    validation: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 2), ("crop", LEAST_CROP), ("seed", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ContriqueError(f"{name}: expected a whole number of at least {least}, got {value!r}")
        for name, low, high in (("lr", 0, 1), ("validation", 0, 1)):
            if not low < getattr(self, name) < high:
                raise ContriqueError(f"{name}: expected a number between {low} and {high}, got {getattr(self, name)!r}")
        if not 0 <= self.frozen < 1:
            raise ContriqueError(f"frozen: expected a share of at least 0 and below 1, got {self.frozen!r}")
        if not 0 <= self.correlation < float("inf"):
            raise ContriqueError(f"correlation: expected a weight of at least 0, got {self.correlation!r}")

    def to_dict(self) -> dict[str, Any]:
        """The plain dictionary that a card stores."""
        return asdict(self)
