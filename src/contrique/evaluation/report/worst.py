"""The report's section of largest errors: which images each method over- and underrates most, as small pictures.

Pictures are made when a report is written, of images that lie on this machine, and are part of the page (JPEG in data
URIs); where an image is not known or cannot be read its name stands alone.
"""

import base64
import io
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from contrique.errors import ImageError
from contrique.evaluation.failures import held_out, largest_errors
from contrique.evaluation.report.cells import plain

SIDE = 160
"""Longest side of a picture in pixels."""

QUALITY = 80

TITLES = {"overrated": "Overrated most", "underrated": "Underrated most"}

Pictures = Mapping[str, Mapping[str, str | os.PathLike[str]]]
"""By digest of the ratings (a result's ``digest``): the file of each image by its name there."""


def worst(result: dict[str, Any], pictures: Pictures | None = None) -> str:
    """The section of one result, or nothing where no method has an error of a named image.

    Args:
        result: what ``contrique.evaluation.table.measure`` gives.
        pictures: where images lie, or None.
    """
    names = result.get("names") or []
    if not names:
        return ""
    files = (pictures or {}).get(result.get("digest") or "", {})
    known: dict[str, str] = {}  # a picture that several methods get wrong is made once
    parts, count = [], 0
    for row in result["methods"]:
        places_T, predicted_T = held_out(result, row)
        count = len(places_T)
        rated_T = [result["scores"][at] for at in places_T]
        mine = [names[at] for at in places_T]
        found = largest_errors(mine, predicted_T, rated_T, lower_is_better=bool(result.get("lower_is_better")))
        groups = [_group(TITLES[kind], images, files, known) for kind, images in found.items() if images]
        if groups:
            parts.append(f"<h4>{escape(plain(row['method']))}</h4>{''.join(groups)}")
    if not parts:
        return ""
    note = (
        f"Of {count} images that were in a test part: rating and prediction (the mean over those test parts), in units "
        "of the ratings. A method that was not fitted to these ratings has a scale of its own: the image that is n-th "
        "by its prediction is given the n-th of the ratings."
    )
    return f'<h3>Largest errors</h3><p class="faint">{note}</p>{"".join(parts)}'


def thumbnail(file: str | os.PathLike[str]) -> str | None:
    """An image as a data URI of a JPEG, its longest side at most ``SIDE``; None where it cannot be read."""
    from PIL import Image

    from contrique.images import read_image

    try:
        image = Image.fromarray(read_image(file))
    except ImageError:
        return None
    image.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _group(
    title: str, images: Sequence[dict[str, Any]], files: Mapping[str, str | os.PathLike[str]], known: dict[str, str]
) -> str:
    cells = "".join(f"<li>{_picture(one['name'], files, known)}{_words(one)}</li>" for one in images)
    return f'<h5>{title}</h5><ul class="worst">{cells}</ul>'


def _picture(name: str, files: Mapping[str, str | os.PathLike[str]], known: dict[str, str]) -> str:
    if name not in files:
        return ""
    if name not in known:
        found = thumbnail(files[name])
        known[name] = "" if found is None else f'<img src="{found}" alt="">'
    return known[name]


def _words(one: dict[str, Any]) -> str:
    numbers = f"<span>rated {one['rated']:.3g}</span><span>predicted {one['predicted']:.3g}</span>"
    return f"<b>{escape(plain(str(one['name'])))}</b>{numbers.replace('-', '−')}"
