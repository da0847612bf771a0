"""The picture of a quality map: the photograph in grey, coloured where it looks bad, and a scale below it.

Colours run from yellow over orange and vermilion to a dark red (the first three are Okabe and Ito's, chosen to differ
for every kind of colour sight: "Color Universal Design", 2008), ever darker and ever more opaque, on a photograph
without colours of its own: where they lie and how strong they are shows without telling red from green. The scale is
the same for every picture, so that pictures can be compared.

Shapes: H height, W width of the picture; h, w of the map.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

FULL = 30.0
"""Points of badness that get the strongest colour; more looks the same."""

COLOURS = ((240, 228, 66), (230, 159, 0), (213, 94, 0), (140, 20, 10))
"""From little to ``FULL``."""

OPAQUE = 0.8
"""How much of the strongest colour hides the photograph, 0 to 1; none of a badness of 0 does."""

DARKEST = 80
"""What black becomes, so that the darkest colour shows on it."""

LONGEST = 60_000
"""Most pixels of a side: JPEG holds 65,535. A longer picture is shrunk to it."""

PAPER, INK, GREY = (255, 255, 255), (29, 29, 27), (130, 130, 130)
TEXT = 13
"""Height of the legend's letters in pixels under a picture of up to 800 pixels; grows with larger ones."""

NARROWEST = 18
"""Least width of the whole picture in letters' heights: so wide is the legend."""


def draw(image_HWC: np.ndarray, badness_hw: np.ndarray, score: float) -> np.ndarray:
    """Draw the picture.

    Args:
        image_HWC: the photograph, uint8 RGB.
        badness_hw: points, 0 and above; of any size, stretched over the photograph.
        score: the photograph's, 0 to 100.

    Returns:
        uint8 RGB. The photograph at its own size, upper left, and the legend in a strip below it; a photograph
        narrower than the legend stands on white.
    """
    from PIL import Image

    photograph = Image.fromarray(image_HWC)
    if max(photograph.size) > LONGEST:
        photograph.thumbnail((LONGEST, LONGEST))
    unit = TEXT * max(1.0, min(photograph.width, photograph.height * 1.5) / 800)
    strip = _legend(max(photograph.width, round(NARROWEST * unit)), unit, score)
    page = Image.new("RGB", (strip.width, photograph.height + strip.height), PAPER)
    level = Image.fromarray(np.rint(np.clip(badness_hw / FULL, 0, 1) * 255).astype(np.uint8))
    page.paste(_coloured(photograph, level), (0, 0))
    page.paste(strip, (0, photograph.height))
    return np.asarray(page)


def _coloured(photograph: "Image", level: "Image") -> "Image":
    """The photograph in grey under the colours of ``level``, a map of 0 to 255 for no badness to ``FULL``."""
    from PIL import Image

    level = level.resize(photograph.size, Image.Resampling.BICUBIC)
    red, green, blue, alpha = (level.point(list(table)) for table in _tables())
    grey = photograph.convert("L").point([round(DARKEST + (1 - DARKEST / 255) * value) for value in range(256)])
    return Image.composite(Image.merge("RGB", (red, green, blue)), grey.convert("RGB"), alpha)


def _tables() -> np.ndarray:
    """For 256 levels: red, green, blue and how opaque, each 0 to 255: (4, 256)."""
    share = np.linspace(0, 1, 256)
    at = np.linspace(0, 1, len(COLOURS))
    colours = [np.interp(share, at, [colour[channel] for colour in COLOURS]) for channel in range(3)]
    return np.rint([*colours, 255 * OPAQUE * share]).astype(int)


def _legend(width: int, unit: float, score: float) -> "Image":
    """A strip of this width: the score, what the colours mean, and their scale. ``unit`` is the height of a letter."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(unit)
    gap, line = round(unit * 0.8), round(unit * 1.5)
    length, thick = round((NARROWEST - 1.6) * unit), round(unit * 0.7)
    strip = Image.new("RGB", (width, 2 * gap + 3 * line + thick), PAPER)
    pen = ImageDraw.Draw(strip)
    pen.text((gap, gap), f"Score {score:.0f} of 100", fill=INK, font=font)
    pen.text((gap, gap + line), "Points below the image's median", fill=INK, font=font)
    top = gap + 2 * line
    ramp = Image.fromarray(np.tile(np.linspace(0, 255, length).astype(np.uint8), (thick, 1)))
    strip.paste(_coloured(Image.new("RGB", ramp.size, GREY), ramp), (gap, top))
    for step, anchor in enumerate(("la", "ma", "ma", "ra")):
        words = f"{FULL * step / 3:.0f}" + ("+" if step == 3 else "")
        pen.text((gap + length * step / 3, top + thick + unit * 0.2), words, fill=INK, font=font, anchor=anchor)
    return strip
