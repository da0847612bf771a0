"""``contrique info``: what a model or a method is, what it learned from, and how well it agrees with people."""

import argparse
from collections.abc import Iterator
from typing import Any

from contrique.baselines import METHODS, load_baseline

SUMMARY = "Print what a model or a method is, and how well it agrees."

WIDTH = 150
"""Longest line of a table."""

SPAN = ("_low", "_high")

EPILOG = """\
examples:
  contrique info                     the model that is shipped
  contrique info accurate            the larger one
  contrique info runs/mine
  contrique info --method niqe
  contrique info --method hosa --parameters ../official
  contrique info --json | jq .agreement
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model folder, or the name of a shipped model")
    parser.add_argument("--method", choices=("contrique", *METHODS), default="contrique", help="another method's card")
    parser.add_argument(
        "--parameters", metavar="DIR", help="that method's official files, or a folder of its parameters (as for score)"
    )
    parser.add_argument("--json", action="store_true", help="print the card as it is stored")


def run(args: argparse.Namespace) -> int:
    """Print one card.

    Raises:
        ContriqueError: a folder is missing, damaged, or something else.
    """
    import json

    if args.method == "contrique" and args.parameters is not None:
        args.parser.error("--parameters is for --method; a model of contrique is named as it is")
    if args.method != "contrique" and args.model is not None:
        args.parser.error(f"MODEL is for contrique; {args.method} takes --parameters")
    card = _model_card(args.model) if args.method == "contrique" else load_baseline(args.method, args.parameters).card
    print(json.dumps(card, indent=2, ensure_ascii=False) if args.json else "\n".join(card_lines(card)))
    return 0


def _model_card(folder: str | None) -> dict[str, Any]:
    from contrique.card import check_files, read_card
    from contrique.model import model_folder

    path = model_folder(folder)
    card = read_card(path)
    check_files(path, card)
    return card


def card_lines(card: dict[str, Any]) -> Iterator[str]:
    """The card for people: a headline, what a score means, then every entry under its section.

    Args:
        card: the card of a model or of a method; entries it does not have are left out.

    Yields:
        Lines without their ends.
    """
    yield " ".join(str(card[key]) for key in ("name", "version") if key in card)
    yield ""
    about = card.get("regressor") or card.get("raw") or {}
    interval = about.get("interval") or {}
    if not about and "method" in card:
        yield "Parameters without a regressor: they give features, not scores (see `contrique evaluate`)."
    elif not about:
        yield "An encoder without a regressor: it gives features, not scores (see `contrique fit`)."
    else:
        yield "Scores go from 0 to 100; higher is better."
        if about.get("full_reference"):
            yield "An image is scored against its undistorted reference."
        if not interval:
            yield "There is no interval: nobody measured one."
    if "level" in interval and "coverage" in interval:
        yield (
            f"Intervals are made to hold people's opinion {interval['level']:.0%} of the time; "
            f"on photographs held out of the fit they did {interval['coverage']:.1%} of the time."
        )
    held = (card.get("probe") or {}).get("held_out") or {}
    if "kind" in held and "level_within_1" in held:
        yield (
            "It tells distortions: on photographs held out of the probe, the most likely one is right for "
            f"{held['kind']:.0%} of views, and its level within one for {held['level_within_1']:.0%}."
        )
    sections = {key: value for key, value in card.items() if isinstance(value, dict)}
    plain = {key: value for key, value in card.items() if key not in sections and key not in ("name", "version")}
    for title, section in [("", plain), *sections.items()]:
        tables = {name: value for name, value in section.items() if _is_table(value)}
        rows = list(_flat({name: value for name, value in section.items() if name not in tables}))
        if not rows and not tables:
            continue
        yield ""
        if title:
            yield title
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            yield f"  {name:<{width}}  {value}"
        for name, table in tables.items():
            yield f"  {name}"
            yield from (f"    {line}" for line in _aligned(table))


def _flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            for number, one in enumerate(value, start=1):
                yield from _flat({str(number): one}, f"{prefix}{name} ")
        elif value is None:
            continue
        else:
            yield prefix + name, _words(value)


def _is_table(value: Any) -> bool:
    """Whether a list is better read as a table: mappings of the same short entries, that fit a line."""
    if not (isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value)):
        return False
    plain = all(one is None or isinstance(one, str | int | float) for row in value for one in row.values())
    return plain and all(row.keys() == value[0].keys() for row in value) and max(map(len, _aligned(value))) <= WIDTH


def _aligned(rows: list[dict[str, Any]]) -> list[str]:
    """A heading and a line for each mapping; a span ("srocc_low" and "srocc_high") in brackets behind its number."""
    columns = [key for key in rows[0] if not (key.endswith(SPAN) and key.rpartition("_")[0] in rows[0])]
    cells = [[column.replace("_", " ") for column in columns]]
    for row in rows:
        cells.append([_with_span(row, column) for column in columns])
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _with_span(row: dict[str, Any], column: str) -> str:
    if row[column] is None:
        return "–"
    ends = [row.get(column + end) for end in SPAN]
    return _words(row[column]) + ("" if None in ends else f" [{_words(ends[0])}, {_words(ends[1])}]")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
