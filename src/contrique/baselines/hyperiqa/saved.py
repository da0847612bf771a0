"""A HyperIQA network trained on all of a rated set, kept as a folder: what ``contrique score --method hyperiqa`` runs.

Shapes: N images, P crops of one image.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from contrique.baselines.baseline import Baseline
from contrique.baselines.hyperiqa.contender import HyperIqa
from contrique.baselines.hyperiqa.crops import cut, fixed_places, sized
from contrique.baselines.hyperiqa.network import HyperIqaNet
from contrique.baselines.hyperiqa.training import Trained, numbers_of
from contrique.baselines.parameters import ARRAYS, CARD, read_method, write_shipped
from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.protocol import Method, as_given
from contrique.evaluation.splits import group_split
from contrique.learning.encoders import ENCODERS

if TYPE_CHECKING:
    from contrique.evaluation.ratings import Ratings

HELD_OUT = (0.875, 0.125)
"""Shares of the images that the network learns from and that choose its epoch."""

MOST_PATCHES = 10_000
"""Crops of an image, 1.5 GB, that a card can ask for."""

METHOD = "HyperIQA"
PAPER = "Su et al., Blindly assess image quality in the wild guided by a self-adaptive hyper network, CVPR 2020"


class TrainedHyperIqa(Baseline):
    """HyperIQA with weights that were trained before; its one feature is the network's number.

    Args:
        card: as ``Baseline`` wants it, and in ``network``: ``patches``, ``seed``, and ``mean`` and ``deviation`` of the
            ratings.
        network: in eval mode.
    """

    dim = 1
    learns = False

    def __init__(self, card: dict[str, Any], network: HyperIqaNet) -> None:
        super().__init__(card)
        about = card["network"]
        self.digest = f"hyperiqa-1-{card['files'][ARRAYS][:12]}-{about['patches']}-{about['seed']}"
        self._trained = Trained(network, about["mean"], about["deviation"], 0, [])
        self._places = fixed_places(about["patches"], about["seed"])

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """The crops (P, 224, 224, 3) that are looked at."""
        image_HWC = sized(image_HWC)
        return np.stack([cut(image_HWC, top, left) for top, left in self._places])

    def features_of(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The mean of the network's numbers for each image's crops, (N, 1)."""
        return np.array([[numbers_of(self._trained.network, crops).mean()] for crops in prepared])

    def raw(self, features_ND: np.ndarray) -> np.ndarray:
        """A rating, in the units and direction of those the network was trained on."""
        return self._trained.ratings(np.asarray(features_ND, np.float64)[:, 0])

    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool) -> Method:
        """Learns nothing more. (In the table HyperIQA is trained in every split: ``HyperIqa``.)"""
        sign = 1 if lower_is_better == self.card["raw"]["lower_is_better"] else -1
        return as_given(sign * self.raw(features_ND))


def fit(
    ratings: "Ratings",
    trunk: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    cache: FeatureCache | None = None,
    progress: bool = False,
    **settings: Any,
) -> TrainedHyperIqa:
    """Train a network on a rated set and keep it.

    An eighth of the images, whole groups at a time, chooses the epoch.

    Args:
        ratings: from ``read_ratings`` or a set of ``contrique.evaluation.datasets``.
        trunk: model folder of the ResNet-50 to start from.
        folder: where the network is written.
        cache: where training's state is kept after each epoch, to go on from; or None.
        progress: show bars on standard error.
        settings: of ``contrique.baselines.hyperiqa.Settings``.

    Returns:
        The network, as ``load`` gives it.

    Raises:
        ContriqueError: an image cannot be used, or a setting; or too few groups.
        ModelError: the trunk is no ResNet-50.
    """
    contender = HyperIqa(Path(trunk), **settings)
    contender.check(ratings)
    left_out = contender.look(ratings, cache, progress=progress)
    if left_out:
        first = min(left_out)
        raise ContriqueError(f"{len(left_out)} images cannot be used, first {ratings.paths[first]}: {left_out[first]}")
    training, validation = group_split(ratings.groups, HELD_OUT, seed=(contender.settings.seed, 0))
    trained = contender.trained(ratings, training, validation)
    agreement = trained.agreement[trained.epoch]
    card = {
        "name": f"hyperiqa-{ratings.dataset or 'trained'}",
        "method": METHOD,
        "paper": PAPER,
        "licence": "that of the ResNet-50 it started from, and of the ratings",
        "training": {
            "ratings": ratings.source,
            "images": len(training),
            "validation": len(validation),
            "validation_srocc": None if np.isnan(agreement) else agreement,
            "epoch": trained.epoch + 1,
            "started_from": contender.about["model"],
            "settings": contender.settings.to_dict(),
        },
        "network": {
            "patches": contender.settings.test_patches,
            "seed": contender.settings.seed,
            "mean": trained.mean,
            "deviation": trained.deviation,
        },
        "raw": {
            "range": f"{ratings.scores.min():g} to {ratings.scores.max():g}, the ratings' own; may leave it a little",
            "lower_is_better": ratings.lower_is_better,
            "mapping": {
                "low": float(ratings.scores.min()),
                "high": float(ratings.scores.max()),
                "lower_is_better": ratings.lower_is_better,
            },
            "interval": None,
        },
    }
    state = trained.network.state_dict()
    write_shipped(Path(folder), card, {key: value.cpu().contiguous().numpy() for key, value in state.items()})
    return load_trained(Path(folder))


def load_trained(folder: Path) -> TrainedHyperIqa:
    """Read what ``fit`` wrote.

    Raises:
        ModelError: a file is missing or damaged, or the folder is another method's.
    """
    card, arrays = read_method(folder, METHOD)
    _check(card.get("network"), folder / CARD)
    if card["raw"] is None or not all(np.isfinite(one).all() for one in arrays.values()):
        raise ModelError(f"{folder}: the card has no raw, or weights are not finite numbers")
    network = HyperIqaNet(ENCODERS["resnet50"]())
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        network.to("cuda" if torch.cuda.is_available() else "cpu", memory_format=torch.channels_last)  # type: ignore[call-overload]
        return TrainedHyperIqa(card, network.eval())
    except (RuntimeError, LookupError, TypeError, ValueError) as error:
        words = " ".join(str(error).split())[:300]  # PyTorch has a line for each weight
        raise ModelError(f"{folder / ARRAYS}: not a HyperIQA network: {words}") from error


def _check(about: Any, where: Path) -> None:
    try:
        whole = all(type(about[name]) is int for name in ("patches", "seed"))
        good = whole and 1 <= about["patches"] <= MOST_PATCHES and about["seed"] >= 0
        if good and np.isfinite(about["mean"]) and 0 < about["deviation"] < float("inf"):
            return
    except (LookupError, TypeError):
        pass
    raise ModelError(f"{where}: what it says of the network is damaged")
