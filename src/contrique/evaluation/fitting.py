"""From rated images and an encoder to a model that scores: features, ridge, mapping to 0–100, interval, card."""

from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache, rated_features
from contrique.evaluation.conformal import LEVEL, half_width, measure_coverage
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.regressor import FOLDS, Regressor, fit_ridge, needs_standardising
from contrique.scale import check_mapping

if TYPE_CHECKING:
    from contrique.model import QualityModel

COVERAGE_SPLITS = 10


def fit_model(
    ratings: Ratings,
    encoder: "QualityModel | None" = None,
    *,
    name: str,
    about: str | None = None,
    level: float = LEVEL,
    scale_min: float | None = None,
    scale_max: float | None = None,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> "tuple[QualityModel, dict[int, str]]":
    """Fit an encoder to ratings: what ``contrique fit`` does.

    Args:
        ratings: from ``read_ratings``; with references the model is a full-reference one.
        encoder: a model whose encoder is used; the shipped one if left out. A regressor it has is replaced.
        name: the new model's name.
        about: whose ratings they are and under which licence, for the card.
        level: wanted coverage of the interval.
        scale_min: the rating that maps to the lower end of 0–100 (the upper, if lower is better); the least rating if
            left out.
        scale_max: the other end; the greatest rating if left out.
        seed: of folds and splits.
        cache: where features are kept, or None.
        progress: show a bar on standard error.

    Returns:
        The model, ready to ``save``, and the images that were left out: reason by position in ``ratings``.

    Raises:
        ContriqueError: too few images or groups for a fit or for the level, ratings that are all the same, or scale
            ends in the wrong order.
    """
    from contrique.model import QualityModel

    encoder = QualityModel.load() if encoder is None else encoder
    rows_ND, left_out = rated_features(encoder, ratings, cache, progress=progress)
    keep_N = np.array([index not in left_out for index in range(len(ratings))], dtype=bool)
    regressor, card, agreement = fit_features(
        rows_ND[keep_N],
        ratings.only(keep_N),
        standardise=needs_standardising(encoder.card),
        level=level,
        scale_min=scale_min,
        scale_max=scale_max,
        seed=seed,
    )
    if about is not None:
        card["about"] = about
    return encoder.with_regressor(regressor, card, name=name, agreement=agreement), left_out


def fit_features(
    features_ND: np.ndarray,
    ratings: Ratings,
    *,
    standardise: bool = True,
    level: float = LEVEL,
    scale_min: float | None = None,
    scale_max: float | None = None,
    seed: int = 0,
) -> tuple[Regressor, dict[str, Any], dict[str, Any]]:
    """Fit features to ratings.

    Returns:
        The regressor, and the card's parts ``regressor`` and ``agreement``. The interval's ``half_width`` is in units
        of the ratings, ``half_width_points`` the same in points of 0–100 (where the mapping is a straight line).
        ``coverage`` is measured on held-out groups over random splits, and None with fewer than three groups.

    Raises:
        ContriqueError: as ``fit_model``.
    """
    groups = len(np.unique(ratings.groups))
    if groups < 2:
        raise ContriqueError(f"a fit needs images of at least two groups, got {len(ratings)} images of {groups}")
    mapping = mapping_of(ratings, scale_min, scale_max)
    fit = fit_ridge(features_ND, ratings.scores, ratings.groups, standardise=standardise, seed=seed)
    width = half_width(ratings.scores - fit.held_out_N, level)
    if not np.isfinite(width):
        raise ContriqueError(f"{len(ratings)} images are too few for an interval that holds {level:.0%} of ratings")
    interval: dict[str, Any] = {
        "level": level,
        "half_width": width,
        "half_width_points": 100 * width / (mapping["high"] - mapping["low"]),
        "coverage": None,
    }
    if groups >= 3:
        measured = measure_coverage(
            features_ND,
            ratings.scores,
            ratings.groups,
            level=level,
            standardise=standardise,
            splits=COVERAGE_SPLITS,
            seed=seed,
        )
        interval.update(coverage=measured.mean, coverage_low=measured.low, coverage_high=measured.high)
        interval["coverage_splits"] = COVERAGE_SPLITS
    about = {
        "kind": "ridge on standardised features" if standardise else "ridge",
        **described(ratings, mapping),
        "strength": fit.strength,
        "folds": FOLDS,
        "seed": seed,
        "interval": interval,
    }
    agreement = {
        "ratings": ratings.source,
        "protocol": f"predictions held out by group, {FOLDS} folds, all images together",
        "srocc": srocc(fit.held_out_N, ratings.scores),
        "plcc": plcc(fit.held_out_N, ratings.scores),
    }
    return fit.regressor, about, agreement


def mapping_of(ratings: Ratings, scale_min: float | None = None, scale_max: float | None = None) -> dict[str, Any]:
    """What the scale's ends are: the card's ``regressor.mapping``; the least and greatest rating where none are given.

    Raises:
        ContriqueError: ratings that are all the same, or ends in the wrong order.
    """
    ends = float(ratings.scores.min()), float(ratings.scores.max())
    if ends[0] == ends[1]:
        raise ContriqueError(f"all {len(ratings)} images have the same rating {ends[0]:g}: there is nothing to learn")
    mapping = {
        "low": ends[0] if scale_min is None else float(scale_min),
        "high": ends[1] if scale_max is None else float(scale_max),
        "lower_is_better": ratings.lower_is_better,
    }
    check_mapping(mapping)
    return mapping


def described(ratings: Ratings, mapping: dict[str, Any]) -> dict[str, Any]:
    """What the card's ``regressor`` says of the ratings and of the scale they are mapped to."""
    worst, best = (mapping["high"], mapping["low"]) if ratings.lower_is_better else (mapping["low"], mapping["high"])
    return {
        "ratings": ratings.source,
        "ratings_digest": ratings.digest,
        "images": len(ratings),
        "groups": len(np.unique(ratings.groups)),
        "grouped_by": ratings.grouped_by,
        "direction": "lower is better" if ratings.lower_is_better else "higher is better",
        "full_reference": ratings.references is not None,
        "mapping": mapping,
        "scale": f"0 to 100, higher is better: ratings from {worst:g} (0) to {best:g} (100), bent to stay inside "
        "beyond 10 and 90",
    }
