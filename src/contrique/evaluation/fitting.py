"""From rated images and an encoder to a model that scores: features, ridge, mapping to 0–100, interval, card.

Several sets are brought to the scale of the first one (``contrique.evaluation.joint``): its direction and its ends are
those of the model. Shapes: N images of all sets, one set after the other, K sets, D features.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.errors import ContriqueError, need
from contrique.evaluation.cache import FeatureCache, rated_features
from contrique.evaluation.conformal import LEVEL, half_width, measure_coverage, widest
from contrique.evaluation.fitted_card import agreement_card, pairs_card, regressor_card
from contrique.evaluation.joint import fit_joint, joint_groups
from contrique.evaluation.pairs import MOST, Pairs
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.regressor import Regressor, needs_standardising
from contrique.evaluation.resized import resized_pairs
from contrique.scale import check_mapping

if TYPE_CHECKING:
    from contrique.model import QualityModel

COVERAGE_SPLITS = 10


def fit_model(
    ratings: Ratings | Sequence[Ratings],
    encoder: "QualityModel | None" = None,
    *,
    name: str,
    about: str | Sequence[str | None] | None = None,
    level: float = LEVEL,
    scale_min: float | None = None,
    scale_max: float | None = None,
    resized: bool = False,
    pairs: Pairs | None = None,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> "tuple[QualityModel, dict[int, str]]":
    """Fit an encoder to ratings: what ``contrique fit`` does.

    Args:
        ratings: from ``read_ratings`` or ``load_dataset``; with references the model is a full-reference one. Several
            are brought to the scale of the first, each by a straight line that is fitted together with the regressor.
        encoder: a model whose encoder is used; the shipped one if left out. A regressor it has is replaced.
        name: the new model's name.
        about: whose ratings they are and under which licence, for the card; for several sets, of each in turn.
        level: wanted coverage of the interval; of several sets each is to be held so often, so it is as wide as the
            widest that one of them asks for.
        scale_min: the rating of the first set that maps to the lower end of 0–100 (the upper, if lower is better); its
            least rating if left out.
        scale_max: the other end; its greatest rating if left out.
        resized: also learn that each image, enlarged or shrunk a little, scores the same; needs its copy's features.
        pairs: from ``contrique.learning.ordering.ordered_pairs``, with the features of the same encoder: also learn
            from photographs that nobody rated, which distorted more must not score better.
        seed: of folds and splits, and of the copies.
        cache: where features are kept, or None.
        progress: show a bar on standard error.

    Returns:
        The model, ready to ``save``, and the images that were left out: reason by position in ``ratings``
        (of several sets, one after the other).

    Raises:
        ContriqueError: a set has too few images or groups for a fit or for the level, or ratings that are all the same
            (it names the set); scale ends in the wrong order; references for some sets only, or for any of them with
            pairs or copies; or more notes in ``about`` than sets.
        MissingExtra: scipy (extra ``evaluate``) is not installed, and there are pairs or copies.
    """
    from contrique.model import QualityModel

    rated = _several(ratings)
    notes = [about] if about is None or isinstance(about, str) else list(about)
    if len(notes) > len(rated):
        raise ContriqueError(f"{len(notes)} notes on the ratings of {len(rated)} set{'s' * (len(rated) > 1)}")
    check_before(rated, level=level, pairs=resized or pairs is not None)
    encoder = QualityModel.load() if encoder is None else encoder
    rows, kept, left_out, start = [], [], {}, 0
    for one in rated:
        rows_ND, reasons = rated_features(encoder, one, cache, progress=progress)
        keep_N = np.array([index not in reasons for index in range(len(one))], dtype=bool)
        rows.append(rows_ND[keep_N])
        kept.append(one.only(keep_N))
        left_out.update({start + index: reason for index, reason in reasons.items()})
        start += len(one)
    some = [] if pairs is None else [pairs]
    ordered = 0 if pairs is None else len(pairs)  # a fit takes MOST copies: those that Pairs.drawn would take of all
    order_M = np.random.default_rng(seed).permutation(ordered + sum(map(len, kept)))
    drawn = np.sort(order_M[order_M >= ordered][:MOST]) - ordered
    first = 0
    for one, rows_ND in zip(kept, rows, strict=True):
        if resized:
            own = drawn[(drawn >= first) & (drawn < first + len(one))] - first
            copies = resized_pairs(encoder, one, rows_ND, rows=own, seed=seed, cache=cache, progress=progress)
            some.append(copies.moved(first))
        first += len(one)
    regressor, card, agreement = fit_features(
        rows[0] if len(rows) == 1 else np.concatenate(rows),
        kept,
        pairs=Pairs.joined(some).drawn(seed) if some else None,
        standardise=needs_standardising(encoder.card),
        level=level,
        scale_min=scale_min,
        scale_max=scale_max,
        seed=seed,
    )
    for part, note in zip(card.get("sets", [card]), notes, strict=False):
        if note is not None:
            part["about"] = note
    return encoder.with_regressor(regressor, card, name=name, agreement=agreement), left_out


def fit_features(
    features_ND: np.ndarray,
    ratings: Ratings | Sequence[Ratings],
    *,
    pairs: Pairs | None = None,
    standardise: bool = True,
    level: float = LEVEL,
    scale_min: float | None = None,
    scale_max: float | None = None,
    seed: int = 0,
) -> tuple[Regressor, dict[str, Any], dict[str, Any]]:
    """Fit features to ratings.

    Args:
        features_ND: of the images of all sets, one set after the other.
        ratings: of one set, or of several.
        pairs: of images of which one must score better, or that must score alike.
        standardise: as in ``fit_ridge``; the rest as in ``fit_model``.
        level: see there.
        scale_min: see there.
        scale_max: see there.
        seed: see there.

    Returns:
        The regressor, and the card's parts ``regressor`` and ``agreement``. The interval's ``half_width`` is in units
        of the (first set's) ratings, ``half_width_points`` the same in points of 0–100 (where the mapping is a straight
        line). ``coverage`` is measured on held-out groups over random splits, and None where there are too few groups.
        Of several sets both parts have ``sets``, see ``contrique.evaluation.fitted_card``.

    Raises:
        ContriqueError: as ``fit_model``.
    """
    rated = _several(ratings)
    first = rated[0]
    for one in rated:
        _check(one, level)
    if len({one.references is None for one in rated}) > 1:
        raise ContriqueError("some sets have references and some have none: a model scores either with or without one")
    mapping = mapping_of(first, scale_min, scale_max)
    signs = [1.0 if one.lower_is_better == first.lower_is_better else -1.0 for one in rated]
    scores_N = np.concatenate([sign * one.scores for sign, one in zip(signs, rated, strict=True)])
    sets_N = np.repeat(np.arange(len(rated)), [len(one) for one in rated])
    groups_N = np.concatenate([one.groups for one in rated])
    if len(rated) > 1:
        groups_N = joint_groups(features_ND, groups_N, sets_N)
    options: dict[str, Any] = {"standardise": standardise, "seed": seed}
    if pairs is not None:
        pairs = pairs.for_ratings(first.lower_is_better)
    joint = fit_joint(features_ND, scores_N, groups_N, sets_N, pairs=pairs, **options)
    width = widest(joint.scores_N - joint.fit.held_out_N, sets_N, level)
    interval: dict[str, Any] = {
        "level": level,
        "half_width": width,
        "half_width_points": 100 * width / (mapping["high"] - mapping["low"]),
        "coverage": None,
    }
    measured = None
    if max(len(np.unique(one.groups)) for one in rated) >= 3:
        data = features_ND, scores_N, groups_N
        measured = measure_coverage(*data, level=level, splits=COVERAGE_SPLITS, sets_N=sets_N, pairs=pairs, **options)
    card = regressor_card(rated, joint, mapping, interval, measured, **options)
    if pairs is not None and joint.paired is not None:
        card["pairs"] = pairs_card(pairs, joint.paired)
    return joint.fit.regressor, card, agreement_card(rated, joint)


def check_before(rated: Sequence[Ratings], *, level: float = LEVEL, pairs: bool = False) -> None:
    """What can be known before features are computed, which takes long.

    Args:
        rated: the sets.
        level: wanted coverage of the interval.
        pairs: whether pairs or resized copies are to be learned from.

    Raises:
        ContriqueError: a set has too few images or groups, or ratings that are all the same; or pairs and references.
        MissingExtra: scipy (extra ``evaluate``) is not installed, and there are pairs.
    """
    if pairs:
        need("scipy", "evaluate", "fitting with pairs of images")
        if any(one.references is not None for one in rated):
            raise ContriqueError("pairs and resized copies are of images by themselves: they do not go with references")
    for one in rated:
        _check(one, level)


def _several(ratings: Ratings | Sequence[Ratings]) -> list[Ratings]:
    rated = [ratings] if isinstance(ratings, Ratings) else list(ratings)
    if not rated:
        raise ContriqueError("a fit needs the ratings of one set at least")
    return rated


def _check(ratings: Ratings, level: float) -> None:
    """Raise ContriqueError where a set cannot be fitted."""
    groups, count = len(np.unique(ratings.groups)), len(ratings)
    if groups < 2:
        raise ContriqueError(f"{ratings.source}: a fit needs images of at least two groups, got {count} of {groups}")
    mapping_of(ratings)
    if not np.isfinite(half_width(np.zeros(count), level)):
        raise ContriqueError(
            f"{ratings.source}: {count} images are too few for an interval that holds {level:.0%} of ratings"
        )


def mapping_of(ratings: Ratings, scale_min: float | None = None, scale_max: float | None = None) -> dict[str, Any]:
    """What the scale's ends are: the card's ``regressor.mapping``; the least and greatest rating where none are given.

    Raises:
        ContriqueError: ratings that are all the same, or ends in the wrong order.
    """
    ends = float(ratings.scores.min()), float(ratings.scores.max())
    if ends[0] == ends[1]:
        same = f"all {len(ratings)} images have the same rating {ends[0]:g}"
        raise ContriqueError(f"{ratings.source}: {same}: there is nothing to learn")
    mapping = {
        "low": ends[0] if scale_min is None else float(scale_min),
        "high": ends[1] if scale_max is None else float(scale_max),
        "lower_is_better": ratings.lower_is_better,
    }
    check_mapping(mapping)
    return mapping
