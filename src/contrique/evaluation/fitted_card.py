"""What a model's card says of a fit: the ratings, their scales, the interval, and the agreement on held-out groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contrique.evaluation.conformal import Coverage
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.joint import JointFit
from contrique.evaluation.pairs import PairedRidge, Pairs
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.ridge import FOLDS
from contrique.scale import to_hundred


def regressor_card(
    rated: Sequence[Ratings],
    joint: JointFit,
    mapping: dict[str, Any],
    interval: dict[str, Any],
    coverage: Coverage | None,
    *,
    standardise: bool,
    seed: int,
) -> dict[str, Any]:
    """The card's part ``regressor``.

    Args:
        rated: the sets, the first of which gave the scale.
        joint: their fit.
        mapping: from the first set's ratings to 0–100.
        interval: level and widths; what was measured of its coverage is added.
        coverage: what was measured, or None.
        standardise: as in the fit.
        seed: as in the fit.

    Returns:
        Of several sets, ``sets`` lists for each what it is, ``slope`` and ``shift`` (its rating on the first set's
        scale is slope × rating + shift; the slope is below 0 where the directions differ), ``worst_score`` and
        ``best_score`` (where its worst and its best rating lie on 0–100), and how often the interval held its ratings.
        Beside it ``ratings`` and ``ratings_digest`` are those of all sets joined by " and " and "+", ``images`` and
        ``groups`` their sums.
    """
    first = rated[0]
    card: dict[str, Any] = {
        "kind": "ridge on standardised features" if standardise else "ridge",
        **described(first, mapping),
        "strength": joint.fit.strength,
        "folds": FOLDS,
        "seed": seed,
        "interval": interval,
    }
    if coverage is not None:
        interval.update(_held(coverage), coverage_splits=len(coverage.splits))
    if len(rated) > 1:
        card["ratings"] = " and ".join(one.source for one in rated)
        card["ratings_digest"] = "+".join(one.digest for one in rated)
        card["images"] = sum(map(len, rated))
        card["groups"] = sum(len(np.unique(one.groups)) for one in rated)
        card["scale"] += f"; ratings are those of {first.source}, to whose scale the other sets were brought"
        held = [None] * len(rated) if coverage is None else coverage.sets
        card["sets"] = [_set_card(one, k, joint, mapping, first, held[k]) for k, one in enumerate(rated)]
    return card


def pairs_card(pairs: Pairs, paired: PairedRidge) -> dict[str, Any]:
    """The card's ``regressor.pairs``: how many there were, and what those of photographs that nobody rated gave.

    Returns:
        ``resized``, pairs of a rated image and its resized copy; ``ordered``, pairs of a photograph distorted less and
        more; where there are such, ``photographs``, how many they were made of, and the share of pairs in which the
        less distorted one scores better: ``in_order_without``, by ratings alone, and ``in_order``, held out by
        photograph (None for a single one).
    """
    ordered = int((~pairs.alike_M).sum())
    card: dict[str, Any] = {"resized": len(pairs) - ordered, "ordered": ordered}
    if ordered:
        without, held_out = paired.order_kept()
        card["photographs"] = len(np.unique(pairs.photographs_M[~pairs.alike_M]))
        card["in_order_without"] = without
        card["in_order"] = None if np.isnan(held_out) else held_out
    return card


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


def agreement_card(rated: Sequence[Ratings], joint: JointFit) -> dict[str, Any]:
    """The card's part ``agreement``: SROCC and PLCC of held-out predictions with ratings.

    Returns:
        Of several sets, those of each in ``sets``, and beside it their means, each set weighted by its images: images
        of different sets are never compared.
    """
    protocol = f"predictions held out by group, {FOLDS} folds, all images together"
    ends = np.cumsum([0, *map(len, rated)])
    sets = []
    for one, start, end in zip(rated, ends, ends[1:], strict=False):
        pair = joint.fit.held_out_N[start:end], joint.scores_N[start:end]
        sets.append({"ratings": one.source, "srocc": srocc(*pair), "plcc": plcc(*pair)})
    if len(rated) == 1:
        return {"ratings": rated[0].source, "protocol": protocol, "srocc": sets[0]["srocc"], "plcc": sets[0]["plcc"]}
    mean = {key: float(np.average([one[key] for one in sets], weights=np.diff(ends))) for key in ("srocc", "plcc")}
    return {
        "ratings": " and ".join(one.source for one in rated),
        "protocol": f"{protocol} of a set; mean over the sets, weighted by their images",
        **mean,
        "sets": sets,
    }


def _set_card(
    one: Ratings, k: int, joint: JointFit, mapping: Mapping[str, Any], first: Ratings, coverage: Coverage | None
) -> dict[str, Any]:
    sign = 1.0 if one.lower_is_better == first.lower_is_better else -1.0
    slope, shift = sign * float(joint.slopes_K[k]), float(joint.shifts_K[k])
    ends = to_hundred(slope * np.array([one.scores.min(), one.scores.max()]) + shift, mapping)
    return {
        "ratings": one.source,
        "ratings_digest": one.digest,
        "images": len(one),
        "groups": len(np.unique(one.groups)),
        "grouped_by": one.grouped_by,
        "direction": "lower is better" if one.lower_is_better else "higher is better",
        "slope": slope,
        "shift": shift,
        "worst_score": float(ends.min()),
        "best_score": float(ends.max()),
        **({"coverage": None} if coverage is None else _held(coverage)),
    }


def _held(coverage: Coverage) -> dict[str, float]:
    return {"coverage": coverage.mean, "coverage_low": coverage.low, "coverage_high": coverage.high}
