"""Numbers beside the picture, against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from contrique.embedding.measures import NEIGHBOURS, level_agreement, measure, other_contents, vote


def sample(count=240, kinds=4, contents=6, seed=0):
    rng = np.random.default_rng(seed)
    kind, content = rng.integers(0, kinds, count), rng.integers(0, contents, count)
    level = rng.integers(1, 6, count).astype(float)
    x = rng.normal(size=(count, 3)) + 1.5 * np.eye(3)[kind % 3] * level[:, None]
    return x, kind, level, content


def test_neighbours_are_those_of_scikit_learn_with_the_own_content_left_out():
    x, kind, _, content = sample(700)  # more than one chunk
    found = other_contents(x, content)
    for i in (0, 17, 511, 512, 699):
        others = np.flatnonzero(content != content[i])
        near = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(x[others]).kneighbors(x[[i]], return_distance=False)[0]
        assert np.array_equal(found[i], others[near])
    among = other_contents(x, content, kind)
    assert (kind[among] == kind[:, None]).all()
    assert (content[among] != content[:, None]).all()


def test_votes_are_those_of_scikit_learn_where_there_is_no_tie():
    x, kind, _, content = sample()
    found = vote(kind, other_contents(x, content))
    for i in range(0, 240, 7):
        others = content != content[i]
        counts = NEIGHBOURS * KNeighborsClassifier(NEIGHBOURS).fit(x[others], kind[others]).predict_proba(x[[i]])[0]
        winners = np.flatnonzero(counts == counts.max())
        assert found[i] in winners
        assert len(winners) > 1 or found[i] == winners[0]


def test_of_equally_common_labels_the_nearest_wins_and_none_is_no_label():
    labels = np.array([7, 3, 3, 7, 5])
    assert vote(labels, np.array([[0, 1, 2, 3], [1, 0, 3, 2], [4, -1, -1, -1], [-1, -1, -1, -1]])).tolist() == [
        7,
        3,
        5,
        -1,
    ]


def test_level_agreement_is_the_mean_of_rank_correlations():
    x, kind, level, content = sample(kinds=2)
    expected = []
    for k in (0, 1):
        members = np.flatnonzero(kind == k)
        predicted = []
        for i in members:
            others = members[content[members] != content[i]]
            near = np.argsort(np.linalg.norm(x[others] - x[i], axis=1), kind="stable")
            near = near[: min(NEIGHBOURS, len(others) // 5)]
            predicted.append(level[others[near]].mean())
        expected.append(spearmanr(predicted, level[members])[0])
    assert level_agreement(x, kind, level, content) == pytest.approx(np.mean(expected), abs=1e-9)


def test_levels_of_small_types_do_not_turn_against_themselves():
    rng = np.random.default_rng(6)
    found = [
        level_agreement(rng.normal(size=(60, 2)), np.repeat(np.arange(5), 12), rng.normal(size=60), np.arange(60))
        for _ in range(40)
    ]
    assert np.mean(found) > -0.3  # by the mean of all others it would be -1
    few = level_agreement(np.zeros((9, 2)), np.zeros(9, int), np.arange(9.0), np.arange(9))
    assert few is None


def test_all_numbers_of_separate_types_with_gradients():
    kind, content = np.repeat(np.arange(3), 60), np.tile(np.repeat(np.arange(12), 5), 3)
    level = np.tile(np.arange(1.0, 6), 36)
    x = np.stack([100.0 * kind, level], axis=1) + np.random.default_rng(0).normal(0, 0.01, (180, 2))
    found = measure(x, [f"t{k}" for k in kind], level, content)
    assert (found["type_accuracy"], found["level_accuracy"]) == (1.0, 1.0)
    assert found["level_srocc"] == pytest.approx(1.0)
    assert (found["type_chance"], found["level_chance"]) == (pytest.approx(1 / 3), pytest.approx(0.2))
    assert found["silhouette"] == pytest.approx(silhouette_score(x, kind))


def test_nothing_to_learn_is_near_chance():
    rng = np.random.default_rng(5)
    count = 1500
    found = measure(
        rng.normal(size=(count, 4)),
        [str(k) for k in rng.integers(0, 5, count)],
        rng.integers(1, 6, count).astype(float),
        rng.integers(0, 10, count),
    )
    assert abs(found["type_accuracy"] - 0.2) < 0.05
    assert abs(found["level_accuracy"] - 0.2) < 0.05
    assert abs(found["level_srocc"]) < 0.15
    assert abs(found["silhouette"]) < 0.1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_where_there_is_nothing_to_measure_there_is_none(count):
    alone = measure(np.zeros((count, 2)), ["x"] * count, np.full(count, np.nan), np.arange(count))
    assert set(alone.values()) == {None}
    same = measure(
        np.arange(2.0 * count).reshape(count, 2), [str(i) for i in range(count)], np.ones(count), np.zeros(count)
    )
    assert set(same.values()) == {None}


def test_levels_of_many_values_are_ranked_and_not_voted_for():
    x = np.linspace(0, 1, 60)[:, None] * np.ones(2)
    found = measure(x, ["x"] * 60, np.linspace(20, 80, 60), np.arange(60))
    assert found["level_accuracy"] is None
    assert found["level_srocc"] > 0.98
