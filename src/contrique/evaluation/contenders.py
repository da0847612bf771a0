"""Rows of the table: what takes part in the protocol, by name, from image files to a method that is fitted anew.

A contender first looks at all images once (their features, say) and then gives a ``Method`` for the protocol. Features
with something learned on them need nothing of their own here: ``ModelContender`` takes any model folder (ridge, as in
the paper; an encoder is an argument), ``BaselineContender`` any method of baselines/. Only what learns from pixels in
every split, as HyperIQA does, is a subclass.

Shapes: N images, D features.
"""

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.baselines import METHODS, load_baseline, parameters_for
from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.cache import FeatureCache, cached_features, rated_features
from contrique.evaluation.kept import remembered
from contrique.evaluation.protocol import Method, as_given, ridge_on
from contrique.evaluation.regressor import needs_standardising

if TYPE_CHECKING:
    from contrique.baselines.baseline import Baseline
    from contrique.evaluation.ratings import Ratings
    from contrique.model import QualityModel

TABLE = ("brisque", "niqe", "cornia", "hosa", "hyperiqa", "resnet50", "contrique")
"""The methods of the poster's table, in its order."""


class Contender(ABC):
    """One row of the table.

    Attributes:
        name: as the table shows it.
        about: what it is, for the result: plain values.
    """

    name: str
    about: dict[str, Any]

    def check(self, ratings: "Ratings") -> None:  # noqa: B027  (most take part with any)
        """Find out, before the work of any contender, whether it can be measured on such ratings.

        Raises:
            ContriqueError: it cannot take part.
        """

    @abstractmethod
    def look(self, ratings: "Ratings", cache: FeatureCache | None, *, progress: bool) -> dict[int, str]:
        """Do once, for all rated images, what every split needs.

        Args:
            ratings: the images, and with full-reference ratings their references.
            cache: where results are kept between runs, or None.
            progress: show a bar on standard error.

        Returns:
            The images that cannot be used: reason by position.
        """

    @abstractmethod
    def method(self, ratings: "Ratings", keep_N: np.ndarray) -> Method:
        """Its part in the protocol; after ``look``.

        Args:
            ratings: of the images that every contender can use; positions of splits count these.
            keep_N: which of the images given to ``look`` they are.
        """


class ModelContender(Contender):
    """A model's frozen features with ridge in each split; with references |f(reference) − f(image)|.

    Args:
        model: a model folder, fitted or not.
        name: in the table.
    """

    def __init__(self, model: "QualityModel", name: str) -> None:
        self.model, self.name = model, name
        self.about = {"model": model.name, "digest": model.digest, "fit": "each split"}

    def look(self, ratings: "Ratings", cache: FeatureCache | None, *, progress: bool) -> dict[int, str]:
        """See ``Contender.look``: the features."""
        self._features_ND, errors = rated_features(self.model, ratings, cache, progress=progress)
        return errors

    def method(self, ratings: "Ratings", keep_N: np.ndarray) -> Method:
        """See ``Contender.method``: ridge."""
        features_ND, standardise = self._features_ND[keep_N], needs_standardising(self.model.card)
        return ridge_on(features_ND, ratings.scores, standardise=standardise)


class FittedContender(ModelContender):
    """The scores that a model gives as it is, with no fit to these ratings."""

    def __init__(self, model: "QualityModel", name: str) -> None:
        super().__init__(model, name)
        self.about["fit"] = "none"

    def check(self, ratings: "Ratings") -> None:
        """See ``Contender.check``.

        Raises:
            ModelError: the model has no regressor, or wants references where there are none.

        Warns:
            UserWarning: the model was fitted to these very ratings.
        """
        model, about = self.model, self.model.card.get("regressor")
        if not about:
            raise ModelError(f"{model.name} has no regressor: it has features, and no scores of its own")
        if model.full_reference != (ratings.references is not None):
            raise ModelError(f"{model.name} scores {'against' if model.full_reference else 'without'} references")
        if ratings.digest in str(about.get("ratings_digest")).split("+"):
            warnings.warn(
                f"{model.name} was fitted to {ratings.source}: its own scores there are not held out", stacklevel=3
            )

    def method(self, ratings: "Ratings", keep_N: np.ndarray) -> Method:
        """See ``Contender.method``: the model's scores."""
        value_N = self.model.score_features(self._features_ND[keep_N])[0]
        return as_given(-value_N if ratings.lower_is_better else value_N)


