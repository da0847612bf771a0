"""JSON that comes back as it was, files replaced in one step, and files that are no results."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
from example_result import example_result

from contrique.errors import ContriqueError
from contrique.evaluation.report.files import read_results, to_json, write_json, write_reports


@pytest.fixture(scope="module")
def result() -> dict:
    return example_result({"good": 1.0, "flat": np.inf}, splits=3)


def test_json_has_every_number_and_null_for_none(result: dict) -> None:
    read = json.loads(to_json(result), parse_constant=lambda word: pytest.fail(word))
    assert read["methods"][0] == result["methods"][0]
    assert read["methods"][1]["srocc"] == {"median": None, "low": None, "high": None, "splits": [None] * 3}
    assert math.isnan(result["methods"][1]["srocc"]["median"])  # and the result is left as it was
    assert len(to_json(result).splitlines()) < 200  # lists of numbers stand on one line


def test_lines_are_joined_only_between_numbers() -> None:
    value = {"texts": ["[\n1,\n2\n]", "1"], "numbers": [1, -2.5e-7, math.nan], "none": [], "deep": [[1, 2], [3.0]]}
    text = to_json(value)
    assert json.loads(text) == {**value, "numbers": [1, -2.5e-7, None]}
    assert '"numbers": [1, -2.5e-07, null]' in text
    assert len(text.splitlines()) == 12


def test_what_is_written_is_read_back(result: dict, tmp_path: Path) -> None:
    write_json(result, tmp_path / "one.json")
    (read,) = read_results(tmp_path / "one.json")
    np.testing.assert_equal(read, result)  # nan equals nan
    write_json([result, result], tmp_path / "two.json")
    assert len(read_results(tmp_path / "two.json")) == 2


def test_names_of_files_that_are_not_text(result: dict, tmp_path: Path) -> None:
    left_out = [{"path": "photos/\udcff.jpg", "error": "broken"}]
    write_json(result | {"left_out": left_out}, tmp_path / "r.json")
    assert read_results(tmp_path / "r.json")[0]["left_out"] == left_out


def test_files_are_replaced_in_one_step(result: dict, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    write_json(result, file)
    assert json.loads(file.read_text())["splits"] == 3
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OSError, match="No such file"):
        write_json(result, tmp_path / "nowhere" / "r.json")


def test_reports_go_where_they_are_named(result: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_reports([result], csv="-", html=str(tmp_path / "r.html"))
    assert capsys.readouterr().out.startswith("set,method,measure,")
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a result"),
        ('{"splits": 3}', "not a result"),
        ('{"methods": []}', "format an older version"),
        ('{"methods": [], "format": 3}', "format 3"),
        ('{"methods": [], "format": 2}', "damaged"),
    ],
)
def test_no_result(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ContriqueError, match=reason) as caught:
        read_results(tmp_path / "x.json")
    assert str(caught.value).startswith(f"{tmp_path / 'x.json'}: ")
    with pytest.raises(ContriqueError, match="No such file"):
        read_results(tmp_path / "y.json")


def _damage(result: dict, *path_and_value: object) -> dict:
    damaged = copy.deepcopy(result)
    *path, last, value = path_and_value
    place = damaged
    for key in path:
        place = place[key]
    place[last] = value
    return damaged


@pytest.mark.parametrize(
    "change",
    [
        ("scores", 0, "ten"),
        ("scores", 0, None),
        ("scores", 7),
        ("names", ["one"]),
        ("tests", 0, 0, 60),
        ("tests", 0, 0, -1),
        ("tests", 0, []),
        ("parts", 0, [1, 2]),
        ("parts", 0, [0, 0, 12]),
        ("splits", 0),
        ("groups_of", [0]),
        ("methods", []),
        ("methods", 0, "method", 5),
        ("methods", 0, "method", "flat"),
        ("methods", 0, "predictions", 0, 0, None),
        ("methods", 0, "predictions", 0, [1.0]),
        ("methods", 0, "predictions", []),
        ("methods", 0, "srocc", {}),
        ("methods", 0, "srocc", "splits", [0.5]),
        ("methods", 0, "srocc", "median", "high"),
        ("ratings", ["a"]),
        ("protocol", None),
        ("left_out", [{"path": "a"}]),
        ("left_out", 5),
        ("versions", [1]),
    ],
    ids=str,
)
def test_damaged_results_are_refused(result: dict, change: tuple, tmp_path: Path) -> None:
    write_json(_damage(result, *change), tmp_path / "r.json")
    with pytest.raises(ContriqueError, match=r"r\.json: a damaged result"):
        read_results(tmp_path / "r.json")
