"""CSV in long form: one row for each method and measure of each result, for spreadsheets and data frames.

Numbers have six significant digits; an empty field is a number without an answer. ``published`` and ``better_than``
(methods, joined by ``; ``) stand on the rows of SROCC alone.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from contrique.evaluation.published import published
from contrique.evaluation.report.cells import HEADINGS, NONE, label, number, plain, significance_of
from contrique.evaluation.report.merge import merged
from contrique.evaluation.significance import better_than

COLUMNS = (
    *("set", "method", "measure", "median", "low", "high", "published", "better_than", "splits", "split", "seed"),
    *("images", "groups", "lower_is_better", "full_reference", "ratings", "train_ratings"),
)


def to_csv(results: Sequence[dict[str, Any]]) -> str:
    """Results as CSV with the header ``COLUMNS``, comma and line feed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in merged(results):
        better = better_than(significance_of(result))
        for row in result["methods"]:
            for measure in HEADINGS:
                summary, of_srocc = row[measure], measure == "srocc"
                cells = {
                    **{key: result.get(key) for key in COLUMNS},
                    "set": label(result),
                    "method": row["method"],
                    "measure": measure,
                    **{key: _digits(summary[key]) for key in ("median", "low", "high")},
                    "published": _digits(published(row["method"], result)) if of_srocc else "",
                    "better_than": "; ".join(better.get(row["method"], [])) if of_srocc else "",
                }
                writer.writerow([_text(cells[column]) for column in COLUMNS])
    return text.getvalue()


def _digits(value: float | None) -> str:
    return "" if number(value) == NONE else f"{value:.6g}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else plain(str(value))
