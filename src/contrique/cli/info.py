"""``contrique info``: what a model is, what it learned from, and how well it agrees with people."""

import argparse
from collections.abc import Iterator
from typing import Any

SUMMARY = "Print what a model is, and how well it agrees."

EPILOG = """\
examples:
  contrique info                     the model that is shipped
  contrique info runs/mine
  contrique info --json | jq .agreement
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model folder (default: the model that is shipped)")
    parser.add_argument("--json", action="store_true", help="print the card as it is stored")


def run(args: argparse.Namespace) -> int:
    """Print one card."""
    import json
    from pathlib import Path

    from contrique.card import check_files, read_card
    from contrique.model import SHIPPED

    folder = SHIPPED if args.model is None else Path(args.model)
    card = read_card(folder)
    check_files(folder, card)
    print(json.dumps(card, indent=2, ensure_ascii=False) if args.json else "\n".join(card_lines(card)))
    return 0


def card_lines(card: dict[str, Any]) -> Iterator[str]:
    """The card for people: a headline, what a score means, then every entry under its section.

    Args:
        card: the card of a model; entries it does not have are left out.

    Yields:
        Lines without their ends.
    """
    yield " ".join(str(card[key]) for key in ("name", "version") if key in card)
    yield ""
    interval = (card.get("regressor") or {}).get("interval") or {}
    if not card.get("regressor"):
        yield "An encoder without a regressor: it gives features, not scores (see `contrique fit`)."
    else:
        yield "Scores go from 0 to 100; higher is better."
    if "level" in interval and "coverage" in interval:
        yield (
            f"Intervals are made to hold people's opinion {interval['level']:.0%} of the time; "
            f"on photographs held out of the fit they did {interval['coverage']:.1%} of the time."
        )
    sections = {key: value for key, value in card.items() if isinstance(value, dict)}
    plain = {key: value for key, value in card.items() if key not in sections and key not in ("name", "version")}
    for title, section in [("", plain), *sections.items()]:
        rows = list(_flat(section))
        if not rows:
            continue
        yield ""
        if title:
            yield title
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            yield f"  {name:<{width}}  {value}"


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


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
