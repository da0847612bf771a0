"""The table for people and the JSON for machines."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from contrique.evaluation.protocol import as_given, compare
from contrique.evaluation.report import text_table, to_json, write_json


@pytest.fixture(scope="module")
def result() -> dict:
    scores_N = np.arange(40.0)
    methods = {"good": as_given(scores_N), "flat": as_given(np.zeros(40))}
    return compare(methods, scores_N, np.arange(40), ratings="set/scores.csv", splits=3, seed=4)


def test_table(result: dict) -> None:
    lines = text_table(result | {"grouped_by": "scene", "lower_is_better": True}).splitlines()
    assert lines[0] == ("set/scores.csv: 40 images in 40 groups by scene, lower is better, 3 splits 70/10/20, seed 4")
    assert lines[2].split("  ")[0] == "method"
    assert lines[3].startswith("good     1.000 [1.000, 1.000]")
    assert lines[4].split()[:2] == ["flat", "–"]
    positions = [line.index("1.000 [") for line in lines[3:4]] + [lines[2].index("SROCC")]
    assert len(set(positions)) == 1


def test_json_has_every_number_and_null_for_none(result: dict) -> None:
    read = json.loads(to_json(result), parse_constant=lambda word: pytest.fail(word))
    assert read["methods"][0] == result["methods"][0]
    assert read["methods"][1]["srocc"] == {"median": None, "low": None, "high": None, "splits": [None] * 3}
    assert math.isnan(result["methods"][1]["srocc"]["median"])  # and the result is left as it was


def test_files_are_replaced_in_one_step(result: dict, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    write_json(result, file)
    assert json.loads(file.read_text())["splits"] == 3
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OSError, match="No such file"):
        write_json(result, tmp_path / "nowhere" / "r.json")
