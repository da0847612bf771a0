"""The contact sheet: one image, all 25 distortions at all five levels, on one page for the eye."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from contrique.learning.distortions import LEVELS, NAMES, check_image, distort
from contrique.learning.distortions.kadid import TABLE

_GAP = 8
_LABEL_WIDTH = 230
_CAPTION_HEIGHT = 26
_INK = (20, 20, 20)
_FAINT_INK = (110, 110, 110)


def contact_sheet(image_HWC: np.ndarray, *, cell: int = 256, seed: int = 0) -> np.ndarray:
    """Draw one row a type: its number and name, the original, and levels 1 to 5 with the parameter of each.

    The image is shrunk to the cell first and distorted then, so that every pixel shown is one the distortion made.

    Args:
        image_HWC: uint8 RGB.
        cell: longer side of a picture on the page, in pixels, ≥ 64; a smaller image is shown as it is.
        seed: of the random distortions.

    Returns:
        uint8 RGB page, about 7 cells wide and 25 pictures high.

    Raises:
        ContriqueError: the image is not uint8 RGB.
    """
    check_image(image_HWC)
    small = Image.fromarray(image_HWC)
    small.thumbnail((cell, cell), Image.Resampling.LANCZOS)
    picture = np.asarray(small)
    height, width = picture.shape[:2]
    column, row = max(width, 96) + _GAP, max(height, 40) + _CAPTION_HEIGHT + _GAP
    top = 44
    page = Image.new("RGB", (_LABEL_WIDTH + 6 * column + _GAP, top + len(NAMES) * row), "white")
    draw = ImageDraw.Draw(page)
    heading, label, caption = (ImageFont.load_default(size) for size in (22, 20, 15))
    for index, title in enumerate(["original", *(f"level {level}" for level in LEVELS)]):
        draw.text((_LABEL_WIDTH + index * column, 10), title, _INK, heading)
    for number, name in enumerate(NAMES):
        y = top + number * row
        draw.multiline_text((_GAP, y), f"{number + 1}\n" + _wrapped(name), _INK, label, spacing=6)
        page.paste(small, (_LABEL_WIDTH, y))
        for level, amount in zip(LEVELS, TABLE[name].amounts, strict=True):
            x = _LABEL_WIDTH + level * column
            page.paste(Image.fromarray(distort(picture, name, level, seed)), (x, y))
            draw.text((x, y + height + 4), f"{amount:g}", _FAINT_INK, caption)
    return np.array(page)


def _wrapped(name: str) -> str:
    """A name in words, broken into lines of at most 18 characters."""
    lines = [""]
    for word in name.split("_"):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > 18:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
