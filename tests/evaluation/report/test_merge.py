"""Which results are rows of one table, which are columns, and that those given stay as they are."""

import copy

from example_result import example_result

from contrique.evaluation.report.cells import label
from contrique.evaluation.report.merge import merged, wide


def names(result: dict) -> list[str]:
    return [row["method"] for row in result["methods"]]


def test_the_same_splits_become_rows_of_one() -> None:
    first, second = example_result(), example_result({"other": 3.0, "brisque": 4.0})
    second["left_out"] = [{"path": "a.jpg", "error": "broken"}]
    before = copy.deepcopy([first, second])
    (one,) = merged([first, second, first])
    assert names(one) == ["brisque", "niqe", "contrique", "other", "brisque (2)"]
    assert one["left_out"] == second["left_out"]
    assert len(one["significance"]["pairs"]) == 10
    assert [first, second] == before
    assert merged([one]) == [one]


def test_the_same_row_of_another_machine_is_no_second_row() -> None:
    first, second = example_result(), example_result()
    for row in second["methods"]:
        row["predictions"] = [[float(f"{value:.6g}") for value in one] for one in row["predictions"]]
    assert first["methods"] != second["methods"]
    (one,) = merged([first, second])
    assert names(one) == names(first)


def test_significance_of_fewer_methods_is_not_kept() -> None:
    (first,) = merged([example_result()])
    assert len(first["significance"]["pairs"]) == 3
    (one,) = merged([first, example_result({"other": 3.0})])
    assert len(one["significance"]["pairs"]) == 6


def test_other_splits_images_or_directions_stay_apart() -> None:
    first = example_result()
    others = [
        example_result(seed=1),
        example_result(splits=3),
        example_result(lower_is_better=True),
        first | {"scores": [score + 1 for score in first["scores"]]},
        first | {"names": [f"x{name}" for name in first["names"]]},
        first | {"full_reference": True},
    ]
    assert len(merged([first, *others])) == 7


def test_methods_by_sets() -> None:
    first, second = example_result(dataset="live"), example_result({"niqe": 2.0, "new": 2.0}, ratings="b.csv", seed=3)
    again, with_reference = example_result(dataset="live", seed=9), example_result(dataset="live", full_reference=True)
    columns, rows = wide(merged([first, second, again, with_reference]))
    assert columns == ["live", "b.csv", "live (2)"]
    assert list(rows)[:4] == ["brisque", "niqe", "contrique", "new"]
    assert list(rows)[4:] == [f"{name}, full-reference" for name in ("brisque", "niqe", "contrique")]
    assert set(rows["new"]) == {"b.csv"}
    assert set(rows["niqe, full-reference"]) == {"live"}
    assert rows["niqe"]["live (2)"][0]["srocc"] == again["methods"][1]["srocc"]
    assert rows["niqe, full-reference"]["live"][1]["full_reference"]


def test_labels() -> None:
    assert label(example_result()) == "set/scores.csv"
    assert label(example_result(dataset="live")) == "live"
    assert (
        label(example_result(split="cross-set", train_ratings="a.csv", train_dataset=None)) == "a.csv → set/scores.csv"
    )
