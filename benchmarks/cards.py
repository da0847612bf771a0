"""What the cards of models say, side by side as Markdown: the tables of docs/models.md.

    python benchmarks/cards.py [MODEL...] [--into docs/models.md]

MODEL is a folder or the name of a shipped model (default: all that ship); judge.py --write-card fills their cards. With
--into the tables replace what stands between the two marks of that file.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contrique.card import ENCODER_WEIGHTS, REGRESSOR, read_card
from contrique.model import MODELS, model_folder

MARKS = ("<!-- tables: benchmarks/cards.py -->", "<!-- end of tables -->")
Cards = dict[str, dict[str, Any]]


def lines(title: str, heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A title and a table; nothing where it has no rows."""
    if rows:
        yield from (f"### {title}", "", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}")
        yield from (f"| {' | '.join(row)} |" for row in rows)
        yield ""


def span(row: dict[str, Any] | None, name: str, form: str) -> str:
    """A number with its ends in brackets."""
    if row is None or row.get(name) is None:
        return "–"
    middle, low, high = (f"{row[name + end]:{form}}".replace("-", "−") for end in ("", "_low", "_high"))
    return f"{middle} [{low}, {high}]"


def what(cards: Cards) -> Iterator[str]:
    """What each model is."""
    rows = []
    for name, card in cards.items():
        size = sum(file.stat().st_size for file in model_folder(name).iterdir()) / 1e6
        speed, scales = card.get("speed") or {}, card["preprocessing"].get("scales", 2)
        times = f"{speed['ms']:.0f} ms, {speed['times']:.1f} in one ResNet-50" if "times" in speed else "–"
        rated = card["regressor"]["ratings"] if REGRESSOR in card["files"] else "–"
        scales = scales if isinstance(scales, int) else len(scales)
        about = (
            f"{card['encoder']['name']}, {card['encoder']['features']}, {scales * card['encoder']['dim']:,} features"
        )
        rows.append([name, card["name"], about, f"{size:.1f} MB", times, str(rated), card["licence"]])
    yield from lines("What ships", ["", "name", "encoder", "size", "512×384", "scale", "licence"], rows)


def agreement(cards: Cards) -> Iterator[str]:
    """Every set and way of measuring, a column for each model: SROCC, and PLCC below it."""
    found = {name: (card.get("agreement") or {}).get("measured", []) for name, card in cards.items()}
    keys = list(dict.fromkeys((row["set"], row["how"], row["images"]) for some in found.values() for row in some))
    for measure in ("srocc", "plcc"):
        rows = []
        for key in keys:
            of = {name: {(r["set"], r["how"], r["images"]): r for r in some}.get(key) for name, some in found.items()}
            rows.append([key[0], key[1], str(key[2]), *(span(of[name], measure, ".3f") for name in cards)])
        yield from lines(f"Agreement: {measure.upper()}", ["set", "how", "images", *cards], rows)


def robustness(cards: Cards) -> Iterator[str]:
    """Shifts of scores, a column for each model."""
    found = {name: card["robustness"] for name, card in cards.items() if "robustness" in card}
    changes = dict.fromkeys(row["change"] for one in found.values() for row in one["shifts"])
    rows = []
    for change in changes:
        cells = []
        for one in found.values():
            (row,) = (row for row in one["shifts"] if row["change"] == change)
            shift = f"{row['median']:.1f} / {row['p95']:.1f} / {row['bias']:+.1f}".replace("-", "−")
            cells.append(f"{shift} ({row['share']:.0%})")
        rows.append([change, *cells])
    yield from lines("Robustness", ["change", *found], rows)


def bias(cards: Cards) -> Iterator[str]:
    """Errors by category, a column for each model that was measured on the same images."""
    found = {name: card["bias"] for name, card in cards.items() if "bias" in card}
    for images in dict.fromkeys((one["ratings"], one["protocol"], one["images"]) for one in found.values()):
        same = {n: one for n, one in found.items() if (one["ratings"], one["protocol"], one["images"]) == images}
        tables = {n: {(row["property"], row["category"]): row for row in one["by"]} for n, one in same.items()}
        rows = []
        for key, first in next(iter(tables.values())).items():
            cells = [key[0], key[1], str(first["images"]), f"{first['rated']:.0f}"]
            for table in tables.values():
                row = table.get(key)
                star = "*" if row and row["biased"] else ""
                cells.append(f"{span(row, 'error', '+.1f')}{star}; {span(row, 'srocc', '.2f')}")
            rows.append(cells)
        title = f"Bias: {images[0]}, {images[2]} images, {images[1]}"
        yield from lines(title, ["", "category", "images", "mean rating", *tables], rows)


def failures(cards: Cards) -> Iterator[str]:
    """The largest errors, a row for each model and direction."""
    rows = []
    for name, card in cards.items():
        for kind in ("overrated", "underrated") if "failures" in card else ():
            images = [f"{one['name']} ({one['rated']:.2f} → {one['predicted']:.2f})" for one in card["failures"][kind]]
            rows.append([name, kind, ", ".join(images)])
    yield from lines("Largest errors", ["", "", "image (rated → predicted)"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--into", type=Path)
    args = parser.parse_args()
    names = args.models or [name for name in MODELS if (model_folder(name) / ENCODER_WEIGHTS).exists()]
    cards = {name: read_card(model_folder(name)) for name in names}
    text = "\n".join(line for part in (what, agreement, robustness, failures, bias) for line in part(cards))
    if args.into is None:
        print(text)
        return
    page = args.into.read_text(encoding="utf-8")
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    if not after:
        raise SystemExit(f"{args.into}: expected the marks {MARKS[0]} and {MARKS[1]}")
    args.into.write_text(f"{before}{MARKS[0]}\n\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
