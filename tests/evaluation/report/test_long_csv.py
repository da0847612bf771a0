"""CSV in long form, read back by another reader."""

import csv
import io

import numpy as np
from example_result import example_result

from contrique.evaluation.report.long_csv import COLUMNS, to_csv


def rows(*results: dict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(results))))


def test_a_row_for_each_method_and_measure() -> None:
    result = example_result({"brisque": 90.0, "contrique": 5.0}, splits=8, images=80, dataset="live")
    found = rows(result)
    assert len(found) == 2 * 5
    assert tuple(found[0]) == COLUMNS
    first = result["methods"][0]["srocc"]
    for key in ("median", "low", "high"):
        assert np.isclose(float(found[0][key]), first[key], rtol=1e-5)
    shown = {key: found[0][key] for key in ("set", "method", "measure", "published", "splits", "split", "images")}
    assert shown == {
        **{"set": "live", "method": "brisque", "measure": "srocc", "published": "0.939"},
        **{"splits": "8", "split": "random", "images": "80"},
    }
    assert found[5]["better_than"] == "brisque"
    assert [row["published"] for row in found[1:5]] == [""] * 4
    assert {row["lower_is_better"] for row in found} == {"false"}


def test_no_answer_is_an_empty_field() -> None:
    found = rows(example_result({"flat": np.inf, "good": 1.0}))
    assert {found[0][key] for key in ("median", "low", "high", "better_than", "train_ratings")} == {""}


def test_several_sets_and_names_with_marks() -> None:
    found = rows(example_result({'a,"b"\n;': 1.0}), example_result(seed=1))
    assert [row["method"] for row in found[::5]] == ['a,"b"\\n;', "brisque", "niqe", "contrique"]
    assert [row["seed"] for row in found[::5]] == ["0", "1", "1", "1"]
