"""What an evaluation found, as a table for people and as JSON for machines."""

import json
import math
import os
from pathlib import Path
from typing import Any

HEADINGS = {
    "srocc": "SROCC",
    "plcc": "PLCC",
    "plcc_logistic": "PLCC logistic",
    "krocc": "KROCC",
    "rmse": "RMSE",
}


def text_table(result: dict[str, Any]) -> str:
    """Medians and, in brackets, low and high over the splits, one row a method.

    Args:
        result: what ``contrique.evaluation.protocol.compare`` gives.

    Returns:
        Lines of text, the last without an end.
    """
    cells = [["method", *HEADINGS.values()]]
    for row in result["methods"]:
        cells.append([row["method"], *(_cell(row[measure], measure) for measure in HEADINGS)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [": ".join(part for part in (result["ratings"], _about(result)) if part), ""]
    for row in cells:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("   ".join([first, *rest]).rstrip())
    lines += ["", "Median over the splits [10th to 90th percentile]. Positive correlations are good."]
    lines += ["PLCC is plain; PLCC logistic and RMSE (in units of the ratings) are after the 5-parameter logistic."]
    return "\n".join(lines)


def to_json(result: dict[str, Any]) -> str:
    """The whole result as JSON; a number without an answer is null."""
    return json.dumps(_no_nan(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(result: dict[str, Any], file: str | os.PathLike[str]) -> None:
    """Write ``to_json`` to a file, in one step over an older one."""
    path = Path(file)
    if path.exists() and not path.is_file():  # a pipe or a device can only be written to
        path.write_text(to_json(result), encoding="utf-8")
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(to_json(result), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _about(result: dict[str, Any]) -> str:
    parts = [f"{result['images']} images in {result['groups']} groups"]
    if result.get("grouped_by"):
        parts[0] += f" by {result['grouped_by']}"
    if result.get("lower_is_better") is not None:
        parts.append("lower is better" if result["lower_is_better"] else "higher is better")
    if result.get("full_reference"):
        parts.append("full-reference features")
    parts.append(f"{result['splits']} splits 70/10/20, seed {result['seed']}")
    return ", ".join(parts)


def _cell(summary: dict[str, Any], measure: str) -> str:
    median, low, high = (summary[key] for key in ("median", "low", "high"))
    if math.isnan(median):
        return "–"
    form = ".4g" if measure == "rmse" else ".3f"
    return f"{median:{form}} [{low:{form}}, {high:{form}}]"


def _no_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _no_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_no_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
