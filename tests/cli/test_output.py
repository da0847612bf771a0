"""Every format is read back by somebody else's reader: csv, json, pyarrow."""

import csv
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.cli.output import COLUMNS, Row, choose_format, open_writer, printable, readable
from contrique.errors import ContriqueError

GOOD: Row = {"path": "a b.jpg", "score": 71.25, "low": 60.5, "high": 82.0, "error": None, "model": "tiny"}
BAD: Row = {"path": 'x,"y".png', "score": None, "low": None, "high": None, "error": "not an image", "model": "tiny"}
READABLE = ("csv", "json", "jsonl", "parquet")


def write(file: Path, rows: list[Row], kind: str | None = None) -> None:
    with open_writer(kind or choose_format(None, str(file), False), str(file)) as writer:
        for row in rows:
            writer.write(row)


def read(file: Path) -> list[dict]:
    """The rows of a file by an independent reader; CSV fields are given their types back."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for row in rows:
            row.update(
                {c: float(row[c]) if row[c] else None for c in ("score", "low", "high")}, error=row["error"] or None
            )
        return rows
    if file.suffix == ".json":
        return json.loads(file.read_text(encoding="utf-8"))
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    return pytest.importorskip("pyarrow.parquet").read_table(file).to_pylist()


@pytest.mark.parametrize("kind", READABLE)
def test_rows_come_back_as_they_went(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"scores.{kind}"
    write(file, [GOOD, BAD])
    rows = read(file)
    assert rows == [GOOD, BAD]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("kind", READABLE)
@settings(max_examples=25, deadline=None)
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=4),
    score=st.floats(0, 100),
)
def test_any_name_survives(kind: str, names: list[str], score: float) -> None:
    rows: list[Row] = [{**GOOD, "path": name, "score": score} for name in names]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"scores.{kind}"
        write(file, rows)
        assert read(file) == rows


@pytest.mark.parametrize("kind", READABLE)
def test_a_name_that_is_not_utf8_stays_legible(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"scores.{kind}"
    write(file, [{**GOOD, "path": readable(os.fsdecode(b"caf\xe9 \xc3\xa9.jpg"))}])
    assert read(file)[0]["path"] == "caf\\xe9 é.jpg"


def test_parquet_has_one_type_a_column_even_when_all_is_null(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "a.parquet", [BAD])
    write(tmp_path / "b.parquet", [])
    for name in ("a.parquet", "b.parquet"):
        types = [str(kind) for kind in parquet.read_schema(tmp_path / name).types]
        assert types == ["string", "double", "double", "double", "string", "string"]


def test_no_rows_are_still_a_valid_file(tmp_path: Path) -> None:
    for kind in READABLE:
        write(tmp_path / f"scores.{kind}", [])
        assert read(tmp_path / f"scores.{kind}") == []
    assert (tmp_path / "scores.csv").read_text() == "path,score,low,high,error,model\n"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_rows_are_on_disk_as_soon_as_they_are_written(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"scores.{kind}"
    with open_writer(kind, str(file)) as writer:
        writer.write(GOOD)
        assert read(file) == [GOOD]


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_a_document_replaces_the_old_one_only_at_the_end(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"scores.{kind}"
    write(file, [BAD])
    with open_writer(kind, str(file)) as writer:
        writer.write(GOOD)
        assert read(file) == [BAD]
    assert read(file) == [GOOD]


@pytest.mark.parametrize("kind", READABLE)
def test_an_interrupted_run_keeps_its_rows(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"scores.{kind}"

    def interrupted() -> None:
        with open_writer(kind, str(file)) as writer:
            writer.write(GOOD)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert read(file) == [GOOD]


def test_a_failed_document_leaves_the_old_one_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    write(file, [GOOD])
    with pytest.raises(TypeError):
        write(file, [{**GOOD, "score": object()}])  # type: ignore[typeddict-item]
    assert read(file) == [GOOD]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", READABLE)
def test_an_unwritable_output_is_noticed_at_once(kind: str, tmp_path: Path) -> None:
    for file in (tmp_path / "absent" / f"scores.{kind}", tmp_path):
        with pytest.raises(OSError, match=r"."), open_writer(kind, str(file)):
            pytest.fail("the output was opened")


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "scores.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, [GOOD])
    assert json.loads(os.read(reader, 65536)) == [GOOD]
    os.close(reader)
    assert pipe.is_fifo()


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    file = tmp_path / "scores.parquet"
    with pytest.raises(ImportError, match=r"pip install 'contrique\[parquet\]'"):
        write(file, [GOOD])
    assert not file.exists()


@pytest.mark.parametrize("kind", READABLE)
def test_standard_output_gets_the_same_bytes_as_a_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(captured, encoding="utf-8"))
    with open_writer(kind, None) as writer:
        writer.write(GOOD)
        writer.write(BAD)
    write(tmp_path / f"scores.{kind}", [GOOD, BAD])
    assert captured.getvalue() == (tmp_path / f"scores.{kind}").read_bytes()


def test_a_narrow_terminal_encoding_does_not_stop_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    captured = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(captured, encoding="ascii"))
    with open_writer("table", None) as writer:
        writer.write({**GOOD, "path": "é.jpg"})
    assert b"71.25" in captured.getvalue()
    assert b"\\xe9.jpg" in captured.getvalue()


def test_table_is_aligned_and_holds_one_line_an_image(tmp_path: Path) -> None:
    file = tmp_path / "scores.txt"
    full: Row = {**GOOD, "path": "b.jpg", "score": 100.0, "low": 93.125, "high": 100.0}
    write(file, [GOOD, full, {**BAD, "path": "evil\n\x1b[2Jname.png"}])
    header, first, second, third = file.read_text(encoding="utf-8").splitlines()
    assert first.split() == ["71.25", "60.50", "–", "82.00", "a", "b.jpg"]
    assert second.split() == ["100.00", "93.12", "–", "100.00", "b.jpg"]
    assert third.endswith("evil\\n\\x1b[2Jname.png: not an image")
    assert {header.index("image"), first.index("a b.jpg"), second.index("b.jpg"), third.index("evil")} == {27}


@pytest.mark.parametrize(
    ("asked", "file", "terminal", "chosen"),
    [
        (None, None, True, "table"),
        (None, None, False, "csv"),
        ("jsonl", None, True, "jsonl"),
        (None, "a.b/scores.CSV", True, "csv"),
        (None, "scores.parquet", True, "parquet"),
        (None, "scores.txt", False, "table"),
        ("table", "scores.csv", False, "table"),
        ("parquet", None, False, "parquet"),
    ],
)
def test_format_is_chosen_by_word_then_ending_then_terminal(
    asked: str | None, file: str | None, terminal: bool, chosen: str
) -> None:
    assert choose_format(asked, file, terminal) == chosen


@pytest.mark.parametrize(("asked", "file"), [(None, "scores"), (None, "scores.xlsx"), ("parquet", None)])
def test_a_format_that_cannot_be_chosen_is_an_error(asked: str | None, file: str | None) -> None:
    with pytest.raises(ContriqueError, match=r"format|-o FILE"):
        choose_format(asked, file, terminal=True)


@given(st.text())
def test_printable_is_one_line_without_controls(text: str) -> None:
    assert printable(text).isprintable()
