"""What could not be used: counted by all processes together, named in a file, without end in neither."""

import csv
import os

import pytest

from contrique.learning.corpora import broken as module
from contrique.learning.corpora.broken import Broken, BrokenList, Marks


def test_all_are_counted_and_the_first_named(monkeypatch):
    monkeypatch.setattr(module, "MOST_NAMES", 3)
    broken = Broken()
    for i in range(5):
        broken.add(f"{i}.jpg", "bad")
    assert (broken.count, list(broken.named)) == (5, ["0.jpg", "1.jpg", "2.jpg"])


def test_marks_are_shared_by_forked_processes():
    marks = Marks()
    assert 5 not in marks
    assert marks.add(5)
    children = []
    for index in (5, 7, 2_999_999):
        child = os.fork()
        if not child:
            os._exit(0 if marks.add(index) == (index != 5) else 1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    assert all(index in marks for index in (5, 7, 2_999_999))
    assert not marks.add(7)


def test_a_runs_list_names_each_once(tmp_path):
    path = tmp_path / "broken.csv"
    listed = BrokenList(path)
    assert listed.add([]) == []
    assert not path.exists()
    odd = 'a, "b"\n.jpg'
    assert listed.add([(odd, "why, so"), ("c\udcff.jpg", "no")]) == [(odd, "why, so"), ("c\udcff.jpg", "no")]
    assert listed.add([(odd, "again"), ("d.jpg", "x")]) == [("d.jpg", "x")]
    assert listed.broken.count == 3
    BrokenList(path).add([("e.jpg", "y")])  # a resumed run goes on
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.reader(file))
    assert rows == [["image", "reason"], [odd, "why, so"], ["c\udcff.jpg", "no"], ["d.jpg", "x"], ["e.jpg", "y"]]


def test_a_long_list_is_written_whole_and_told_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_NAMES", 3)
    listed = BrokenList(tmp_path / "broken.csv")
    told = listed.add([(f"{i}.jpg", "x") for i in range(10)]) + listed.add([("z.jpg", "x")])
    assert [name for name, _ in told] == ["0.jpg", "1.jpg", "2.jpg"]
    assert listed.broken.count == 11
    assert len((tmp_path / "broken.csv").read_text().splitlines()) == 12


@pytest.mark.parametrize("torn", ["", "c.png,half a li", '"c'])
def test_a_resumed_run_goes_on_with_the_list(tmp_path, torn):
    path = tmp_path / "broken.csv"
    BrokenList(path).add([("a.png", "cut, short"), ("b.png", "empty")])
    before = path.read_text()
    path.write_text(before + torn)
    listed = BrokenList(path)
    assert (listed.broken.count, sorted(listed.broken.named)) == (2, ["a.png", "b.png"])
    assert listed.add([("b.png", "empty"), ("c.png", "empty")]) == [("c.png", "empty")]
    assert path.read_text() == before + "c.png,empty\n"
    path.write_text("image,rea")
    BrokenList(path).add([("a.png", "empty")])
    assert path.read_text() == "image,reason\na.png,empty\n"
