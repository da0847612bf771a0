"""Draws the demo's picture: photographs in order of score, each with its score and interval on an axis from 0 to 100.

Pillow is all it needs. Everything is laid out in pixels of the finished picture and drawn at ``SHARP`` times that
size, because Pillow draws text smoothly but not the edges of shapes; the last step shrinks the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Colour = str | tuple[int, int, int]

SHARP = 2
COLUMNS = 4
MARGIN, GAP = 48, 32
CARD_WIDTH, PHOTO_HEIGHT, CARD_HEIGHT = 420, 280, 424
HEAD_HEIGHT = 134

PAPER, CARD, FRAME, TRACK = "#f4f3ef", "#ffffff", "#e9e7e1", "#e4e2dc"
INK, QUIET = "#1d1d1b", "#6d6b66"
SCALE = ((0, (178, 42, 52)), (35, (214, 98, 36)), (55, (204, 146, 20)), (75, (92, 152, 62)), (100, (16, 112, 86)))
"""Colour by score: red, orange, yellow, green, deep green."""


@dataclass(frozen=True)
class Entry:
    """One card of the picture: a photograph, its name and what was done to it, its score and interval on 0–100."""

    path: Path
    name: str
    done: str
    value: float
    low: float
    high: float


def colour_of(score: float) -> tuple[int, int, int]:
    """The colour that stands for a score on 0–100."""
    score = min(max(score, SCALE[0][0]), SCALE[-1][0])
    for (below, start), (above, end) in pairwise(SCALE):
        if score <= above:
            part = (score - below) / (above - below)
            red, green, blue = (round(a + part * (b - a)) for a, b in zip(start, end, strict=True))
            return red, green, blue
    raise ValueError(f"a score from 0 to 100 was expected, not {score}")


def draw(entries: Sequence[Entry], title: str, subtitle: str) -> Image.Image:
    """Draw the picture.

    Args:
        entries: the photographs in the order in which they are to stand.
        title: one line at the top.
        subtitle: one line below it.

    Returns:
        An RGB image; its height depends on the number of photographs.
    """
    rows = -(-len(entries) // COLUMNS)
    width = 2 * MARGIN + COLUMNS * CARD_WIDTH + (COLUMNS - 1) * GAP
    height = MARGIN + HEAD_HEIGHT + rows * (CARD_HEIGHT + GAP) - GAP + MARGIN
    page = _Page(width, height)
    page.text((MARGIN, MARGIN - 10), title, 44)
    page.text((MARGIN, MARGIN + 56), subtitle, 23, QUIET)
    for place, entry in enumerate(entries):
        row, column = divmod(place, COLUMNS)
        left = MARGIN + column * (CARD_WIDTH + GAP)
        top = MARGIN + HEAD_HEIGHT + row * (CARD_HEIGHT + GAP)
        _draw_card(page, left, top, place + 1, entry)
    return page.image.resize((width, height), Image.Resampling.LANCZOS)


def _draw_card(page: "_Page", left: int, top: int, place: int, entry: Entry) -> None:
    colour = colour_of(entry.value)
    page.box((left, top, left + CARD_WIDTH, top + CARD_HEIGHT), CARD, radius=14)
    page.photograph(entry.path, (left, top, left + CARD_WIDTH, top + PHOTO_HEIGHT))
    inner, right = left + 20, left + CARD_WIDTH - 20
    page.text((inner, top + PHOTO_HEIGHT + 18), f"{place}  {entry.name}", 25)
    page.text((inner, top + PHOTO_HEIGHT + 52), entry.done, 19, QUIET)
    page.text((right, top + PHOTO_HEIGHT + 12), f"{entry.value:.0f}", 50, colour, anchor="ra")

    start, end = inner + 18, right - 34
    middle = top + CARD_HEIGHT - 46
    page.text((inner, middle), "0", 16, QUIET, anchor="lm")
    page.text((right, middle), "100", 16, QUIET, anchor="rm")
    page.box((start, middle - 4, end, middle + 4), TRACK, radius=4)
    at_low, at_value, at_high = (start + x / 100 * (end - start) for x in (entry.low, entry.value, entry.high))
    red, green, blue = ((c + 255) // 2 for c in colour)
    page.box((at_low, middle - 6, at_high, middle + 6), (red, green, blue), radius=6)
    page.box((at_value - 10, middle - 10, at_value + 10, middle + 10), colour, radius=10)
    words_at = min(max((at_low + at_high) / 2, start + 28), end - 28)
    page.text((words_at, middle + 14), f"{entry.low:.0f} to {entry.high:.0f}", 17, QUIET, anchor="ma")


class _Page:
    """A page measured in pixels of the finished picture."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * SHARP, height * SHARP), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def text(self, place: tuple[float, float], words: str, size: int, fill: Colour = INK, anchor: str = "la") -> None:
        font = ImageFont.load_default(size * SHARP)
        self.pen.text((place[0] * SHARP, place[1] * SHARP), words, fill=fill, font=font, anchor=anchor)

    def box(self, corners: tuple[float, float, float, float], fill: Colour, radius: int) -> None:
        self.pen.rounded_rectangle(tuple(x * SHARP for x in corners), radius * SHARP, fill)

    def photograph(self, path: Path, corners: tuple[int, int, int, int]) -> None:
        """Show the whole photograph, centred, on a quiet ground whose upper corners are those of the card."""
        left, top, right, bottom = (x * SHARP for x in corners)
        frame = Image.new("RGB", (right - left, bottom - top), FRAME)
        with Image.open(path) as photograph:
            scale = min(frame.width / photograph.width, frame.height / photograph.height)
            size = (round(photograph.width * scale), round(photograph.height * scale))
            shown = photograph.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        frame.paste(shown, ((frame.width - shown.width) // 2, (frame.height - shown.height) // 2))
        mask = Image.new("L", frame.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, frame.width - 1, frame.height - 1), 14 * SHARP, 255, corners=(True, True, False, False)
        )
        self.image.paste(frame, (left, top), mask)
