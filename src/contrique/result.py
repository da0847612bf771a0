"""What comes out for one image: its score, and the distortions that it most likely has.

Shapes: K kinds of distortion, "none" among them.
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np


@dataclass(frozen=True, slots=True)
class Distortion:
    """One kind of distortion, as likely as an image has it.

    Attributes:
        name: one of ``contrique.learning.distortions.NAMES``, or ``"none"`` for an image without any of them.
        probability: 0 to 1; those of one image add up to 1.
        level: how strong it is if it is this one, 1 (mild) to 5 (strong) and anything between, on the scale of
            ``contrique distort --level``; 0 for ``"none"``.
    """

    name: str
    probability: float
    level: float


class Probed(NamedTuple):
    """What a probe says of one image, as small as it can be kept: 200 bytes, where 26 ``Distortion`` take 3,000.

    Attributes:
        names: (K,), shared by all images of one probe.
        numbers: K probabilities and K levels, as the bytes of float32.
    """

    names: tuple[str, ...]
    numbers: bytes

    def distortions(self) -> tuple[Distortion, ...]:
        """The kinds, most likely first."""
        probability_K, level_K = np.frombuffer(self.numbers, np.float32).reshape(2, -1).tolist()
        order = sorted(range(len(self.names)), key=lambda kind: -probability_K[kind])
        return tuple(Distortion(self.names[kind], probability_K[kind], level_K[kind]) for kind in order)


@dataclass(frozen=True)
class Score:
    """How good one image looks.

    Attributes:
        path: the image's path, or a stand-in such as ``<array>``.
        value: 0 to 100, higher is better; nan where the image could not be scored.
        low: lower end of the interval, on the same scale.
        high: upper end of the interval. People's opinion lies between the two as often as the model's card says
            (``card["regressor"]["interval"]``); nan where that is None, because nobody measured one.
        error: why the image could not be scored, or None.
        raw: the method's own number, in its own direction: the predicted rating of a model, BRISQUE's or NIQE's number.
        distortions: which distortion the image most likely has, and how strong: all kinds that the model's probe knows,
            most likely first. Empty where the model has no probe. No part of whether two scores are equal.
    """

    path: str
    value: float
    low: float
    high: float
    error: str | None = None
    raw: float = math.nan
    distortions: tuple[Distortion, ...] = field(default_factory=tuple, repr=False, compare=False)

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        return self.low, self.high

    def __float__(self) -> float:
        return self.value

    @classmethod
    def failed(cls, path: str, error: str) -> "Score":
        """The score of an image that could not be scored."""
        return cls(path, math.nan, math.nan, math.nan, error)

    def probed(self, found: Probed) -> "Score":
        """This score with distortions, which are made anew whenever they are asked for: most of millions never are."""
        score = object.__new__(Score)
        score.__dict__.update({name: value for name, value in self.__dict__.items() if name != "distortions"})
        score.__dict__["_probed"] = found
        return score

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> tuple[Distortion, ...]:
            """Called for what an instance lacks: ``distortions``, where ``probed`` left them to be made."""
            if name == "distortions" and "_probed" in self.__dict__:
                return self.__dict__["_probed"].distortions()
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
