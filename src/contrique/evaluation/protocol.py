"""The field's protocol: splits of rated images by content, agreement on the part not seen, medians over splits.

Each random split puts 70 % of the images into training, 10 % into validation and 20 % into test, whole groups at a
time. A method may learn from training, choose its settings on validation, and is measured on test; nothing is refitted
on training and validation together, so the numbers are those of the published protocol (Madhusudana et al., CONTRIQUE,
IEEE TIP 2022). All methods see the same splits, so their numbers can be compared split by split.

Correlations are between predictions and ratings in the ratings' own direction: positive is good whether the ratings are
MOS or DMOS. ``rmse`` is after the 5-parameter logistic, on the ratings' scale, as in the field's papers, since methods
without training have scales of their own.

To add a method, write a ``Method`` (it may train whatever it likes) and put it into the mapping given to ``compare``;
from image files to a table of several methods goes ``contrique.evaluation.table``.
"""

import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.correlation import krocc, plcc, plcc_logistic, rmse_logistic, srocc
from contrique.evaluation.ridge import RidgePath
from contrique.evaluation.splits import FRACTIONS, group_split

Method = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From the positions of training, validation and test images to predictions for the test images, on any scale, in the
ratings' direction."""

Split = tuple[np.ndarray, np.ndarray, np.ndarray]
"""The positions of training, validation and test images."""

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

FORMAT = 2
"""Of the results that ``compare`` gives, in files too; 1 had no predictions."""

MEASURED = (
    "measured on test; median over splits, low and high are the 10th and 90th percentile; correlations in the ratings' "
    "direction (positive is good); plcc is plain, plcc_logistic and rmse are after the 5-parameter logistic fitted to "
    "the test images; rmse in units of the ratings"
)

PROTOCOL = (
    "random splits by group into 70 % training, 10 % validation, 20 % test; fitted to training, settings such as a "
    f"ridge's strength chosen on validation; {MEASURED}"
)

DIGITS = 10
"""Significant digits of the predictions that a result holds: enough to find every number of the table again."""


def random_splits(groups_N: np.ndarray, splits: int = SPLITS, seed: int = 0) -> list[Split]:
    """The field's random splits: split i of a seed is always the same.

    Raises:
        ContriqueError: fewer than three groups, or fewer than one split.
    """
    if splits < 1:
        raise ContriqueError(f"expected at least one split, got {splits}")
    return [tuple(group_split(groups_N, FRACTIONS, seed=(seed, split))) for split in range(splits)]  # type: ignore[misc]


def ridge_on(features_ND: np.ndarray, scores_N: np.ndarray, *, standardise: bool = True) -> Method:
    """The method of CONTRIQUE: ridge on frozen features, the strength that of the greatest PLCC on validation.

    PLCC, because validation may be a single reference: squared error then mostly sees how far that content is off as a
    whole, and ranks of a dozen images tie (live8, 150 splits: mean test SROCC .925 by PLCC, .917 by squared error, .900
    by SROCC; on biq2021 all the same).
    """

    def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
        if len(train) < 2:
            raise ContriqueError("a split has a single image for training: there are too few images or groups")
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
    splits: int | Sequence[Split] = SPLITS,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure methods over the same splits.

    Args:
        methods: by name.
        scores_N: ratings, finite.
        groups_N: groups that no random split tears apart.
        ratings: what the ratings are called.
        splits: how many random splits; or the splits themselves.
        seed: of random splits: another seed gives others; split i of a seed is always the same.
        progress: show a bar on standard error.

    Returns:
        ``format``, ``ratings``, ``splits`` (how many), ``methods`` (for each ``method``; for each of ``MEASURES``
        ``median``, ``low``, ``high`` and ``splits``; and ``predictions`` for the test images of each split), ``tests``
        (the positions of each split's test images), ``parts`` (how many images each split has in training, validation
        and test), ``scores``, ``groups_of`` (the group of each image), ``images``, ``groups``, ``seed``, ``protocol``
        and ``versions``. A measure that has no answer is nan.

    Raises:
        ContriqueError: fewer than three groups, fewer than one split, or scores that are not finite.
    """
    from tqdm import tqdm

    scores_N = np.asarray(scores_N, dtype=np.float64)
    if not np.isfinite(scores_N).all() or scores_N.shape != np.shape(groups_N):
        raise ContriqueError("expected a finite rating and a group for each image")
    chosen = random_splits(groups_N, splits, seed) if isinstance(splits, int) else list(splits)
    if not chosen:
        raise ContriqueError("expected at least one split, got 0")
    rows: dict[str, dict[str, list[float]]] = {name: {measure: [] for measure in MEASURES} for name in methods}
    predictions: dict[str, list[list[float]]] = {name: [] for name in methods}
    with tqdm(total=len(chosen) * len(methods), unit="fit", disable=not progress, delay=2, file=sys.stderr) as bar:
        for train, validation, test in chosen:
            for name, method in methods.items():
                bar.set_postfix_str(name)
                predicted_M = np.asarray(method(train, validation, test), dtype=np.float64)
                for measure, function in MEASURES.items():
                    rows[name][measure].append(function(predicted_M, scores_N[test]))
                predictions[name].append([float(f"{value:.{DIGITS}g}") for value in predicted_M])
                bar.update()
    return {
        "format": FORMAT,
        "ratings": ratings,
        "splits": len(chosen),
        "methods": [
            {
                "method": name,
                **{measure: _summary(values) for measure, values in row.items()},
                "predictions": predictions[name],
            }
            for name, row in rows.items()
        ],
        "images": len(scores_N),
        "groups": len(np.unique(groups_N)),
        "seed": seed,
        "protocol": PROTOCOL,
        "versions": _versions(),
        "parts": [[len(part) for part in split] for split in chosen],
        "tests": [test.tolist() for _, _, test in chosen],
        "scores": scores_N.tolist(),
        "groups_of": np.unique(groups_N, return_inverse=True)[1].tolist(),
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


def _summary(values: list[float]) -> dict[str, Any]:
    low, high = np.percentile(values, SPREAD)
    return {"median": float(np.median(values)), "low": float(low), "high": float(high), "splits": values}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for package in ("contrique", "numpy", "scipy", "scikit-learn", "onnxruntime", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
