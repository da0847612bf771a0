"""Rows on disk: the same as a sorted dictionary, at any number of rows; a full disk says so."""

import errno
import gc
import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.learning.corpora import table as tables
from contrique.learning.corpora.table import Table, hash_key

ROWS = st.lists(st.tuples(st.binary(max_size=12), st.integers(0, 2**64 - 1) | st.integers(0, 9), st.integers(0, 5)))


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_rows_are_sorted_and_repeats_left_out(rows):
    table = Table(iter(rows))
    first = {}
    for text, key, tag in rows:
        first.setdefault(key, (text, tag))
    assert len(table) == len(first)
    assert table.repeats == len(rows) - len(first)
    assert [table[i] for i in range(len(table))] == [first[key] for key in sorted(first)]
    assert [table.find(key) for key in sorted(first)] == list(range(len(first)))
    tags = [tag for _, tag in first.values()]
    assert table.tags == {tag: tags.count(tag) for tag in set(tags)}
    for missing in {0, 5, 2**63, 2**64 - 1} - first.keys():
        assert table.find(missing) is None
    with pytest.raises(IndexError):
        table[len(table)]


@pytest.mark.parametrize("skewed", [False, True])
def test_many_rows_are_sorted_in_parts(monkeypatch, skewed):
    monkeypatch.setattr(tables, "_CHUNK", 100)
    keys = [hash_key(b"%d" % (i % 4000)) for i in range(5000)]
    if skewed:  # as ready-made samples are: few upper bits
        keys = [(i % 7) << 56 | key >> 8 for i, key in enumerate(keys)]
    table = Table((b"row %d" % i, key, i % 3) for i, key in enumerate(keys))
    distinct = sorted(set(keys))
    assert len(table) == len(distinct)
    assert [table[i][0] for i in range(len(table))] == [b"row %d" % keys.index(key) for key in distinct]
    assert [table.find(key) for key in distinct[::50]] == list(range(len(distinct)))[::50]


def test_the_order_of_listing_does_not_matter():
    rows = [(b"%d" % i, hash_key(b"%d" % i), 0) for i in range(500)]
    one, two = Table(rows), Table(reversed(rows))
    assert one.digest == two.digest
    assert [one[i] for i in range(500)] == [two[i] for i in range(500)]
    assert Table(rows[1:]).digest != one.digest


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handles = len(os.listdir("/proc/self/fd"))
    table = Table([(b"a", 1, 0)])
    assert table[0] == (b"a", 0)
    assert not list(tmp_path.iterdir())
    del table
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_forked_process_reads_the_same_rows():
    table = Table((b"%d" % i, i, 0) for i in range(100))
    child = os.fork()
    if not child:
        os._exit(0 if all(table[i] == (b"%d" % i, 0) for i in range(100)) else 1)
    assert [table[i][0] for i in range(100)] == [b"%d" % i for i in range(100)]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_full_disk_is_told(monkeypatch):
    def full(file, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tables, "_append", full)
    with pytest.raises(ContriqueError, match=r"cannot keep the list of images here: .*No space left"):
        Table([(b"a", 1, 0)])
