"""The picture: the points twice, coloured by type and by level, as a PNG.

Numbers stand where a type is densest, and the legend says which type each is, so that nobody has to tell 25 colours
apart.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.embedding.layout import label_places
from contrique.embedding.palette import LEVELS_ON_LIGHT, Style, level_colours, level_scale, styles

if TYPE_CHECKING:
    from contrique.embedding.points import Points

INK = "#1b1b1b"
FAINT = "#5f5f5f"
_MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "P", "star": "*"}
_AREA = {"circle": 1.0, "square": 0.85, "triangle": 1.1, "diamond": 0.7, "cross": 1.2, "star": 2.6}
_LEGEND_ROWS = 5


def draw(points: "Points", places_N2: np.ndarray, file: Path, *, title: str, caption: str) -> None:
    """Draw the picture and write it as a PNG.

    Args:
        points: what is drawn; with no level anywhere, only the panel of types.
        places_N2: where.
        file: the PNG.
        title: the line above.
        caption: the lines below: numbers, and how the picture was made.

    Raises:
        OSError: the file cannot be written.
    """
    import matplotlib
    from matplotlib.figure import Figure

    chosen = styles(points.types)
    scale = level_scale(points.levels)
    legend = _legend(chosen)
    with matplotlib.rc_context({"text.parse_math": False, "font.size": 11}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a label in a script that the font lacks is drawn as boxes
        figure = Figure(figsize=(15 if scale else 9.5, 9.8), facecolor="white")
        top, bottom = 0.9, 0.25
        left = figure.add_axes((0.015, bottom, 0.48 if scale else 0.97, top - bottom))
        _scatter_types(left, points, places_N2, chosen)
        left.set_title(f"by type ({len(chosen)})", color=INK, fontsize=13, loc="left")
        if scale:
            right = figure.add_axes((0.505, bottom, 0.48, top - bottom))
            _scatter_levels(right, points, places_N2, scale)
            right.set_title(f"by {points.level_name or 'level'}", color=INK, fontsize=13, loc="left")
            _key(figure, scale, points.levels)
        figure.text(0.015, 0.955, title, color=INK, fontsize=16, fontweight="bold")
        widths = [max(len(family), *(len(_words(style)) for style in members)) + 5 for family, members in legend]
        x, step = 0.02, 0.97 / max(sum(widths), 100 if scale else 60)
        for (family, members), width in zip(legend, widths, strict=True):
            _column(figure, x, 0.19 / figure.get_figwidth(), family, members)
            x += width * step
        figure.text(0.015, 0.012, caption, color=FAINT, fontsize=10.5, linespacing=1.4)
        figure.savefig(file, dpi=110)


def _scatter_types(axes: Any, points: "Points", places_N2: np.ndarray, chosen: dict[str, Style]) -> None:
    from matplotlib import patheffects

    _frame(axes, places_N2)
    types = np.array(points.types, dtype=object)
    size = _size(len(places_N2))
    for style in chosen.values():
        x, y = places_N2[types == style.name].T
        area = size * _AREA[style.mark]
        axes.scatter(x, y, area, style.colour or INK, _MARKERS[style.mark], linewidths=0.25, edgecolors="white")
    for name, (x, y) in label_places(points.types, places_N2).items():
        if chosen[name].number:
            text = axes.text(
                x, y, chosen[name].number, color=INK, fontsize=13, fontweight="bold", ha="center", va="center"
            )
            text.set_path_effects([patheffects.withStroke(linewidth=3.5, foreground="white")])


def _scatter_levels(axes: Any, points: "Points", places_N2: np.ndarray, scale: tuple[float, float]) -> None:
    _frame(axes, places_N2)
    known = np.isfinite(points.levels)
    size = _size(len(places_N2))
    unknown = places_N2[~known]
    axes.scatter(unknown[:, 0], unknown[:, 1], size * _AREA["star"], INK, "*", linewidths=0.25, edgecolors="white")
    order = np.random.default_rng(0).permutation(np.flatnonzero(known))  # so that no level lies above the others
    x, y = places_N2[order].T
    axes.scatter(x, y, size, level_colours(points.levels[order], scale), linewidths=0.25, edgecolors="white")


def _size(count: int) -> float:
    """Area of a mark in square points: smaller for more points."""
    return float(np.clip(60_000 / max(1, count), 8, 60))


def _frame(axes: Any, places_N2: np.ndarray) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#c8c8c8")
    low, high = places_N2.min(axis=0), places_N2.max(axis=0)
    reach = max(1e-9, float((high - low).max()) / 2) * 1.05
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - reach, middle[0] + reach)
    axes.set_ylim(middle[1] - reach, middle[1] + reach)


def _legend(chosen: dict[str, Style]) -> list[tuple[str, list[Style]]]:
    """Columns of the legend: one a family, or, where types have none, five types each."""
    shown = [style for style in chosen.values() if style.title != "other"]
    if len(shown) < len(chosen):
        shown.append(next(style for style in chosen.values() if style.title == "other"))
    families = list(dict.fromkeys(style.family for style in shown))
    if families == [""]:
        return [("", shown[at : at + _LEGEND_ROWS]) for at in range(0, len(shown), _LEGEND_ROWS)]
    return [(family, [style for style in shown if style.family == family]) for family in families]


def _words(style: Style) -> str:
    words = f"{style.number} {style.title}".strip()
    return words if len(words) <= 32 else f"{words[:31]}…"


def _column(figure: Any, x: float, indent: float, family: str, members: list[Style]) -> None:
    from matplotlib.lines import Line2D

    top, step = 0.215, 0.0235
    figure.text(x, top, family if family != members[0].name else "", color=INK, fontsize=11, fontweight="bold")
    for row, style in enumerate(members):
        y = top - (row + 1) * step
        mark = Line2D([x + 0.3 * indent], [y + 0.006], marker=_MARKERS[style.mark], color=style.colour or INK)
        mark.set(transform=figure.transFigure, markersize=7 * _AREA[style.mark] ** 0.5)
        figure.add_artist(mark)
        figure.text(x + indent, y, _words(style), color=INK, fontsize=10)


def _key(figure: Any, scale: tuple[float, float], levels_N: np.ndarray) -> None:
    """Which colour is which level: the levels themselves where they are few, else five steps of the scale."""
    values = np.unique(levels_N[np.isfinite(levels_N)])
    if len(values) > 6:
        values = np.linspace(*scale, 5)
    for place, value in enumerate(values):
        x = 0.985 - 0.045 * (len(values) - place)
        colour = level_colours(np.array([value]), scale, LEVELS_ON_LIGHT)[0]
        figure.text(x, 0.908, "●", color=colour, fontsize=14, va="bottom")
        figure.text(x + 0.012, 0.909, f"{value:.3g}", color=INK, fontsize=11, va="bottom")
