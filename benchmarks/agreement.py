"""Agreement of a model with people, for judge.py: within a set, across sets, as it is, and on what was set aside."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from contrique.evaluation.cache import FeatureCache, rated_features
from contrique.evaluation.contenders import ModelContender
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.regressor import needs_standardising
from contrique.evaluation.ridge import fit_ridge
from contrique.evaluation.table import measure, measure_across

RESAMPLES = 999
SPREAD = (10, 90)
ENDS = ("", "_low", "_high")
Row = dict[str, Any]


def learned(model: Any, sets: Sequence[Ratings]) -> set[str]:
    """Digests of the sets whose ratings the model's encoder has learned from, as its card tells.

    An encoder that was fine-tuned on ratings that are none of the sets is taken to have learned from a part of the
    first: a CSV of what was not set aside has a digest of its own.
    """
    training = model.card.get("training") or {}
    found = {one.digest for one in sets if one.digest in json.dumps(training)}
    tuned = "fine-tuned" in str(training.get("method"))
    return found or ({sets[0].digest} if tuned else set())


def features(model: Any, ratings: Ratings) -> np.ndarray:
    """Features of rated images, from the cache where it has them."""
    found_ND, errors = rated_features(model, ratings, FeatureCache(), progress=True)
    if errors:
        raise SystemExit(f"{ratings.paths[min(errors)]}: {errors[min(errors)]}")
    return found_ND


def fitted(model: Any, ratings: Ratings) -> Any:
    """Ridge on all of some ratings with the strength of least error over ten folds, as `contrique fit` does it."""
    standardise = needs_standardising(model.card)
    return fit_ridge(features(model, ratings), ratings.scores, ratings.groups, standardise=standardise)


def once(predicted_N: np.ndarray, ratings: Ratings) -> dict[str, list[float]]:
    """SROCC and PLCC of one prediction for each image, with percentiles over resamples of the groups."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(ratings.groups == group) for group in np.unique(ratings.groups)]
    drawn = [rng.integers(len(members), size=len(members)) for _ in range(RESAMPLES)]
    rows = [np.concatenate([members[at] for at in one]) for one in drawn]
    found = {}
    for name, function in (("srocc", srocc), ("plcc", plcc)):
        spread = np.nanpercentile([function(predicted_N[some], ratings.scores[some]) for some in rows], SPREAD)
        found[name] = [function(predicted_N, ratings.scores), *spread.tolist()]
    return found


def row_of(ratings: Ratings, how: str, numbers: dict[str, list[float]]) -> Row:
    """One line of agreement, as a card takes it."""
    spread = {f"{name}{end}": round(v, 4) for name, vs in numbers.items() for end, v in zip(ENDS, vs, strict=True)}
    return {"set": ratings.source, "images": len(ratings), "how": how, **spread}


def agreement(model: Any, sets: Sequence[Ratings], splits: int) -> list[Row]:
    """Within each set, across sets, and the model's own scores."""
    contender = [ModelContender(model, model.name)]
    options: dict[str, Any] = {"splits": splits, "cache": FeatureCache(), "progress": True}
    known, rows = learned(model, sets), []

    def add(result: dict[str, Any], ratings: Ratings, how: str) -> None:
        (found,) = result["methods"]
        numbers = {name: [found[name][end] for end in ("median", "low", "high")] for name in ("srocc", "plcc")}
        seen = "; the encoder learned from them" if ratings.digest in known else ""
        rows.append(row_of(ratings, how + seen, numbers))

    for ratings in sets:
        add(measure(ratings, contender, split="random", **options), ratings, f"{splits} random splits")
    for ratings in sets if len(sets) > 1 else ():
        others = [other for other in sets if other is not ratings]
        for other, result in zip(others, measure_across(ratings, others, contender, **options), strict=True):
            add(result, other, f"fitted to {ratings.source}, {splits} draws")
    for ratings in sets if model.card.get("regressor") else ():
        value_N = model.score_features(features(model, ratings))[0] * (-1 if ratings.lower_is_better else 1)
        seen = ratings.digest in known or ratings.digest in json.dumps(model.card["regressor"])
        rows.append(row_of(ratings, f"as it is{', fitted to them' if seen else ''}", once(value_N, ratings)))
    return rows


def final(model: Any, rests: Sequence[Ratings], asides: Sequence[Ratings]) -> list[Row]:
    """Fitted once to the rest of each set, tested on what was set aside of each."""
    rows = []
    for rest in rests:
        predict: Callable[[np.ndarray], np.ndarray] = fitted(model, rest).regressor.predict
        for aside in asides:
            sign = 1 if rest.lower_is_better == aside.lower_is_better else -1
            how = "set aside; fitted to the rest" + ("" if aside.source == rest.source else f" of {rest.source}")
            if aside.digest in json.dumps(model.card.get("training")):
                how += "; the encoder learned from them"
            rows.append(row_of(aside, how, once(sign * predict(features(model, aside)), aside)))
    return rows


def held_out(model: Any, rests: Sequence[Ratings], asides: Sequence[Ratings]) -> tuple[Ratings, np.ndarray, str] | None:
    """Predictions for images of the first set that the model has not seen rated, in units of the ratings.

    Returns:
        The images, a prediction for each, and in words how; None where there are no such images.
    """
    rest = rests[0]
    if rest.digest not in learned(model, rests):
        return rest, fitted(model, rest).held_out_N, "predictions held out by group, 10 folds"
    if not asides:
        return None
    predicted_N = fitted(model, rest).regressor.predict(features(model, asides[0]))
    return asides[0], predicted_N, "images set aside, predicted by a fit to the rest"
