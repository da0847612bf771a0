"""The field's protocol: random splits of rated images by content, agreement on the part not seen, medians over splits.

Each split puts 70 % of the images into training, 10 % into validation and 20 % into test, whole groups at a time. A
method may learn from training, choose its settings on validation, and is measured on test; nothing is refitted on
training and validation together, so the numbers are those of the published protocol (Madhusudana et al., CONTRIQUE,
IEEE TIP 2022). All methods see the same splits, so their numbers can be compared split by split.

Correlations are between predictions and ratings in the ratings' own direction: positive is good whether the ratings are
MOS or DMOS. ``rmse`` is after the 5-parameter logistic, on the ratings' scale, as in the field's papers, since methods
without training have scales of their own.

To add a method, write a ``Method`` (it may train whatever it likes) and put it into the mapping given to ``compare``.
"""

import platform
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.correlation import krocc, plcc, plcc_logistic, rmse_logistic, srocc
from contrique.evaluation.regressor import RidgePath, needs_standardising
from contrique.evaluation.splits import FRACTIONS, group_split

if TYPE_CHECKING:
    from contrique.evaluation.cache import FeatureCache
    from contrique.evaluation.ratings import Ratings
    from contrique.model import QualityModel

Method = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From the positions of training, validation and test images to predictions for the test images, on any scale, in the
ratings' direction."""

MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "srocc": srocc,
    "plcc": plcc,
    "plcc_logistic": plcc_logistic,
    "krocc": krocc,
    "rmse": rmse_logistic,
}

SPREAD = (10, 90)
"""Percentiles over the splits that are reported as low and high, linearly interpolated."""

SPLITS = 10

PROTOCOL = (
    "random splits by group into 70 % training, 10 % validation, 20 % test; ridge on frozen features fitted to "
    "training with the strength of greatest PLCC on validation; measured on test; median over splits, low and "
    "high are the 10th and 90th percentile; correlations in the ratings' direction (positive is good); plcc is plain, "
    "plcc_logistic and rmse are after the 5-parameter logistic fitted to the test images; rmse in units of the ratings"
)


