"""Colours and marks: one a type, one a level, on picture and page alike; legible without full colour sight.

The 25 distortions are seven families, as KADID-10k groups them. A family is a hue, six of those that Okabe and Ito
chose to differ for every kind of colour sight ("Color Universal Design", 2008) and a grey; a member of a family is a
mark and a tint, so no two types differ by colour alone. Undistorted is a star in the colour of text. Levels are steps
of viridis (Smith and van der Walt, 2015), whose lightness alone tells their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contrique.embedding.points import UNDISTORTED
from contrique.learning.distortions import NAMES

FAMILIES: dict[str, tuple[str, ...]] = {
    "blur": NAMES[0:3],
    "colour": NAMES[3:8],
    "compression": NAMES[8:10],
    "noise": NAMES[10:15],
    "brightness": NAMES[15:18],
    "spatial": NAMES[18:23],
    "sharpness, contrast": NAMES[23:25],
}
HUES = ("#0072b2", "#cc79a7", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#6e6e6e")
MARKS = ("circle", "square", "triangle", "diamond", "cross")
TINTS = (0.0, -0.3, 0.3, -0.15, 0.15)
"""Towards black (negative) or white (positive), by member: neighbours in the order differ most."""
OTHER = "#9a9a9a"
STYLES = len(HUES) * len(MARKS)
"""How many types can be told apart: 35; where there are more, the rarest share one grey."""
LEVELS_ON_LIGHT = ("#a5cf4c", "#3fb07b", "#2a858d", "#3b5589", "#440154")
"""Level 1 to 5 on white: from the lightest of viridis that white leaves visible to its darkest."""
LEVELS_ON_DARK = ("#4a5fa5", "#2f86a0", "#29a887", "#86d549", "#fde725")
"""Level 1 to 5 on black: the other way, so that the strongest always stands out."""


@dataclass(frozen=True)
class Style:
    """How the points of a type look.

    Attributes:
        name: the type.
        title: for people: underscores as spaces; "undistorted", "no label", "other".
        number: what stands on the picture: KADID's number for its types, else the place in the legend; "" for others.
        family: its group in the legend.
        colour: ``#rrggbb``, or None for the colour of text.
        mark: one of ``MARKS`` or ``"star"``.
    """

    name: str
    title: str
    number: str
    family: str
    colour: str | None
    mark: str


def styles(types: Sequence[str]) -> dict[str, Style]:
    """A style for every type that occurs.

    Args:
        types: of all points. If all are KADID's names (and undistorted), families give the hues; else the commonest
            types come first and hues change from type to type, then marks.

    Returns:
        Styles by type, in the order of the legend.
    """
    present = set(types)
    if present <= {UNDISTORTED, *NAMES}:
        found = {}
        for hue, (family, members) in zip(HUES, FAMILIES.items(), strict=True):
            for place, name in enumerate(members):
                if name in present:
                    number = str(NAMES.index(name) + 1)
                    colour = tint(hue, TINTS[place])
                    found[name] = Style(name, name.replace("_", " "), number, family, colour, MARKS[place])
        if UNDISTORTED in present:
            found[UNDISTORTED] = Style(UNDISTORTED, UNDISTORTED, "", UNDISTORTED, None, "star")
        return found
    names, counts = np.unique(np.array(types, dtype=object), return_counts=True)
    order = [str(names[i]) for i in np.argsort(-counts, kind="stable")]
    shown = order if len(order) <= STYLES else order[: STYLES - 1]
    found = {}
    for place, name in enumerate(sorted(shown)):
        turn = place // len(HUES)
        colour = tint(HUES[place % len(HUES)], TINTS[turn])
        found[name] = Style(name, name or "no label", str(place + 1), "", colour, MARKS[turn])
    for name in order[len(shown) :]:
        found[name] = Style(name, "other", "", "", OTHER, "circle")
    return found


def tint(colour: str, amount: float) -> str:
    """Mix ``#rrggbb`` with black (amount below 0) or white (above) by a share of 0 to 1."""
    target = 0 if amount < 0 else 255
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (target - part) * abs(amount)):02x}" for part in parts)


def level_scale(levels_N: np.ndarray) -> tuple[float, float] | None:
    """The levels that the ends of the scale of colours stand for: least and largest, or None if no level is known."""
    known = levels_N[np.isfinite(levels_N)]
    return (float(known.min()), float(known.max())) if known.size else None


def level_colours(levels_N: np.ndarray, scale: tuple[float, float], ramp: Sequence[str] = LEVELS_ON_LIGHT) -> list[str]:
    """A colour for each level, by straight lines between the steps of a ramp; grey where it is nan."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in ramp])
    low, high = scale
    share_N = (levels_N - low) / (high - low) if high > low else np.where(np.isfinite(levels_N), 1.0, np.nan)
    out = []
    for share in share_N:
        if np.isnan(share):
            out.append(OTHER)
            continue
        rgb = [np.interp(share * (len(stops) - 1), range(len(stops)), stops[:, channel]) for channel in range(3)]
        out.append("#" + "".join(f"{round(value):02x}" for value in rgb))
    return out
