"""The demo: scores the photographs beside this file, prints a table and draws demo/output/ranking.png.

Needs the base install of contrique only, and no network: ``make demo``, or ``python demo/run.py``.
"""

import csv
import sys
import textwrap
from pathlib import Path
from typing import Any

from picture import Entry, draw

import contrique

HERE = Path(__file__).parent
PHOTOGRAPHS = HERE / "photographs"
PICTURE = HERE / "output" / "ranking.png"


def scored_photographs(model: Any) -> list[Entry]:
    """Every photograph of photographs.csv with its score, best first."""
    with (PHOTOGRAPHS / "photographs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    scores = model.score([PHOTOGRAPHS / row["file"] for row in rows])
    entries = []
    for row, score in zip(rows, scores, strict=True):
        if score.error is not None:
            raise SystemExit(f"{row['file']}: {score.error}")
        name = Path(row["file"]).stem.replace("-", " ")
        entries.append(Entry(PHOTOGRAPHS / row["file"], name, row["done"], score.value, score.low, score.high))
    return sorted(entries, key=lambda entry: -entry.value)


def table_lines(entries: list[Entry]) -> list[str]:
    """The table: place, score, interval, file, what was done to the photograph."""
    width = max(len(entry.path.name) for entry in entries)
    lines = [f"{'':>4}{'score':>6}   {'interval':^14}   {'photograph':<{width}}   what was done to it"]
    for place, entry in enumerate(entries, 1):
        interval = f"{entry.low:5.1f} to {entry.high:5.1f}"
        lines.append(f"{place:>3}.{entry.value:>6.1f}   {interval}   {entry.path.name:<{width}}   {entry.done}")
    return lines


def meaning(card: dict[str, Any]) -> str:
    """What the numbers of the table mean, by the model's card."""
    interval = card["regressor"]["interval"]
    paragraphs = (
        "Score: 0 to 100, higher is better: how good the photograph would look to people.",
        f"Interval: made to hold people's mean opinion for {interval['level']:.0%} of photographs; on rated ones that "
        f"took no part in the fit it held {interval['coverage']:.0%}. Where two intervals overlap much, the order of "
        "the two photographs is a guess. `contrique info` tells what the model learned from.",
    )
    return "\n".join(textwrap.fill(paragraph, width=100) for paragraph in paragraphs)


def main() -> None:
    """Score, print, draw."""
    model = contrique.load()
    print(f"Scoring the photographs of {PHOTOGRAPHS.name}/ with the model {model.name} ...\n", file=sys.stderr)
    entries = scored_photographs(model)
    print("\n".join([*table_lines(entries), "", meaning(model.card), ""]))
    level = model.card["regressor"]["interval"]["level"]
    PICTURE.parent.mkdir(exist_ok=True)
    title = f"{len(entries)} photographs, from the best score to the worst"
    bar = f"The pale bar is the interval, made to hold people’s mean opinion in {level:.0%} of cases."
    draw(entries, title, f"0 to 100, higher is better. {bar}").save(PICTURE)
    print(f"Picture: {PICTURE}")


if __name__ == "__main__":
    main()
