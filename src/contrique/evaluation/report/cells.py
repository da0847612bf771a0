"""What every form of the report says alike: headings, numbers, what was measured and how, which method is best."""

import math
from collections.abc import Sequence
from typing import Any

from contrique.evaluation.published import published
from contrique.evaluation.significance import better_than, significance

HEADINGS = {
    "srocc": "SROCC",
    "plcc": "PLCC",
    "plcc_logistic": "PLCC logistic",
    "krocc": "KROCC",
    "rmse": "RMSE",
}

NONE = "–"
"""Stands for a number without an answer."""

PUBLISHED = "In brackets, SROCC as published."
MEASURES = (
    "Positive correlations are good. PLCC is plain; PLCC logistic and RMSE (in units of the ratings) are after the "
    "5-parameter logistic."
)


def number(value: float | None, measure: str = "srocc") -> str:
    """Three decimals for a correlation, four digits for an RMSE, ``NONE`` for no answer."""
    if value is None or math.isnan(value):
        return NONE
    return f"{value:.4g}" if measure == "rmse" else f"{value:.3f}"


def best(values: Sequence[float | None], measure: str = "srocc") -> set[int]:
    """Positions of the best of several methods as printed; none where there is nothing to compare."""
    found = {i: value for i, value in enumerate(values) if value is not None and not math.isnan(value)}
    if len(found) < 2:
        return set()
    top = min(found.values()) if measure == "rmse" else max(found.values())
    return {i for i, value in found.items() if number(value, measure) == number(top, measure)}


def tops(result: dict[str, Any], measure: str = "srocc") -> set[str]:
    """The methods with the best median."""
    rows = result["methods"]
    return {rows[i]["method"] for i in best([row[measure]["median"] for row in rows], measure)}


def once(result: dict[str, Any]) -> str:
    """What one of a result's repetitions is: a split of the set, or a draw of training images of another one."""
    return "draw" if result.get("split") == "cross-set" else "split"


def spread_words(result: dict[str, Any]) -> str:
    """What median and range of a result are over."""
    if result["splits"] == 1:
        return f"Of a single {once(result)}."
    return f"Median over the {once(result)}s, with the 10th and 90th percentile."


def shortened(result: dict[str, Any]) -> str:
    """Which rows were trained for less than their authors did, in words; empty where none was."""
    rows = [(row["method"], (row.get("about") or {}).get("reduced")) for row in result["methods"]]
    return " ".join(f"{name} was cut short: {less}." for name, less in rows if isinstance(less, str) and less)


def has_published(result: dict[str, Any]) -> bool:
    """Whether any method of the result has a published number."""
    return any(published(row["method"], result) is not None for row in result["methods"])


def significance_of(result: dict[str, Any], *, progress: bool = False) -> dict[str, Any]:
    """The significance of a result: what it carries, or else computed now."""
    return result.get("significance") or significance(result, progress=progress)


def worse_than_best(result: dict[str, Any]) -> set[str]:
    """Methods whose SROCC is beyond chance below that of a method of greatest median."""
    better, top = better_than(significance_of(result)), tops(result)
    return {worse for name, others in better.items() if name in top for worse in others}


def label(result: dict[str, Any]) -> str:
    """A short name for the set: its own, or the CSV's; with what was fitted to where that is another set."""
    name = result.get("dataset") or result["ratings"] or "ratings"
    if result.get("split") == "cross-set":
        return f"{result.get('train_dataset') or result['train_ratings']} → {name}"
    return name


def facts(result: dict[str, Any]) -> list[str]:
    """How many images in how many groups, the direction, the kind of features, the splits: short phrases."""
    found = [f"{result['images']} images in {result['groups']} groups"]
    if result.get("grouped_by"):
        found[0] += f" by {result['grouped_by']}"
    if result.get("lower_is_better") is not None:
        found.append("lower is better" if result["lower_is_better"] else "higher is better")
    if result.get("full_reference"):
        found.append("full-reference features")
    train, validation, test = result["parts"][0]
    splits = result["splits"]
    if result.get("split") == "official":
        found.append(f"the published split {train}/{validation}/{test}")
    elif result.get("split") == "cross-set":
        draws = "1 draw" if splits == 1 else f"{splits} draws"
        found.append(f"fitted to {result['train_ratings']} in {draws} of {train}/{validation}, seed {result['seed']}")
    else:
        found.append(f"{'1 split' if splits == 1 else f'{splits} splits'} 70/10/20, seed {result['seed']}")
    return found


def plain(text: str) -> str:
    """Text on one line: control characters and bytes of a file name that are not UTF-8 are written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
