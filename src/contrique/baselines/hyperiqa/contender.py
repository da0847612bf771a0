"""HyperIQA as a row of the table: trained anew in every split, from pixels."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique import __version__
from contrique.baselines.hyperiqa.crops import Pictures
from contrique.baselines.hyperiqa.settings import Settings
from contrique.card import read_card
from contrique.errors import ContriqueError, ModelError, need
from contrique.evaluation.cache import FeatureCache, content_digest
from contrique.evaluation.contenders import Contender
from contrique.evaluation.kept import remembered

if TYPE_CHECKING:
    from contrique.baselines.hyperiqa.network import HyperIqaNet
    from contrique.baselines.hyperiqa.training import Trained
    from contrique.evaluation.protocol import Method
    from contrique.evaluation.ratings import Ratings

KEPT = "hyperiqa-1"
"""The folder of trained networks, beside that of the features."""


class HyperIqa(Contender):
    """HyperIQA.

    Args:
        trunk: model folder of a ResNet-50, whose weights and normalisation it starts from.
        settings: of ``Settings``.

    Raises:
        ModelError: the folder is no model, or its encoder is not a ResNet-50.
        ContriqueError: a setting that there is not.
        MissingExtra: torch is not installed.
    """

    name = "hyperiqa"

    def __init__(self, trunk: Path, **settings: Any) -> None:
        need("torch", "learn", "training HyperIQA")
        self.settings = Settings(**settings)
        self.trunk = Path(trunk)
        card = read_card(self.trunk)
        if card["encoder"]["name"] != "resnet50":
            raise ModelError(f"{self.trunk}: holds {card['encoder']['name']}; HyperIQA is made of a resnet50")
        self._start = json.dumps([card["files"]["encoder.safetensors"], card["encoder"]], sort_keys=True)
        about = json.dumps([KEPT, __version__, self._start, self.settings.to_dict()])
        self.about = {
            "model": card["name"],
            "digest": hashlib.sha256(about.encode()).hexdigest()[:16],
            "fit": "each split",
            "settings": self.settings.to_dict(),
            "reduced": self.settings.reduced(),
        }

    def check(self, ratings: "Ratings") -> None:
        """See ``Contender.check``.

        Raises:
            ContriqueError: the ratings are full-reference ones.
        """
        if ratings.references is not None:
            raise ContriqueError("hyperiqa has no full-reference variant: leave it or the references out")

    def look(self, ratings: "Ratings", cache: FeatureCache | None, *, progress: bool) -> dict[int, str]:
        """See ``Contender.look``: decodes the images."""
        self._cache, self._progress = cache, progress
        self._pictures = Pictures(ratings.paths)
        return self._pictures.look(progress=progress)

    def method(self, ratings: "Ratings", keep_N: np.ndarray) -> "Method":
        """See ``Contender.method``: trains, or finds a network that was trained with the very same."""
        from contrique.baselines.hyperiqa.training import predict

        place_N, contents = np.flatnonzero(keep_N), _contents(ratings)

        def learn(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
            trained = self._trained(ratings, place_N, contents, train, validation)
            numbers = predict(trained.network, self._pictures, place_N[test], self.settings, progress=self._progress)
            return trained.ratings(numbers)

        return remembered(learn, self._cache, ratings.scores, self.about["digest"], *contents)

    def trained(self, ratings: "Ratings", train: np.ndarray, validation: np.ndarray) -> "Trained":
        """The network of one split of all images given to ``look``."""
        return self._trained(ratings, np.arange(len(ratings)), _contents(ratings), train, validation)

    def _trained(
        self, ratings: "Ratings", place_N: np.ndarray, contents: list[str], train: np.ndarray, validation: np.ndarray
    ) -> "Trained":
        from contrique.baselines.hyperiqa import training

        key = hashlib.sha256(self.about["digest"].encode())
        for part in (train, validation):
            key.update(json.dumps([(contents[i], float(ratings.scores[i])) for i in part]).encode())
        folder = None if self._cache is None else self._cache.folder.parent / KEPT / key.hexdigest()[:32]
        scores_N = np.full(len(self._pictures.paths), np.nan)
        scores_N[place_N] = ratings.scores
        return training.train(
            network_from(self.trunk),
            self._pictures,
            scores_N,
            place_N[train],
            place_N[validation],
            self.settings,
            folder=folder,
            progress=self._progress,
        )


def _contents(ratings: "Ratings") -> list[str]:
    return [content_digest(path) or "" for path in ratings.paths]


def network_from(trunk: Path) -> "Callable[[], HyperIqaNet]":
    """Makes networks that start from a model folder's encoder, with its normalisation."""
    from contrique.baselines.hyperiqa.network import HyperIqaNet
    from contrique.learning.export import load_extractor

    def fresh() -> HyperIqaNet:
        start = load_extractor(trunk)
        return HyperIqaNet(start.encoder, *(start.normalise or ()))

    return fresh
