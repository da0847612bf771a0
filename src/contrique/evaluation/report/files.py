"""Results as files: JSON with every number, read back with care, and reports written in one step over older ones."""

import json
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contrique.errors import ContriqueError
from contrique.evaluation.report.cells import HEADINGS
from contrique.evaluation.report.latex import to_latex
from contrique.evaluation.report.long_csv import to_csv
from contrique.evaluation.report.page import to_html
from contrique.evaluation.report.worst import Pictures

FORMAT = 2
"""Of results that hold predictions; earlier ones cannot be drawn or tested."""

NUMBERS = re.compile(r"\[\n([-+.,\s\deEnul]+)\n *\]")
"""A list of numbers over several lines; in JSON no text holds a line's end."""

SUMMARY = ("median", "low", "high")


def to_json(result: dict[str, Any] | Sequence[dict[str, Any]]) -> str:
    """One whole result, or a list of several, as JSON; a number without an answer is null."""
    text = json.dumps(_no_nan(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text = NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # bytes of paths that are not UTF-8: \udcNN


def write_json(result: dict[str, Any] | Sequence[dict[str, Any]], file: str | os.PathLike[str]) -> None:
    """Write ``to_json`` to a file, in one step over an older one."""
    write_text(to_json(result), file)


def write_reports(
    results: Sequence[dict[str, Any]],
    *,
    csv: str | None = None,
    latex: str | None = None,
    html: str | None = None,
    pictures: Pictures | None = None,
) -> None:
    """Write results in the forms that have a file named; ``-`` is standard output.

    Args:
        results: what ``contrique.evaluation.table.measure`` gives.
        csv: the file of ``to_csv``, or None.
        latex: of ``to_latex``.
        html: of ``to_html``.
        pictures: where images lie, for the page.

    Raises:
        OSError: a file cannot be written.
        MissingExtra: SciPy is not installed.
    """
    for file, form in ((csv, to_csv), (latex, to_latex), (html, lambda some: to_html(some, pictures))):
        if file == "-":
            sys.stdout.write(form(results))
        elif file is not None:
            write_text(form(results), file)


def write_text(text: str, file: str | os.PathLike[str]) -> None:
    """Write UTF-8, in one step over an older file."""
    path = Path(file)
    if path.exists() and not path.is_file():  # a pipe or a device can only be written to
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_results(file: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Read what ``contrique evaluate --json`` wrote; null numbers become nan again, significance is left out.

    Raises:
        ContriqueError: no such file, no JSON, no result, or one whose parts do not fit together.
    """
    path = Path(file)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContriqueError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ContriqueError(f"{path}: not JSON") from None
    results = found if isinstance(found, list) and found else [found]
    for result in results:
        if not isinstance(result, dict) or "methods" not in result:
            raise ContriqueError(f"{path}: not a result of contrique evaluate --json")
        if result.get("format") != FORMAT:
            made = result.get("format", "an older version")
            raise ContriqueError(f"{path}: a result of format {made}, not {FORMAT}: run contrique evaluate again")
        try:
            _check(result)
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise ContriqueError(f"{path}: a damaged result ({type(error).__name__}: {error})") from None
    return results


def _check(result: dict[str, Any]) -> None:
    """Raise one of several errors where a report would later fail; put nan for null."""
    scores, tests = result["scores"], result["tests"]
    texts = (result["ratings"], result["protocol"], result.get("dataset") or "", result.get("train_ratings") or "")
    _expect(all(isinstance(text, str) for text in texts), "a name is no text")
    _expect(all(math.isfinite(score) for score in scores), "a rating is no number")
    numbers = result["images"], result["groups"], result["seed"], result["splits"]
    _expect(all(isinstance(number, int) for number in numbers) and result["splits"] >= 1, "a count is no number")
    for name in ("groups_of", "names"):
        _expect(len(result.get(name, scores)) == len(scores), f"{name} for other images than scores")
    _expect(len(tests) == len(result["parts"]) == result["splits"], "another number of splits")
    for test, parts in zip(tests, result["parts"], strict=True):
        _expect(len(test) > 0 and all(0 <= at < len(scores) for at in test), "a test image that is none")
        _expect(len(parts) == 3 and parts[2] == len(test) and parts[0] + parts[1] > 0, "parts of another size")
    names = [row["method"] for row in result["methods"]]
    _expect(bool(names) and all(isinstance(name, str) for name in names), "no methods")
    _expect(len(set(names)) == len(names), "a method twice")
    for row in result["methods"]:
        for measure in HEADINGS:
            summary = row[measure]
            summary.update({key: _number(summary[key]) for key in SUMMARY})
            summary["splits"] = [_number(value) for value in summary["splits"]]
            _expect(len(summary["splits"]) == len(tests), f"{measure} of other splits")
        for predictions, test in zip(row["predictions"], tests, strict=True):
            _expect(len(predictions) == len(test), "predictions for other images")
            _expect(all(math.isfinite(value) for value in predictions), "a prediction that is no number")
    result.pop("significance", None)  # it follows from the rest
    _expect(all({"path", "error"} <= set(one) for one in result.get("left_out", [])), "left_out without reasons")
    _expect(isinstance(result.get("versions", {}), dict), "versions are no mapping")


def _expect(true: bool, message: str) -> None:
    if not true:
        raise ValueError(message)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _no_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _no_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_no_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
