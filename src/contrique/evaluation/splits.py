"""Random splits and folds of rated images that never tear a group apart.

Images of one group (crops of one photograph, distortions of one reference, near-duplicates) are alike: a group on
both sides of a split would let a regressor score what it has seen.
"""

from collections.abc import Sequence

import numpy as np

from contrique.errors import ContriqueError

FRACTIONS = (0.7, 0.1, 0.2)
"""Training, validation and test shares of the field's protocol (Madhusudana et al., CONTRIQUE, IEEE TIP 2022)."""


def group_split(
    groups_N: Sequence | np.ndarray, fractions: Sequence[float] = FRACTIONS, *, seed: int | Sequence[int] = 0
) -> list[np.ndarray]:
    """Split images at random into parts of the given shares, whole groups at a time.

    The smaller parts are filled first: groups come in random order, and each is taken if that brings the part's number
    of images closer to its share. The largest part gets the rest. So every part is as close to its share as the
    groups allow, and a group far larger than a part lands in the largest.

    Args:
        groups_N: the group of each image, any values that can be compared for equality.
        fractions: shares of the parts, adding up to 1.
        seed: another seed is another split; the same seed is the same split on every machine. Several numbers make
            one seed, such as (seed, number of the split).

    Returns:
        For each part, the sorted positions of its images. No part is empty.

    Raises:
        ContriqueError: fewer groups than parts, or shares that are not positive and do not add up to 1.
    """
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ContriqueError(f"shares must be positive and add up to 1, got {tuple(fractions)}")
    index_N, sizes_G = _groups(groups_N)
    if len(sizes_G) < len(fractions):
        raise ContriqueError(f"a split into {len(fractions)} parts needs as many groups, got {len(sizes_G)}")
    part_G = np.full(len(sizes_G), -1)
    waiting = list(np.random.default_rng(seed).permutation(len(sizes_G)))
    order = sorted(range(len(fractions)), key=lambda part: fractions[part])
    for place, part in enumerate(order[:-1]):
        missing = fractions[part] * len(index_N)
        spare = len(waiting) - (len(order) - 1 - place)  # later parts need a group each
        taken: list[int] = []
        for group in waiting:
            if len(taken) < spare and abs(missing - sizes_G[group]) < abs(missing):
                taken.append(group)
                missing -= sizes_G[group]
        taken = taken or [min(waiting, key=lambda group: sizes_G[group])]
        part_G[taken] = part
        waiting = [group for group in waiting if part_G[group] < 0]
    part_G[waiting] = order[-1]
    return [np.flatnonzero(part_G[index_N] == part) for part in range(len(fractions))]


def group_folds(groups_N: Sequence | np.ndarray, folds: int, *, seed: int = 0) -> np.ndarray:
    """Deal groups into folds of nearly equal numbers of images.

    The largest groups are dealt first, each to the fold that holds the fewest images; equals in random order.

    Args:
        groups_N: the group of each image.
        folds: how many, at least 2; with fewer groups there is one fold for each group.
        seed: of the random order.

    Returns:
        int64 (N,), each image's fold, 0 to folds − 1; no fold is empty.

    Raises:
        ContriqueError: fewer than two folds or groups.
    """
    index_N, sizes_G = _groups(groups_N)
    if folds < 2 or len(sizes_G) < 2:
        raise ContriqueError(f"folds need at least two folds and two groups, got {folds} and {len(sizes_G)}")
    counts = np.zeros(min(folds, len(sizes_G)), dtype=np.int64)
    fold_G = np.empty(len(sizes_G), dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(sizes_G))
    for group in shuffled[np.argsort(-sizes_G[shuffled], kind="stable")]:
        fold_G[group] = np.argmin(counts)
        counts[fold_G[group]] += sizes_G[group]
    return fold_G[index_N]


def set_aside(groups_N: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a tenth of the groups, at least two, for a report at the very end; nothing else is to look at them.

    Args:
        groups_N: the group of each image, numbers.
        rng: sets that are given one generator, one after the other, have one seed; their order counts.

    Returns:
        bool (N,), which images are set aside.

    Raises:
        ContriqueError: fewer than three groups.
    """
    names = np.unique(groups_N)
    if len(names) < 3:
        raise ContriqueError(f"two groups are to be set aside, and there are {len(names)}")
    return np.isin(groups_N, rng.choice(names, max(2, len(names) // 10), replace=False))


def _groups(groups_N: Sequence | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the groups in order of first appearance: (group number of each image, images of each group)."""
    numbers: dict = {}
    index_N = np.array([numbers.setdefault(group, len(numbers)) for group in groups_N], dtype=np.int64)
    return index_N, np.bincount(index_N, minlength=len(numbers))
