"""The table for a terminal: one result with its spread, or several side by side."""

from collections.abc import Sequence
from typing import Any

from contrique.evaluation.published import published, sources
from contrique.evaluation.report.cells import (
    HEADINGS,
    MEASURES,
    NONE,
    PUBLISHED,
    facts,
    has_published,
    label,
    number,
    plain,
    shortened,
    significance_of,
    spread_words,
)
from contrique.evaluation.report.merge import columns_of, merged, wide
from contrique.evaluation.significance import better_than


def text_table(result: dict[str, Any]) -> str:
    """Medians and, in brackets, low and high over the splits, one row a method; then what is significant.

    Args:
        result: what ``contrique.evaluation.protocol.compare`` gives.

    Returns:
        Lines of text, the last without an end.
    """
    with_published = has_published(result)
    cells = [["method", *HEADINGS.values(), *(["SROCC published"] if with_published else [])]]
    for row in result["methods"]:
        line = [plain(row["method"]), *(_cell(row[measure], measure) for measure in HEADINGS)]
        cells.append(line + ([number(published(row["method"], result))] if with_published else []))
    title = ": ".join(part for part in (label(result), ", ".join(facts(result))) if part)
    lines = [plain(title), "", *_aligned(cells), "", f"{spread_words(result)} {MEASURES}"]
    if shortened(result):
        lines.append(plain(shortened(result)))
    if with_published:
        lines.append(f"Published: {'; '.join(sources(result))}.")
    return "\n".join(lines + _significant(result))


def text_tables(results: Sequence[dict[str, Any]]) -> str:
    """The table of one result, or methods by sets for several, with what is significant on each set."""
    results = merged(results)
    if len(results) == 1:
        return text_table(results[0])
    columns, rows = wide(results)
    shown = any(map(has_published, results))
    cells = [["method", *(plain(column) for column in columns)]]
    for name, row in rows.items():
        cells.append([plain(name), *(_pair(*row[column]) if column in row else "" for column in columns)])
    lines = [*_aligned(cells), "", f"SROCC / PLCC (plain), medians. {PUBLISHED if shown else ''}".rstrip(), ""]
    for result, column in zip(results, columns_of(results), strict=True):
        lines += [plain(f"{column}: {', '.join(facts(result))}"), *_significant(result)]
    return "\n".join(lines)


def _significant(result: dict[str, Any]) -> list[str]:
    if len(result["methods"]) < 2:
        return []
    found = significance_of(result)
    if all(pair["p"] is None for pair in found["pairs"]):
        return [f"Nothing can be said of significance: too few splits or groups ({found['test']})."]
    better = better_than(found)
    lines = [f"Significant at {found['level']:g} ({found['test']}):"]
    lines += [
        plain(f"  {row['method']} is better than {', '.join(better[row['method']])}")
        for row in result["methods"]
        if row["method"] in better
    ]
    return lines if better else [f"{lines[0]} no difference."]


def _cell(summary: dict[str, Any], measure: str) -> str:
    median, low, high = (number(summary[key], measure) for key in ("median", "low", "high"))
    return median if median == NONE or len(summary["splits"]) == 1 else f"{median} [{low}, {high}]"


def _pair(row: dict[str, Any], result: dict[str, Any]) -> str:
    known = published(row["method"], result)
    both = f"{number(row['srocc']['median'])} / {number(row['plcc']['median'])}"
    return both if known is None else f"{both} ({number(known)})"


def _aligned(cells: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["   ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
