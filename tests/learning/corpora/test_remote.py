"""Byte ranges from a real HTTP server and from disk; patterns of names; servers that misbehave."""

import sys

import pytest
from range_server import serve

from contrique.errors import ContriqueError, MissingExtra
from contrique.learning.corpora import remote
from contrique.learning.corpora.remote import Unreachable, expand, is_url, read_range, size_of


@pytest.fixture
def storage(tmp_path):
    pytest.importorskip("aiohttp")
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 100)
    with serve(tmp_path) as server:
        yield server


def test_ranges_are_the_files_bytes(storage, tmp_path):
    data = (tmp_path / "data.bin").read_bytes()
    for name in (str(tmp_path / "data.bin"), f"{storage.url}/data.bin"):
        assert size_of(name) == len(data)
        for start, stop in [(0, 1), (0, len(data)), (300, 811), (len(data) - 1, len(data))]:
            assert read_range(name, start, stop) == data[start:stop]
    assert (None, None) not in [(first, last) for _, first, last in storage.asked]  # only ranges were asked for
    assert ("/data.bin", 300, 810) in storage.asked


def test_reading_past_the_end_is_an_error(storage, tmp_path):
    for name in (str(tmp_path / "data.bin"), f"{storage.url}/data.bin"):
        with pytest.raises(OSError, match="ends before"):
            read_range(name, 25_000, 26_000)


def test_what_is_not_there_is_told(storage, tmp_path):
    for name in (str(tmp_path / "none.bin"), f"{storage.url}/none.bin"):
        with pytest.raises(ContriqueError, match="cannot open") as caught:
            size_of(name)
        assert name in str(caught.value)
        with pytest.raises(OSError, match="none"):
            read_range(name, 0, 5)


def test_a_server_without_ranges_is_refused(storage):
    storage.ranges = False
    with pytest.raises(Unreachable, match="does not answer byte ranges"):
        read_range(f"{storage.url}/data.bin", 5, 10)


def test_hiccups_are_tried_again(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_WAITS", (0.01, 0.01))
    data = (tmp_path / "data.bin").read_bytes()
    storage.failures = 2
    assert read_range(f"{storage.url}/data.bin", 5, 10) == data[5:10]
    storage.failures = 3
    with pytest.raises(Unreachable, match="503"):
        read_range(f"{storage.url}/data.bin", 5, 10)


def test_other_storage_goes_the_same_way():
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://box/a-0.tar", "wb") as file:
        file.write(b"0123456789")
    assert expand("memory://box/*.tar") == ["memory:///box/a-0.tar"]
    assert read_range(expand("memory://box/*.tar")[0], 2, 5) == b"234"
    assert size_of("memory://box/a-0.tar") == 10


def test_a_missing_package_is_named(monkeypatch):
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtra, match="s3fs"):
        size_of("s3://bucket/a.tar")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"contrique\[shards\]"):
        size_of("https://nowhere.invalid/a.tar")


def test_braces_and_wildcards(tmp_path):
    assert expand("a-{000..003}.tar") == ["a-000.tar", "a-001.tar", "a-002.tar", "a-003.tar"]
    assert expand("{9..11}") == ["9", "10", "11"]
    assert expand("{02..00}") == ["02", "01", "00"]
    assert expand("x{a,b}{0..1}.tar") == ["xa0.tar", "xa1.tar", "xb0.tar", "xb1.tar"]
    assert expand("http://host/s-{0..1}.tar?key=a[b]?") == [f"http://host/s-{i}.tar?key=a[b]?" for i in (0, 1)]
    for name in ("b.tar", "a.tar", "c.txt", "{odd}[1].tar"):
        (tmp_path / name).touch()
    assert expand(f"{tmp_path}/*.tar") == [f"{tmp_path}/{name}" for name in ("a.tar", "b.tar", "{odd}[1].tar")]
    assert expand(f"{tmp_path}/{{odd}}[1].tar") == [f"{tmp_path}/{{odd}}[1].tar"]
    with pytest.raises(ContriqueError, match="no such files"):
        expand(f"{tmp_path}/*.zip")
    for endless in ("{0..99999999}", "{0..9999}{0..9999}"):
        with pytest.raises(ContriqueError, match="more than 1000000"):
            expand(endless)


def test_urls_are_told_from_paths():
    assert is_url("s3://bucket/a.tar")
    assert not is_url("/data/a:b//c.tar")
