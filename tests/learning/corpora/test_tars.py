"""Tars walked by their headers: the same members as Python's own reader finds, and damage passed by."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.learning.corpora.tars import BLOCK, is_header, members

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def pack(files, format=tarfile.PAX_FORMAT):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def walk(data):
    return list(members(lambda start, stop: data[start:stop], len(data)))


def contents(data):
    return [(m.name, data[m.start : m.start + m.size]) for m in walk(data) if not m.damage]


PARTS = st.text("abcé0-", min_size=1, max_size=60)
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
SIZES = st.sampled_from([0, 1, 511, 512, 513, 5000, 70_000])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, SIZES), max_size=6), st.sampled_from(FORMATS))
def test_members_are_those_that_tarfile_finds(files, format):
    if format == tarfile.USTAR_FORMAT:
        files = [(name[:90], size) for name, size in files]
        files = [(name.encode()[:90].decode(errors="ignore").strip("/") or "x", size) for name, size in files]
    data = pack([(name, bytes([i + 1]) * size) for i, (name, size) in enumerate(files)], format)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [(m.name, m.offset_data, m.size, "") for m in tar]
    assert [tuple(m) for m in walk(data)] == expected


def test_folders_links_and_notes_are_no_files():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", pax_headers={"comment": "global"}) as tar:
        for name, kind in [("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE)]:
            info = tarfile.TarInfo(name)
            info.type = kind
            tar.addfile(info)
        info = tarfile.TarInfo("f" * 200)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert contents(stream.getvalue()) == [("f" * 200, b"abc")]


def test_sizes_beyond_eight_gigabytes():
    """Only the header is real: GNU writes the size in base 256, pax beside it."""
    size = 9 * 2**30
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("big.bin")
        info.size = size
        header = info.tobuf(format)
        tail = pack([("after.jpg", b"x")])

        parts = {0: header, len(header) + size: tail}

        def read(start, stop, parts=parts):
            out = bytearray(stop - start)
            for at, part in parts.items():
                first, last = max(start, at), min(stop, at + len(part))
                if first < last:
                    out[first - start : last - start] = part[first - at : last - at]
            return bytes(out)

        found = list(members(read, len(header) + size + len(tail)))
        assert [(m.name, m.size, m.damage) for m in found] == [("big.bin", size, ""), ("after.jpg", 1, "")]


def test_appended_archives_are_read_on():
    one, two = pack([("a", b"1")]), pack([("b", b"2")])
    assert contents(one + two) == [("a", b"1"), ("b", b"2")]
    assert contents(one + bytes(300 * BLOCK) + two) == [("a", b"1"), ("b", b"2")]


FILES = [(f"{i:03d}.jpg", bytes([i]) * (300 + 700 * i)) for i in range(1, 12)]


@pytest.mark.parametrize("victim", [1, 2, 6, 11])
@pytest.mark.parametrize("place", [0, 124, 148, 300])
def test_one_damaged_header_costs_one_member(victim, place):
    data = bytearray(pack(FILES))
    start = next(m.start for m in walk(bytes(data)) if m.name == f"{victim:03d}.jpg") - BLOCK
    data[start + place] ^= 0x15
    found = walk(bytes(data))
    assert [(m.start, m.damage) for m in found if m.damage] == [(start, "damaged tar header")]
    assert contents(bytes(data)) == [file for file in FILES if file[0] != f"{victim:03d}.jpg"]


@pytest.mark.parametrize("garbage", [b"\xff" * 5000, b"not a tar at all", b"\x1f\x8b" + bytes(3000)])
def test_what_is_no_tar_gives_damage_and_no_files(garbage):
    found = walk(garbage)
    assert found
    assert all(m.damage for m in found)


def test_a_tar_cut_off_anywhere_gives_what_came_before():
    data = pack(FILES)
    whole = walk(data)
    for cut in range(0, len(data), 397):
        found = walk(data[:cut])
        kept = [m for m in found if not m.damage]
        assert kept == [m for m in whole if m.start + m.size <= cut]
        if damaged := [m for m in found if m.damage]:
            assert len(damaged) == 1
            assert damaged[0].name == "" or "cut off" in damaged[0].damage


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_ends_and_invents_nothing(data):
    content = bytearray(pack(FILES))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    for member in walk(bytes(content)):
        assert member.damage or 0 <= member.start <= member.start + member.size <= len(content)


def test_few_reads_for_small_members():
    data, reads = pack([(f"{i}.jpg", bytes(100)) for i in range(500)]), []

    def read(start, stop):
        reads.append(stop - start)
        return data[start:stop]

    assert len(list(members(read, len(data)))) == 500
    assert len(reads) <= 2 + len(data) // (1 << 16)


def test_a_header_is_told_by_its_checksum():
    header = tarfile.TarInfo("x").tobuf()
    assert is_header(header)
    assert not is_header(header[:-1])
    assert not is_header(bytes(BLOCK))
    assert not is_header(b"\xff" * BLOCK)
