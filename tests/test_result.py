"""Scores and distortions as values: equal, hashed, copied, pickled, told as dictionaries; made only when asked for."""

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import contrique
from contrique.result import Distortion, Probed, Score

FOUND = Probed(("blur", "noise", "none"), np.array([0.25, 0.125, 0.625, 2, 3.5, 0], np.float32).tobytes())
LIST = (Distortion("none", 0.625, 0), Distortion("blur", 0.25, 2), Distortion("noise", 0.125, 3.5))
PLAIN = Score("a.jpg", 50.0, 40.0, 60.0, raw=0.5)


def test_a_score_has_no_distortions_unless_it_was_probed() -> None:
    assert PLAIN.distortions == ()
    assert Score.failed("a.jpg", "broken").distortions == ()
    assert contrique.Distortion is Distortion


def test_the_most_likely_distortion_comes_first() -> None:
    score = PLAIN.probed(FOUND)
    assert score.distortions == LIST
    assert PLAIN.distortions == ()
    assert (score.path, score.value, score.interval, score.raw) == ("a.jpg", 50.0, (40.0, 60.0), 0.5)


@pytest.mark.parametrize(
    "again",
    [
        lambda score: pickle.loads(pickle.dumps(score)),
        copy.copy,
        copy.deepcopy,
        lambda score: replace(score, path="b.jpg"),
        lambda score: score.probed(FOUND),
    ],
    ids=["pickle", "copy", "deepcopy", "replace", "probed twice"],
)
def test_copies_keep_them(again) -> None:
    assert again(PLAIN.probed(FOUND)).distortions == LIST


def test_it_is_a_frozen_dataclass_all_the_same() -> None:
    score = PLAIN.probed(FOUND)
    assert score == PLAIN
    assert hash(score) == hash(PLAIN)
    assert repr(score) == repr(PLAIN)
    told = json.loads(json.dumps(asdict(score)))
    assert told["distortions"][0] == {"name": "none", "probability": 0.625, "level": 0}
    for attribute in ("value", "distortions"):
        with pytest.raises(FrozenInstanceError):
            setattr(score, attribute, 1)
    with pytest.raises(AttributeError, match="'Score' object has no attribute 'quality'"):
        score.quality  # noqa: B018


def test_a_probed_score_is_small() -> None:
    """A million of them may be kept: no object for each kind."""
    kept = pickle.dumps(PLAIN.probed(Probed(FOUND.names, bytes(52 * 4))))
    assert len(kept) - len(pickle.dumps(PLAIN)) < 400


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=26))
def test_all_kinds_are_listed_in_order(probabilities: list[float]) -> None:
    names = tuple(f"kind {number}" for number in range(len(probabilities)))
    levels = [float(number) for number in range(len(probabilities))]
    found = Probed(names, np.array([*probabilities, *levels], np.float32).tobytes()).distortions()
    assert sorted(one.name for one in found) == sorted(names)
    assert [one.probability for one in found] == sorted(probabilities, reverse=True)
    assert all(one.name == f"kind {one.level:g}" and not math.isnan(one.probability) for one in found)
