"""Laws of splits and folds: nothing lost, nothing torn, sizes as close as the groups allow, the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.evaluation.splits import group_folds, group_split, set_aside

some_groups = st.lists(st.integers(0, 12), min_size=3, max_size=80).filter(lambda groups: len(set(groups)) >= 3)
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(some_groups, seeds)
def test_split_partitions_images_and_keeps_groups_whole(groups, seed):
    parts = group_split(groups, seed=seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    inside = [{groups[i] for i in part} for part in parts]
    assert all(inside)
    assert sum(len(part) for part in inside) == len(set(groups))


@settings(deadline=None)
@given(some_groups, seeds)
def test_no_further_group_would_bring_the_first_part_closer_to_its_share(groups, seed):
    first, rest = group_split(groups, (0.3, 0.7), seed=seed)
    share, sizes = 0.3 * len(groups), np.bincount(groups)
    left = {groups[i] for i in rest}
    if len(left) > 1 and len({groups[i] for i in first}) > 1:
        assert all(abs(len(first) + sizes[group] - share) >= abs(len(first) - share) for group in left)


def test_single_images_split_exactly():
    assert [len(part) for part in group_split(np.arange(1000), seed=4)] == [700, 100, 200]


def test_eight_references_of_sixteen():
    assert sorted(len(part) for part in group_split(np.repeat(np.arange(8), 16), seed=0)) == [16, 32, 80]


def test_a_giant_group_goes_to_training():
    groups = ["giant"] * 60 + [f"small {i}" for i in range(40)]
    for seed in range(20):
        train, validation, test = group_split(groups, seed=seed)
        assert set(range(60)) <= set(train.tolist())
        assert (len(validation), len(test)) == (10, 20)


def test_seeds_repeat_and_differ_and_every_image_is_tested_in_turn():
    groups = np.arange(200) // 2
    first, again = group_split(groups, seed=3), group_split(groups, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    tested = [set(group_split(groups, seed=seed)[2].tolist()) for seed in range(40)]
    assert len({frozenset(part) for part in tested}) == 40
    assert set.union(*tested) == set(range(200))


def test_two_parts_for_conformal():
    assert [len(part) for part in group_split(np.arange(50), (0.8, 0.2))] == [40, 10]


def test_too_few_groups_and_bad_shares_are_refused():
    with pytest.raises(ContriqueError, match="needs as many groups"):
        group_split(["a", "a", "b"])
    with pytest.raises(ContriqueError, match="add up to 1"):
        group_split(range(9), (0.5, 0.4))
    with pytest.raises(ContriqueError, match="add up to 1"):
        group_split(range(9), (1.2, -0.2))


@settings(deadline=None)
@given(some_groups, st.integers(2, 12), seeds)
def test_folds_keep_groups_whole_and_are_all_used(groups, folds, seed):
    fold_N = group_folds(groups, folds, seed=seed)
    assert len({(group, fold) for group, fold in zip(groups, fold_N.tolist(), strict=True)}) == len(set(groups))
    assert sorted(set(fold_N.tolist())) == list(range(min(folds, len(set(groups)))))


@settings(deadline=None)
@given(some_groups, st.integers(2, 12), seeds)
def test_folds_differ_by_no_more_than_one_group(groups, folds, seed):
    counts = np.bincount(group_folds(groups, folds, seed=seed))
    assert counts.max() - counts.min() <= np.bincount(groups).max()


def test_folds_of_one_group_are_refused():
    with pytest.raises(ContriqueError, match="two groups"):
        group_folds(["a", "a"], 5)


def test_set_aside_is_a_tenth_of_the_groups_and_at_least_two() -> None:
    groups_N = np.repeat(np.arange(50), 3)
    aside_N = set_aside(groups_N, np.random.default_rng(7))
    assert len(np.unique(groups_N[aside_N])) == 5
    assert not set(groups_N[aside_N]) & set(groups_N[~aside_N])
    chosen = np.random.default_rng(7).choice(np.arange(50), 5, replace=False)
    assert sorted(set(groups_N[aside_N].tolist())) == sorted(chosen.tolist())
    assert len(np.unique(np.arange(8)[set_aside(np.arange(8), np.random.default_rng(0))])) == 2
    with pytest.raises(ContriqueError, match="there are 2"):
        set_aside(np.array([1, 1, 2]), np.random.default_rng(0))
