"""Orders that need no memory: which of n images comes at a position, and which source it comes from.

Both are functions of a position and a key alone. Nothing is carried from draw to draw and no list of n numbers is ever
made, so a resumed run, a worker, or one of several machines finds the same order at once.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

_MASK = (1 << 64) - 1
_ROUNDS = 12  # fewer leave the orders of five images unequally likely
LONGEST_BLOCK = 10**6
"""Shares are exact where they have a common denominator up to this, else rounded to multiples of its inverse."""


def mix(*numbers: int) -> int:
    """A hash of integers, 64 bits: each is added in and stirred by SplitMix64's finaliser.

    Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014 (constants of Stafford's mix 13).
    """
    x = 0
    for number in numbers:
        x = (x + number + 0x9E3779B97F4A7C15) & _MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
        x ^= x >> 31
    return x


def shuffled(index: int, count: int, key: int) -> int:
    """Where a number goes in a permutation of 0 … count − 1 that a key chooses.

    A Feistel network over pairs (a, b), index = a·width + b with width = ⌈√count⌉: each round adds to one half a hash
    of the other, which can be undone, so no two pairs meet. Pairs beyond count go round again until they fall inside
    (cycle walking; Black & Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002); fewer than one in √count do.
    """
    width = math.isqrt(count - 1) + 1
    height = -(-count // width)
    while True:
        a, b = divmod(index, width)
        for i in range(0, _ROUNDS, 2):
            a = (a + mix(key ^ (i << 56) ^ b)) % height
            b = (b + mix(key ^ (i + 1 << 56) ^ a)) % width
        index = a * width + b
        if index < count:
            return index


class Shares:
    """Whose turn it is: in every block of positions each source comes exactly as often as its weight says.

    Attributes:
        block: positions in a block; 10 for the weights 0.7 and 0.3.
        counts: how many of a block's positions each source has, at least one.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        exact = [Fraction(str(weight)) for weight in weights]
        parts = [weight / sum(exact) for weight in exact]
        block = math.lcm(*(part.denominator for part in parts))
        if block > LONGEST_BLOCK:
            block = LONGEST_BLOCK
        self.counts = [max(1, round(part * block)) for part in parts]
        self.block = sum(self.counts)
        self._ends = list(accumulate(self.counts))

    def turn(self, position: int, key: int) -> tuple[int, int]:
        """The source at a position, and how many positions in other places of the order it has had: 0, 1, 2, …

        Over the positions of a block a source's numbers run through a range without gaps, in a shuffled order.
        """
        block, within = divmod(position, self.block)
        slot = shuffled(within, self.block, mix(key, block))
        source = bisect_right(self._ends, slot)
        return source, block * self.counts[source] + slot - (self._ends[source] - self.counts[source])