def ridge_on(features_ND: np.ndarray, scores_N: np.ndarray, *, standardise: bool = True) -> Method:
    """The method of CONTRIQUE: ridge on frozen features, the strength that of the greatest PLCC on validation.

    PLCC, because validation may be a single reference: squared error then mostly sees how far that content is off as a
    whole, and ranks of a dozen images tie (live8, 150 splits: mean test SROCC .925 by PLCC, .917 by squared error, .900
    by SROCC; on biq2021 all the same).
    """

    def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
        path = RidgePath(features_ND[train], scores_N[train], standardise=standardise)
        regressors = path.regressors(path.strengths())
        seen_ND = features_ND[validation].astype(np.float64)
        agreement = [plcc(one.predict(seen_ND), scores_N[validation]) for one in regressors]
        if np.isnan(agreement).all():  # a single image, or all of one rating
            chosen = regressors[len(regressors) // 2]
        else:
            chosen = regressors[int(np.nanargmax(agreement))]
        return chosen.predict(features_ND[test])

    return predict


def as_given(predictions_N: np.ndarray) -> Method:
    """A method that learns nothing from these ratings: predictions made beforehand, in the ratings' direction."""
    return lambda train, validation, test: predictions_N[test]


def compare(
    methods: Mapping[str, Method],
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    *,
    ratings: str = "",
    splits: int = SPLITS,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure methods over the same random splits.

    Args:
        methods: by name.
        scores_N: ratings, finite.
        groups_N: groups that no split tears apart.
        ratings: what the ratings are called.
        splits: how many splits.
        seed: another seed gives other splits; split i of a seed is always the same.
        progress: show a bar on standard error.

    Returns:
        ``ratings``, ``splits``, ``methods`` (for each ``method`` and, for each of ``MEASURES``, ``median``, ``low``,
        ``high`` and ``splits``), ``images``, ``groups``, ``seed``, ``protocol`` and ``versions``. A measure that has no
        answer is nan.

    Raises:
        ContriqueError: fewer than three groups, fewer than one split, or scores that are not finite.
    """
    from tqdm import tqdm

    scores_N = np.asarray(scores_N, dtype=np.float64)
    if splits < 1:
        raise ContriqueError(f"expected at least one split, got {splits}")
    if not np.isfinite(scores_N).all() or scores_N.shape != np.shape(groups_N):
        raise ContriqueError("expected a finite rating and a group for each image")
    rows: dict[str, dict[str, list[float]]] = {name: {measure: [] for measure in MEASURES} for name in methods}
    with tqdm(total=splits * len(methods), unit="split", disable=not progress, delay=2, file=sys.stderr) as bar:
        for split in range(splits):
            train, validation, test = group_split(groups_N, FRACTIONS, seed=(seed, split))
            for name, method in methods.items():
                predicted_M = np.asarray(method(train, validation, test), dtype=np.float64)
                for measure, function in MEASURES.items():
                    rows[name][measure].append(function(predicted_M, scores_N[test]))
                bar.update()
    return {
        "ratings": ratings,
        "splits": splits,
        "methods": [
            {"method": name, **{m: _summary(values) for m, values in row.items()}} for name, row in rows.items()
        ],
        "images": len(scores_N),
        "groups": len(np.unique(groups_N)),
        "seed": seed,
        "protocol": PROTOCOL,
        "versions": _versions(),
    }


def evaluate(
    features_ND: np.ndarray,
    scores_N: np.ndarray,
    groups_N: np.ndarray,
    *,
    method: str = "contrique",
    standardise: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """Measure ridge on frozen features; ``options`` and result are those of ``compare``."""
    features_ND, scores_N = np.asarray(features_ND), np.asarray(scores_N, dtype=np.float64)
    if features_ND.ndim != 2 or len(features_ND) != len(scores_N):
        raise ContriqueError(f"expected features (N, D) for {len(scores_N)} ratings, got shape {features_ND.shape}")
    return compare({method: ridge_on(features_ND, scores_N, standardise=standardise)}, scores_N, groups_N, **options)


def evaluate_models(
    ratings: "Ratings",
    models: Sequence["QualityModel"] | None = None,
    *,
    splits: int = SPLITS,
    seed: int = 0,
    as_fitted: bool = False,
    cache: "FeatureCache | None" = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure models on rated images, from the files to the table: what ``contrique evaluate`` does.

    Every model's encoder gives frozen features, with references |f(reference) − f(image)|, and each split has its own
    ridge. Images that one of the models cannot read are left out for all.

    Args:
        ratings: from ``read_ratings``.
        models: the shipped one if left out.
        splits: how many.
        seed: of the splits.
        as_fitted: add a row for each model with the scores it gives as it is, with no fit to these ratings.
        cache: where features are kept, or None.
        progress: show bars on standard error.

    Returns:
        What ``compare`` gives, and ``left_out`` (path and reason of each image), ``grouped_by``, ``lower_is_better``,
        ``full_reference``; with each method ``model``, ``digest`` and ``fit`` ("each split" or "none").

    Raises:
        ContriqueError: too few usable images.
        ModelError: ``as_fitted`` with a model that has no regressor, or that wants references where there are none.

    Warns:
        UserWarning: a model's own scores are measured on the ratings it was fitted to.
    """
    from contrique.evaluation.cache import rated_features
    from contrique.model import SHIPPED, QualityModel

    models = [QualityModel.load()] if models is None else models
    features, left_out = [], {}
    for model in models:
        if as_fitted:
            _check_fitted(model, ratings)
        rows_ND, errors = rated_features(model, ratings, cache, progress=progress)
        features.append(rows_ND)
        left_out.update(errors)
    keep_N = np.array([index not in left_out for index in range(len(ratings))], dtype=bool)
    used = ratings.only(keep_N)
    methods: dict[str, Method] = {}
    about: dict[str, dict[str, Any]] = {}
    for model, rows_ND in zip(models, features, strict=True):
        name = _unused("contrique" if model.folder == SHIPPED else model.name, methods)
        methods[name] = ridge_on(rows_ND[keep_N], used.scores, standardise=needs_standardising(model.card))
        about[name] = {"model": model.name, "digest": model.digest, "fit": "each split"}
        if as_fitted:
            value_N = model.score_features(rows_ND[keep_N])[0]
            name = _unused(f"{name}, as fitted", methods)
            methods[name] = as_given(-value_N if used.lower_is_better else value_N)
            about[name] = {"model": model.name, "digest": model.digest, "fit": "none"}
    result = compare(
        methods, used.scores, used.groups, ratings=ratings.source, splits=splits, seed=seed, progress=progress
    )
    for row in result["methods"]:
        row.update(about[row["method"]])
    result["left_out"] = [{"path": str(ratings.paths[i]), "error": left_out[i]} for i in sorted(left_out)]
    result["grouped_by"] = ratings.grouped_by
    result["lower_is_better"] = ratings.lower_is_better
    result["full_reference"] = ratings.references is not None
    return result


def _check_fitted(model: "QualityModel", ratings: "Ratings") -> None:
    about = model.card.get("regressor")
    if not about:
        raise ModelError(f"{model.name} has no regressor: it has features, and no scores of its own")
    if model.full_reference != (ratings.references is not None):
        raise ModelError(f"{model.name} scores {'against' if model.full_reference else 'without'} references")
    if about.get("ratings_digest") == ratings.digest:
        warnings.warn(
            f"{model.name} was fitted to {ratings.source}: its own scores there are not held out", stacklevel=3
        )


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    names = (name if number == 1 else f"{name} ({number})" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _summary(values: list[float]) -> dict[str, Any]:
    low, high = np.percentile(values, SPREAD)
    return {"median": float(np.median(values)), "low": float(low), "high": float(high), "splits": values}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for package in ("contrique", "numpy", "scipy", "onnxruntime"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
