"""The interactive page: one HTML file with points, thumbnails, style and script, which loads nothing from elsewhere."""

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from contrique.embedding.layout import label_places
from contrique.embedding.palette import LEVELS_ON_DARK, LEVELS_ON_LIGHT, OTHER, styles, tint
from contrique.embedding.points import CONTENTS_FOLDER

if TYPE_CHECKING:
    from contrique.embedding.points import Points

_HERE = Path(__file__).parent


def write_page(
    points: "Points", places_N2: np.ndarray, file: Path, *, title: str, caption: str, level_name: str | None
) -> None:
    """Write the page.

    Args:
        points: what is drawn.
        places_N2: where.
        file: the page; links to images are relative to its folder.
        title: its heading.
        caption: lines below the legend.
        level_name: what levels are, or None.

    Raises:
        OSError: the file cannot be written.
    """
    data = _data(points, places_N2, file.resolve().parent)
    data |= {"title": title, "caption": caption, "levelName": level_name}
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "/*STYLE*/": _read("page.css"),
        "/*DATA*/": text,
        "/*SCRIPT*/": _read("page.js") + _read("legend.js"),
    }
    page = _read("page.html")
    for place, content in parts.items():
        before, _, after = page.partition(place)
        page = before + content + after
    file.write_text(page, encoding="utf-8")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _data(points: "Points", places_N2: np.ndarray, folder: Path) -> dict[str, Any]:
    """What the script reads: one list a property, by position."""
    chosen = styles(points.types)
    numbers = {name: number for number, name in enumerate(chosen)}
    files = {path: number for number, path in enumerate(dict.fromkeys(points.paths))}
    low, high = places_N2.min(axis=0), places_N2.max(axis=0)
    reach = max(1e-9, float((high - low).max()) / 2)
    world_N2 = np.round((places_N2 - (low + high) / 2) / reach, 4)
    spots = label_places(points.types, world_N2)
    contents = sorted(set(points.contents.tolist()))
    return {
        "x": world_N2[:, 0].tolist(),
        "y": world_N2[:, 1].tolist(),
        "order": np.random.default_rng(0).permutation(len(points)).tolist(),  # so that no type lies above the others
        "type": [numbers[name] for name in points.types],
        "level": [None if np.isnan(level) else round(float(level), 6) for level in points.levels],
        "content": points.contents.tolist(),
        "file": [files[path] for path in points.paths],
        "seed": points.seeds,
        "thumbnails": [base64.b64encode(picture).decode() for picture in points.thumbnails],
        "files": [{"name": readable(os.path.basename(path)), "link": link(path, folder)} for path in files],
        "clean": {content: f"{CONTENTS_FOLDER}/{content:03d}.png" for content in contents} if points.distorted else {},
        "types": [
            {
                "name": style.name,
                "title": style.title,
                "long": f"{style.number} {style.name if style.title == 'other' else style.title}".strip(),
                "number": style.number,
                "spot": spots[style.name].round(4).tolist(),
                "family": style.family,
                "colour": style.colour,
                "onDark": style.colour and tint(style.colour, 0.3),
                "mark": style.mark,
            }
            for style in chosen.values()
        ],
        "ramps": {"light": LEVELS_ON_LIGHT, "dark": LEVELS_ON_DARK},
        "other": OTHER,
        "distorted": points.distorted,
    }


def readable(path: str) -> str:
    """A path as text: bytes of a name that are not UTF-8 are written ``\\xNN``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def link(path: str, folder: Path) -> str:
    """The address of a file as seen from a page in ``folder``: relative where there is a way, else ``file:``."""
    whole = os.path.abspath(path)
    try:
        relative = os.path.relpath(whole, folder)
    except ValueError:  # another drive
        return Path(whole).as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
