"""Manifests as people really write them: marks, quotes, columns in any order, and what is wrong by file and row."""

import csv
import sys
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError, MissingExtra
from contrique.learning.corpora.manifests import Row, manifest_rows


@pytest.fixture
def write(tmp_path):
    def write(content, name="m.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def paths(manifest, *licences):
    return [row.path for row in manifest_rows(manifest, licences or None)]


def test_columns_are_known_by_name(write):
    manifest = write("licence,extra,path,source\nfree,1,a.jpg,me\n,2,/b/c.png,\n")
    assert list(manifest_rows(manifest)) == [Row("a.jpg", "me", "free"), Row("/b/c.png", "", "")]
    assert list(manifest_rows(write("name\nx.png\n"))) == [Row("x.png", "", "")]
    assert paths(write("name,path\nAnne,a.jpg\n")) == ["a.jpg"]
    assert list(manifest_rows(write(" Path ,License\na.jpg,free\n"), ("free",))) == [Row("a.jpg", "", "free")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfpath\na.jpg\n", ["a.jpg"]),
        (b'\xef\xbb\xbf"path","x"\r\n"a, b.jpg",1\r\n', ["a, b.jpg"]),
        (b'path\n"say ""hi"".jpg"\n', ['say "hi".jpg']),
        (b'path\n"two\nlines.jpg"\nb.jpg', ["two\nlines.jpg", "b.jpg"]),
        (b"path\n\na.jpg\n\n\nb.jpg\n", ["a.jpg", "b.jpg"]),
        ("path,x\nété/ä ö.jpg,\n".encode(), ["été/ä ö.jpg"]),
        (b"path,x,y\na.jpg\n", ["a.jpg"]),
        (b"path\rb.jpg\r", ["b.jpg"]),
    ],
)
def test_odd_but_good(write, content, expected):
    assert paths(write(content)) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a column path or name, found none"),
        (b"path\n", "no rows"),
        (b"\n\n", "expected a column path or name"),
        (b"file,licence\na.jpg,x\n", "expected a column path or name, found file, licence"),
        (b"path;licence\na.jpg;x\n", "expected a column path or name, found path;licence"),
        (b"path,path\na,b\n", "two columns path"),
        (b"x,path\n1,a.jpg\n2\n", "row 2 has no path"),
        (b"x,path\n1,\n", "row 1 has no path"),
        (b"path,x\na,b.jpg,1\n", "row 1 has 3 cells, not 2; names with commas need quotes"),
        ("path\nété.jpg\n".encode("latin-1"), "cannot read this manifest"),
        ("path\na.jpg\n".encode("utf-16"), "cannot read this manifest"),
        (b'path\n"a.jpg\nb.jpg\nc.jpg\n', "cannot read this manifest: unexpected end of data"),
        (b"path\na\0b.jpg\n", "row 1 has a NUL"),
        (b"path\na.jpg\ns3://bucket/b.jpg\n", "row 2 names a URL"),
        (b"PAR1 not really", "cannot read this manifest"),
    ],
)
def test_what_is_wrong_is_named(write, content, message):
    manifest = write(content)
    with pytest.raises(ContriqueError, match=message) as caught:
        list(manifest_rows(manifest))
    assert str(manifest) in str(caught.value)


def test_a_missing_manifest_and_a_folder(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ContriqueError, match="cannot read this manifest"):
            list(manifest_rows(path))


def test_licences_filter(write):
    manifest = write('path,licence\na,free\nb,"research, cite"\nc,free\nd,\n')
    assert paths(manifest, "free") == ["a", "c"]
    assert paths(manifest, "research, cite", "free") == ["a", "b", "c"]
    with pytest.raises(ContriqueError, match="no row has the licence 'fre'"):
        paths(manifest, "free", "fre")
    with pytest.raises(ContriqueError, match="no column licence"):
        paths(write("path\na\n"), "free")


ROWS = st.lists(
    st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)] * 3), min_size=1
).map(lambda rows: [(path or "x", source, licence) for path, source, licence in rows])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_what_the_csv_module_writes_is_read(tmp_path, rows):
    path = tmp_path / "m.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "source", "licence"), *rows])
    assert list(manifest_rows(path)) == [Row(*row) for row in rows]


def write_parquet(path, columns, **words):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path, **words)
    return path


def test_parquet_gives_the_same_rows(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    count = 10_000  # several batches and row groups
    names = [f"dir/{i}, é.jpg" for i in range(count)]
    for text in (pyarrow.string(), pyarrow.large_string(), pyarrow.binary(), pyarrow.dictionary("int32", "string")):
        columns = {
            "x": list(range(count)),
            "path": pyarrow.array(names, pyarrow.string()).cast(text)
            if text != pyarrow.dictionary("int32", "string")
            else pyarrow.array(names).dictionary_encode(),
            "licence": pyarrow.array(["free", None] * (count // 2)),
        }
        manifest = write_parquet(tmp_path / "m.dat", columns, row_group_size=3000)  # whatever its suffix
        rows = list(manifest_rows(manifest))
        assert rows == [Row(name, "", "free" if i % 2 == 0 else "") for i, name in enumerate(names)]
        assert len(paths(manifest, "free")) == count // 2


def test_bad_parquet_is_named(tmp_path):
    for columns, message in [
        ({"file": ["a"]}, "expected a column path or name, found file"),
        ({"path": ["a", None]}, "row 2 has no path"),
        ({"path": []}, "no rows"),
    ]:
        manifest = write_parquet(tmp_path / "m.parquet", columns)
        with pytest.raises(ContriqueError, match=message):
            list(manifest_rows(manifest))
    manifest = write_parquet(tmp_path / "m.parquet", {"path": [f"{i}.jpg" for i in range(5000)]})
    content = bytearray(manifest.read_bytes())
    manifest.write_bytes(content[: len(content) // 2])
    with pytest.raises(ContriqueError, match="cannot read this manifest"):
        list(manifest_rows(manifest))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    manifest = write_parquet(tmp_path / "m.parquet", {"path": ["a"]})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtra, match=r"contrique\[parquet\]"):
        list(manifest_rows(manifest))


def test_rows_are_read_one_at_a_time(write):
    manifest = write("path,licence\n" + "".join(f"folder/{i:08d}.jpg,free\n" for i in range(50_000)))
    tracemalloc.start()
    assert sum(1 for _ in manifest_rows(manifest, ("free",))) == 50_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000  # the file has 1.3 MB, its rows as objects some 10 MB
