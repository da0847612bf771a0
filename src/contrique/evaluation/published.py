"""SROCC as published, to stand beside what was measured here: ``published.json``, each row with its source.

Only for sets known by name (``--dataset``), tested within the set, and for a row called like the published method. That
number was measured by its authors' own splits, so it tells whether ours is of the right size, not which is better.
"""

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("published.json")


@functools.cache
def table() -> dict[str, Any]:
    """The whole file: ``measure``, ``protocol``, ``sources`` and ``rows``."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def published(method: str, result: dict[str, Any]) -> float | None:
    """Published SROCC of a method on the set of a result, or None.

    Args:
        method: as the result's row is called.
        result: what ``contrique evaluate`` gives.
    """
    row = _row(method, result)
    return None if row is None else row.get(result["dataset"])


def sources(result: dict[str, Any]) -> list[str]:
    """Where the published numbers beside a result are from, in words; empty where there are none."""
    rows = [(one["method"], _row(one["method"], result) or {}) for one in result["methods"]]
    rows = [(method, row) for method, row in rows if result.get("dataset") in row]
    found = [f"{table()['sources'][row['source']]}; {table()['protocol']}" for _, row in rows]
    notes = [(method, row.get("notes", {}).get(result["dataset"])) for method, row in rows]
    found += [f"{method}: {note}" for method, note in notes if note]
    return list(dict.fromkeys(found))


def _row(method: str, result: dict[str, Any]) -> dict[str, Any] | None:
    if not result.get("dataset") or result.get("split") == "cross-set":
        return None
    full_reference = bool(result.get("full_reference"))
    rows = table()["rows"]
    return next((r for r in rows if (r["method"], r.get("full_reference", False)) == (method, full_reference)), None)
