"""The keys of a source that go together, and those that do not."""

import re

import pytest

from contrique.learning.sources import Source, source_rules


def complaints(*sources, kind="pristine"):
    return [message for holds, message in source_rules(kind, sources) if not holds]


@pytest.mark.parametrize(
    "source",
    [
        Source("a"),
        Source("a", manifest="m.csv", licences=("x",)),
        Source(manifest="m.parquet"),
        Source("a", layout="kadis700k-distorted"),
        Source(shards="s3://bucket/{000..009}.tar"),
        Source(dead_leaves="textured", count=10),
        Source(dead_leaves="plain", count=1, size=32, weight=0.5),
        Source("a", weight=2.0, scale=1.0, min_side=1),
    ],
)
def test_good_sources(source):
    assert complaints(source) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source(), "needs one of folder"),
        (Source("a", shards="b.tar"), "needs one of folder"),
        (Source(manifest="m.csv", dead_leaves="plain", count=1), "needs one of folder"),
        (Source("a", layout="imagenet"), "layout must be one of ava, .*got 'imagenet'"),
        (Source("a", manifest="m.csv", layout="coco"), "layout goes with a folder, and without a manifest"),
        (Source(shards="a.tar", layout="coco"), "layout goes with a folder"),
        (Source("a", licences=("x",)), "licences needs a manifest"),
        (Source("a", licences=()), "licences needs a manifest"),
        (Source(dead_leaves="wet", count=1), "dead_leaves must be one of plain, textured, got 'wet'"),
        (Source(dead_leaves="plain"), "count"),
        (Source("a", count=3), "count"),
        (Source(dead_leaves="plain", count=0), "count must be at least 1"),
        (Source("a", size=64), "size goes with dead_leaves"),
        (Source(dead_leaves="plain", count=1, size=31), "size must be from 32 to 4096"),
        (Source("a", weight=0.0), "weight must be above 0"),
        (Source("a", weight=-1.0), "weight must be above 0"),
        (Source("a", scale=0.0), "scale"),
        (Source("a", min_side=0), "min_side"),
    ],
)
def test_bad_sources_are_named(source, message):
    found = complaints(Source("fine", weight=None if source.weight is None else 1.0), source)
    assert len(found) == 1
    assert found[0].startswith("pristine[1]")
    assert re.search(message, found[0])


def test_all_of_a_kind_have_a_weight_or_none_has():
    assert complaints(Source("a", weight=1.0), Source("b")) == [
        "pristine: all of its sources have a weight, or none has"
    ]
    assert complaints(Source("a", weight=1.0), Source("b", weight=3.0)) == []


def test_ready_made_samples_are_not_authentic():
    assert "belong under [[pristine]]" in complaints(Source("a", layout="kadis700k-distorted"), kind="authentic")[0]
