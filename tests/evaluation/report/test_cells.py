"""Numbers as printed, which is best, and what is beyond chance below it."""

import math

from example_result import example_result

from contrique.evaluation.report.cells import best, number, worse_than_best


def test_numbers() -> None:
    assert [number(value) for value in (0.12345, -0.5, 1.0, math.nan, None)] == ["0.123", "-0.500", "1.000", "–", "–"]
    assert [number(value, "rmse") for value in (12.3456, 0.1)] == ["12.35", "0.1"]


def test_best_as_printed() -> None:
    assert best([0.5, 0.9, 0.7]) == {1}
    assert best([0.9001, 0.9004, 0.7]) == {0, 1}  # both are printed 0.900
    assert best([9.0, 3.0, math.nan], "rmse") == {1}
    assert best([0.5]) == set()
    assert best([0.5, math.nan, None]) == set()


def test_worse_than_best() -> None:
    assert worse_than_best(example_result({"far": 90.0, "near": 1.0, "nearer": 0.9}, splits=8, images=80)) == {"far"}
    assert worse_than_best(example_result({"alone": 1.0})) == set()