class BaselineContender(Contender):
    """A published method of baselines/: its features once, and what it learns in each split."""

    def __init__(self, baseline: "Baseline", name: str) -> None:
        self.baseline, self.name = baseline, name
        card = baseline.card
        self.about = {
            "model": card["name"],
            "digest": baseline.digest,
            "fit": "each split" if baseline.learns else "none",
        }

    def check(self, ratings: "Ratings") -> None:
        """See ``Contender.check``.

        Raises:
            ContriqueError: the ratings are full-reference ones.
        """
        if ratings.references is not None:
            raise ContriqueError(f"{self.name} has no full-reference variant: leave it or the references out")

    def look(self, ratings: "Ratings", cache: FeatureCache | None, *, progress: bool) -> dict[int, str]:
        """See ``Contender.look``: the features."""
        self._cache = cache
        self._features_ND, errors = cached_features(self.baseline, ratings.paths, cache, progress=progress)
        return errors

    def method(self, ratings: "Ratings", keep_N: np.ndarray) -> Method:
        """See ``Contender.method``: what the method learns."""
        features_ND = self._features_ND if keep_N.all() else self._features_ND[keep_N]
        learner = self.baseline.learner(features_ND, ratings.scores, lower_is_better=ratings.lower_is_better)
        if not self.baseline.learns:
            return learner
        return remembered(learner, self._cache, ratings.scores, self.baseline.digest, features_ND)


def contenders(
    names: Iterable[str],
    *,
    models: Sequence["QualityModel"] = (),
    parameters: str | os.PathLike[str] | None = None,
    resnet50: str | os.PathLike[str] | None = None,
    hyperiqa: dict[str, Any] | None = None,
    as_fitted: bool = False,
) -> list[Contender]:
    """Rows by name.

    Args:
        names: of ``TABLE`` or ``METHODS``, in the order wanted.
        models: the rows of ``contrique``, one each; the shipped model if left out.
        parameters: folder of official files, for the methods that it has files of; None for the shipped ones.
        resnet50: the model folder of an ImageNet ResNet-50, for the rows resnet50 and hyperiqa.
        hyperiqa: settings of its training (``contrique.baselines.hyperiqa``).
        as_fitted: add a row for each model of ``contrique`` with the scores it gives as it is.

    Raises:
        ContriqueError: a name that is not known or is given twice, or a row that lacks its ResNet-50.
        ModelError: a model or a parameter file is missing or damaged.
        MissingExtra: a row needs a package that is not installed.
    """
    from contrique.model import SHIPPED, QualityModel

    if parameters is not None and not Path(parameters).is_dir():
        raise ModelError(f"{parameters}: no such folder of parameters")
    names = list(names)
    known = dict.fromkeys((*TABLE, *METHODS))
    for name in names:
        if name not in known:
            raise ContriqueError(f"unknown method {name!r}: expected some of {', '.join(known)}")
    if not names or len(set(names)) < len(names):
        raise ContriqueError(f"expected one or more methods, each once; got {', '.join(names) or 'none'}")
    methods = [name for name in names if name in METHODS and name != "hyperiqa"]
    folders = {} if parameters is None else {name: parameters_for(name, Path(parameters)) for name in methods}
    if folders and not any(folders.values()):
        raise ModelError(f"{parameters}: holds no parameters of {' or '.join(folders)}")
    rows: list[Contender] = []
    for name in names:
        if name == "contrique":
            for model in models or [QualityModel.load()]:
                title = _unused("contrique" if model.folder == SHIPPED else model.name, rows)
                rows.append(ModelContender(model, title))
                if as_fitted:
                    rows.append(FittedContender(model, _unused(f"{title}, as fitted", rows)))
        elif name in ("resnet50", "hyperiqa"):
            if resnet50 is None:
                raise ContriqueError(
                    f"{name} starts from an ImageNet ResNet-50: name its model folder (--resnet50), made from any "
                    "torchvision checkpoint by contrique import-checkpoint"
                )
            if name == "resnet50":
                from contrique.baselines.resnet50 import contender

                rows.append(contender(resnet50))
            else:
                from contrique.baselines.hyperiqa import HyperIqa

                rows.append(HyperIqa(Path(resnet50), **(hyperiqa or {})))
        else:
            rows.append(BaselineContender(load_baseline(name, folders.get(name)), name))
    return rows


def _unused(name: str, rows: Sequence[Contender]) -> str:
    taken = {row.name for row in rows}
    names = (name if number == 1 else f"{name} ({number})" for number in range(1, len(taken) + 2))
    return next(one for one in names if one not in taken)
