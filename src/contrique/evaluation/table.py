"""The table, from rated images and contenders to a result: within one set, or fitted to one and tested on others.

Images that one of the contenders cannot use are left out for all, so every row is measured on the same images.
"""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.contenders import Contender
from contrique.evaluation.protocol import MEASURED, SPLITS, Method, Split, compare, random_splits
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.splits import group_split

HELD_OUT = (0.875, 0.125)
"""Training and validation shares of what is not test: the field's 70 : 10, where test images are given."""

OFFICIAL = (
    "the split published with the set; where it has no validation part, an eighth of training, by group, is one; "
    f"fitted to training, settings chosen on validation; {MEASURED}"
)

CROSS_SET = (
    "fitted to another set: in each draw to a random 7/8 of its groups, settings chosen on the other 1/8; measured on "
    f"all images of this set; {MEASURED}".replace("over splits", "over draws")
)


def measure(
    ratings: Ratings,
    rows: Sequence[Contender],
    *,
    split: str | None = None,
    splits: int | None = None,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure contenders on rated images, from the files to the result: what ``contrique evaluate`` does.

    Args:
        ratings: from ``read_ratings`` or a set of ``contrique.evaluation.datasets``.
        rows: from ``contrique.evaluation.contenders``.
        split: "official" for the one the set was published with, "random"; None for the official one where there is
            one and ``splits`` is left out.
        splits: how many random ones; 10 if left out.
        seed: of random splits, and of the validation part of an official one that has none.
        cache: where features and predictions are kept, or None.
        progress: show bars on standard error.

    Returns:
        What ``compare`` gives, and ``dataset``, ``digest`` (of the ratings), ``split``, ``names``, ``left_out`` (path
        and reason of each image), ``grouped_by``, ``lower_is_better``, ``full_reference``; with each method ``about``.

    Raises:
        ContriqueError: too few usable images, no such split, or a contender that cannot take part.
        ModelError: as ``Contender.look``.
    """
    if split not in (None, "official", "random"):
        raise ContriqueError(f"expected the split official or random, got {split!r}")
    if split == "official" and ratings.official is None:
        raise ContriqueError(f"{ratings.source} has no official split")
    if split == "official" and splits not in (None, 1):
        raise ContriqueError("there is one official split: ask for random ones, or for no number of splits")
    official = split == "official" or (split is None and splits is None and ratings.official is not None)
    for row in rows:
        row.check(ratings)
    _splits(ratings, official, splits, seed)  # what cannot be split is told before the work
    used, methods, left_out = _looked(ratings, rows, cache, progress)
    chosen = _splits(used, official, splits, seed)
    result = compare(
        methods, used.scores, used.groups, ratings=ratings.source, splits=chosen, seed=seed, progress=progress
    )
    result["split"] = "official" if official else "random"
    if official:
        result["protocol"] = OFFICIAL
    return _described(result, used, rows, [(ratings.paths[i], reason) for i, reason in left_out.items()])


def measure_across(
    ratings: Ratings,
    tests: Sequence[Ratings],
    rows: Sequence[Contender],
    *,
    splits: int | None = None,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Fit contenders to one set and measure them on others that they have not seen.

    Args:
        ratings: the set to fit to.
        tests: the sets to measure on; a set in the other direction (MOS, DMOS) is turned round.
        rows, seed, cache, progress: as ``measure``.
        splits: how many random draws of training and validation; 10 if left out.

    Returns:
        A result for each set, as ``measure`` gives, with ``split`` "cross-set", ``train_ratings`` and
        ``train_dataset``.

    Raises:
        ContriqueError: as ``measure``; or only some of the sets have references.

    Warns:
        UserWarning: images are in the set fitted to and in one tested on.
    """
    if not tests:
        raise ContriqueError("expected a set to test on")
    everything = joined([ratings, *tests])
    for test in tests:
        for row in rows:
            row.check(test)
        _warn_of_shared(ratings, test)
    ends = np.cumsum([len(one) for one in (ratings, *tests)])
    looked, methods, left_out = _looked(everything, rows, cache, progress)
    keep_N = np.array([index not in left_out for index in range(len(everything))])
    starts = np.concatenate([[0], np.cumsum(keep_N)[ends - 1]])  # of each set among the kept images
    trained = looked.only(np.arange(len(looked)) < starts[1])
    count = SPLITS if splits is None else splits
    parts = [tuple(group_split(trained.groups, HELD_OUT, seed=(seed, draw))) for draw in range(count)]
    methods = {name: _asked_once(method, np.arange(starts[1], len(looked))) for name, method in methods.items()}
    results = []
    for number, test in enumerate(tests):
        used = test.only(keep_N[ends[number] : ends[number + 1]])
        sign = 1 if test.lower_is_better == ratings.lower_is_better else -1
        result = compare(
            {name: _elsewhere(method, starts[number + 1], sign) for name, method in methods.items()},
            used.scores,
            used.groups,
            ratings=test.source,
            splits=[(train, validation, np.arange(len(used))) for train, validation in parts],
            seed=seed,
            progress=progress,
        )
        result.update(split="cross-set", protocol=CROSS_SET)
        result.update(train_ratings=ratings.source, train_dataset=ratings.dataset)
        out = [(everything.paths[i], reason) for i, reason in left_out.items() if i < ends[0] or _in(i, ends, number)]
        results.append(_described(result, used, rows, out))
    return results


def joined(sets: Sequence[Ratings]) -> Ratings:
    """Several sets one after the other, in the first one's direction by name, groups kept apart.

    Raises:
        ContriqueError: only some of them have references.
    """
    if len({one.references is None for one in sets}) > 1:
        raise ContriqueError("full-reference features need references in the set fitted to and in those tested on")
    groups, offset = [], 0
    for one in sets:
        groups.append(one.groups + offset)
        offset += int(one.groups.max()) + 1
    return dataclasses.replace(
        sets[0],
        names=tuple(name for one in sets for name in one.names),
        paths=tuple(path for one in sets for path in one.paths),
        scores=np.concatenate([one.scores for one in sets]),
        groups=np.concatenate(groups),
        references=None if sets[0].references is None else tuple(r for one in sets for r in one.references or ()),
        official=None,
    )


def _looked(
    ratings: Ratings, rows: Sequence[Contender], cache: FeatureCache | None, progress: bool
) -> tuple[Ratings, dict[str, Method], dict[int, str]]:
    """The ratings that all contenders can use, their methods there, and why images were left out, by position."""
    left_out: dict[int, str] = {}
    for row in rows:
        for index, reason in row.look(ratings, cache, progress=progress).items():
            left_out.setdefault(index, reason)
    keep_N = np.array([index not in left_out for index in range(len(ratings))], dtype=bool)
    used = ratings.only(keep_N)
    return used, {row.name: row.method(used, keep_N) for row in rows}, dict(sorted(left_out.items()))


def _splits(ratings: Ratings, official: bool, splits: int | None, seed: int) -> list[Split]:
    return (
        _official(ratings, seed)
        if official
        else random_splits(ratings.groups, SPLITS if splits is None else splits, seed)
    )


def _official(ratings: Ratings, seed: int) -> list[Split]:
    """The set's own split, with a validation part of training where it has none."""
    if ratings.official is None:
        raise ContriqueError(f"{ratings.source} has no official split")
    train, validation, test = ratings.official
    if not len(train) or not len(test):
        part = "test" if len(train) else "training"
        raise ContriqueError(f"{ratings.source}: no images of the official split's {part} part: ask for random splits")
    if not len(validation):
        first, second = group_split(ratings.groups[train], HELD_OUT, seed=(seed, 0))
        train, validation = train[first], train[second]
    return [(train, validation, test)]


def _warn_of_shared(ratings: Ratings, test: Ratings) -> None:
    seen = {path.resolve() for path in ratings.paths}
    count = sum(path.resolve() in seen for path in test.paths)
    if count:
        warnings.warn(
            f"{count} of {len(test)} images of {test.source} are also fitted to, as images of {ratings.source}",
            stacklevel=3,
        )


def _asked_once(method: Method, all_tests: np.ndarray) -> Method:
    """A method that is fitted once a draw, for the images of all sets tested on, whichever of them is wanted first."""
    known: dict[bytes, np.ndarray] = {}

    def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
        key = train.tobytes() + b"|" + validation.tobytes()
        if key not in known:
            known[key] = np.asarray(method(train, validation, all_tests), dtype=np.float64)
        return known[key][np.searchsorted(all_tests, test)]

    return predict


def _elsewhere(method: Method, start: int, sign: int) -> Method:
    """A method of all sets together, for the images of one that begins at ``start`` there."""
    return lambda train, validation, test: sign * method(train, validation, test + start)


def _in(index: int, ends: np.ndarray, number: int) -> bool:
    return bool(ends[number] <= index < ends[number + 1])


def _described(
    result: dict[str, Any], used: Ratings, rows: Sequence[Contender], left_out: list[tuple[Any, str]]
) -> dict[str, Any]:
    for row, contender in zip(result["methods"], rows, strict=True):
        row["about"] = contender.about
    result["dataset"], result["digest"] = used.dataset, used.digest
    result["names"] = list(used.names)
    result["left_out"] = [{"path": str(path), "error": reason} for path, reason in left_out]
    result["grouped_by"] = used.grouped_by
    result["lower_is_better"] = used.lower_is_better
    result["full_reference"] = used.references is not None
    return result
