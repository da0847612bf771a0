"""Several results as one table: methods measured on the same splits become rows of one result, sets become columns.

Splits are the same where images, ratings and the positions of all test images are: then every row was measured on the
same images, and rows of different runs can be compared split by split.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from contrique.evaluation.report.cells import label, significance_of

SAME = (
    *("dataset", "ratings", "names", "scores", "tests", "parts", "groups_of"),
    *("split", "seed", "train_ratings", "full_reference", "lower_is_better"),
)
"""What two results must agree in to be one."""

ROUNDING = 1e-5
"""Relative difference up to which predictions are the same."""


def merged(results: Sequence[dict[str, Any]], *, progress: bool = False) -> list[dict[str, Any]]:
    """Join results of the same images and splits, in order of first appearance, and test what is significant in each.

    A row that is there already with the same predictions, but for rounding, is left out; another row of the same name
    is numbered. The results given stay as they are; what comes back can be given again at no cost.

    Returns:
        Results with ``significance``, see ``contrique.evaluation.significance``.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    by_splits: dict[str, dict[str, Any]] = {}
    for result in results:
        key = json.dumps([result.get(name) for name in SAME])
        if key not in by_splits:
            by_splits[key] = {**result, "methods": list(result["methods"])}
            continue
        known = by_splits[key]
        known.pop("significance", None)  # of fewer methods
        rows = known["methods"]
        for row in result["methods"]:
            if not any(row["method"] == old["method"] and _same(row, old) for old in rows):
                rows.append({**row, "method": _unused(row["method"], [old["method"] for old in rows])})
        paths = {one["path"] for one in known.get("left_out", [])}
        more = [one for one in result.get("left_out", []) if one["path"] not in paths]
        known["left_out"] = known.get("left_out", []) + more
    for result in by_splits.values():
        result["significance"] = significance_of(result, progress=progress)
    return list(by_splits.values())


def _same(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows of the same splits hold the same predictions, but for the rounding of another machine."""
    pairs = zip(row["predictions"], other["predictions"], strict=True)
    return all(np.allclose(mine, theirs, rtol=ROUNDING, atol=1e-9) for mine, theirs in pairs)


Cell = tuple[dict[str, Any], dict[str, Any]]
"""A method's row, and the result it is from."""


def columns_of(results: Sequence[dict[str, Any]]) -> list[str]:
    """For each result the name of its set, numbered where results of one set are on other images or splits."""
    columns: dict[str, str] = {}
    for result in results:
        key = _column_key(result)
        if key not in columns:
            columns[key] = _unused(label(result), list(columns.values()))
    return [columns[_column_key(result)] for result in results]


def wide(results: Sequence[dict[str, Any]]) -> tuple[list[str], dict[str, dict[str, Cell]]]:
    """Methods by sets, from what ``merged`` gives.

    Full-reference results are rows of their own ("…, full-reference") in the column of their set.

    Returns:
        Names of the columns; and by name of the row, by name of the column, the cell.
    """
    columns = columns_of(results)
    rows: dict[str, dict[str, Cell]] = {}
    for result, column in zip(results, columns, strict=True):
        for row in result["methods"]:
            name = row["method"] + (", full-reference" if result.get("full_reference") else "")
            rows.setdefault(name, {})[column] = row, result
    return list(dict.fromkeys(columns)), rows


def _column_key(result: dict[str, Any]) -> str:
    return json.dumps([label(result), *(result.get(name) for name in SAME if name != "full_reference")])


def _unused(name: str, taken: Sequence[str]) -> str:
    names = (name if number == 1 else f"{name} ({number})" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
