"""Orders: laws for every count, fairness over keys, shares exact in every block."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.learning.corpora.order import LONGEST_BLOCK, Shares, mix, shuffled

KEYS = st.integers(0, 2**64 - 1)
few = settings(max_examples=30, deadline=None)


@few
@given(st.integers(1, 400), KEYS)
def test_a_permutation_meets_every_number_once(count, key):
    assert sorted(shuffled(i, count, key) for i in range(count)) == list(range(count))


@few
@given(st.integers(1, 10**18), st.data(), KEYS)
def test_any_size_stays_inside(count, data, key):
    index = data.draw(st.integers(0, count - 1))
    assert 0 <= shuffled(index, count, key) < count


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_all_orders_of_a_few_are_equally_likely(count):
    draws = 60 * math.factorial(count)
    seen = Counter(tuple(shuffled(i, count, mix(7, key)) for i in range(count)) for key in range(draws))
    assert len(seen) == math.factorial(count)
    chi2 = sum((n - 60) ** 2 / 60 for n in seen.values())
    degrees = math.factorial(count) - 1
    assert chi2 < degrees + 5 * math.sqrt(2 * degrees)


def test_an_order_has_no_trend():
    """Rank correlation with the identity, and between two keys, is that of random permutations: below 4/√n."""
    count = 2000
    one, two = (np.array([shuffled(i, count, key) for i in range(count)]) for key in (1, 2))
    for a, b in [(one, np.arange(count)), (one, two), (one[:-1], one[1:])]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(count)


def test_every_place_gets_every_number_over_epochs():
    count, epochs = 11, 1100
    table = np.zeros((count, count))
    for epoch in range(epochs):
        for i in range(count):
            table[i, shuffled(i, count, mix(3, epoch))] += 1
    expected = epochs / count
    assert abs(table - expected).max() < 5 * math.sqrt(expected)


def test_a_hash_depends_on_every_number():
    base = mix(1, 2, 3)
    assert len({base, mix(1, 2, 4), mix(1, 3, 3), mix(2, 2, 3), mix(3, 2, 1), mix(1, 2), mix(1, 2, 3, 0)}) == 7


WEIGHTS = st.lists(st.sampled_from([0.1, 0.25, 0.5, 1, 2, 3, 7, 0.7, 0.3]), min_size=1, max_size=5)


@few
@given(WEIGHTS, st.integers(0, 10**6), KEYS)
def test_in_every_block_each_source_gets_its_share(weights, block, key):
    shares = Shares(weights)
    total = sum(Fraction(str(w)) for w in weights)
    turns = [shares.turn(block * shares.block + i, key) for i in range(shares.block)]
    for source, weight in enumerate(weights):
        mine = sorted(turn for s, turn in turns if s == source)
        assert len(mine) == Fraction(str(weight)) / total * shares.block
        assert mine == list(range(block * len(mine), (block + 1) * len(mine)))  # and no turn is left out or doubled


def test_blocks_are_as_short_as_they_can_be_and_shuffled():
    shares = Shares([0.7, 0.3])
    assert (shares.block, shares.counts) == (10, [7, 3])
    orders = {tuple(shares.turn(10 * block + i, 5)[0] for i in range(10)) for block in range(50)}
    assert len(orders) > 30


def test_weights_without_a_short_common_measure_are_rounded_and_none_vanishes():
    shares = Shares([math.pi, math.e, 1e-9])
    assert abs(shares.block - LONGEST_BLOCK) <= 2
    assert shares.counts[2] == 1
    assert shares.counts[0] / shares.block == pytest.approx(math.pi / (math.pi + math.e), abs=2e-6)
