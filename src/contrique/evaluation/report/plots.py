"""Pictures of the HTML report as inline SVG: predictions against ratings, and SROCC over the splits.

Colours come from the page's style by class, so that pictures follow light and dark. Nothing here needs a script: a
point tells its image as a tooltip.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from contrique.evaluation.correlation import fit_logistic, logistic
from contrique.evaluation.report.cells import number, plain

WIDTH, HEIGHT = 340, 270
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 8, 42
"""A scatter plot and its margins, in its own units (about pixels)."""

MOST_POINTS = 2000
"""Of more images so many are drawn, chosen at random; the curve is fitted to all."""


FEW_POINTS = 200
"""Of fewer images points are drawn stronger."""


def typical_split(result: dict[str, Any]) -> int:
    """The split whose SROCCs are nearest to the methods' medians, by the sum of absolute differences."""
    srocc_KS = np.array([row["srocc"]["splits"] for row in result["methods"]], dtype=np.float64)
    medians_K = np.array([row["srocc"]["median"] for row in result["methods"]], dtype=np.float64)
    return int(np.argmin(np.nansum(np.abs(srocc_KS - medians_K[:, None]), axis=0)))


def scatter(x_N: np.ndarray, y_N: np.ndarray, names: Sequence[str], *, what: str, x_label: str, y_label: str) -> str:
    """Predictions x against ratings y with the 5-parameter logistic fitted to them.

    Args:
        x_N: predictions, finite.
        y_N: ratings, finite.
        names: of the images, for tooltips; may be empty.
        what: what is seen, for those who do not see it.
        x_label: below the axis of predictions.
        y_label: beside the axis of ratings.

    Returns:
        An ``<svg>``.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    curve_x = np.linspace(x_N.min(), x_N.max(), 81)
    curve_y = logistic(curve_x, fit_logistic(x_N, y_N))
    x_ticks, to_x = _axis(x_N, LEFT, WIDTH - RIGHT)
    y_ticks, to_y = _axis(np.concatenate([y_N, curve_y]), HEIGHT - BOTTOM, TOP)
    shown = np.arange(len(x_N))
    if len(shown) > MOST_POINTS:
        shown = np.sort(np.random.default_rng(0).permutation(len(x_N))[:MOST_POINTS])
    parts = [f'<svg class="scatter" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(what)}">']
    parts += [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{to_y(t):.1f}" y2="{to_y(t):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{to_y(t) + 4:.1f}" text-anchor="end">{tick(t)}</text>'
        for t in y_ticks
    ]
    parts += [
        f'<line class="grid" x1="{to_x(t):.1f}" x2="{to_x(t):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text x="{to_x(t):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick(t)}</text>'
        for t in x_ticks
    ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts += [
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>',
        f'<g class="points{" few" if len(shown) < FEW_POINTS else ""}">',
    ]
    for n in shown.tolist():
        about = f"{plain(names[n])}: " if len(names) else ""
        about += f"prediction {x_N[n]:.4g}, rating {y_N[n]:.4g}"
        place = f'cx="{to_x(x_N[n]):.1f}" cy="{to_y(y_N[n]):.1f}"'
        parts.append(f'<circle {place} r="2.6"><title>{escape(about)}</title></circle>')
    line = "L".join(f"{to_x(x):.1f} {to_y(y):.1f}" for x, y in zip(curve_x, curve_y, strict=True))
    return "".join([*parts, f'</g><path class="fit" d="M{line}"/></svg>'])


def spread(result: dict[str, Any]) -> str:
    """SROCC of every split, the 10th to 90th percentile as a bar and the median as a line: a table of strips."""
    values = [value for row in result["methods"] for value in row["srocc"]["splits"] if not math.isnan(value)]
    if not values:
        return ""
    ticks, to_x = _axis(np.array(values), 1.5, 98.5)
    grid = "".join(f'<line class="grid" x1="{to_x(t):.2f}%" x2="{to_x(t):.2f}%" y1="0" y2="100%"/>' for t in ticks)
    lines = []
    for row in result["methods"]:
        name = f'<th scope="row"><span class="name">{escape(plain(row["method"]))}</span></th>'
        lines.append(f"<tr>{name}<td>{_strip(row['srocc'], to_x, grid)}</td></tr>")
    labels = "".join(f'<text x="{to_x(t):.2f}%" y="14" text-anchor="middle">{tick(t)}</text>' for t in ticks)
    lines.append(f'<tr aria-hidden="true"><th></th><td><svg class="strip" height="20">{labels}</svg></td></tr>')
    return f'<table class="strips">{"".join(lines)}</table>'


def _strip(summary: dict[str, Any], to_x: Any, grid: str) -> str:
    splits = [value for value in summary["splits"] if not math.isnan(value)]
    what = f"no SROCC in {len(summary['splits']) - len(splits)} splits" if len(splits) < len(summary["splits"]) else ""
    if not math.isnan(summary["median"]):
        median, low, high = (to_x(summary[key]) for key in ("median", "low", "high"))
        what = f"median {number(summary['median'])}, {number(summary['low'])} to {number(summary['high'])}"
        grid += f'<rect class="range" x="{low:.2f}%" width="{high - low:.2f}%" y="9" height="14" rx="2"/>'
        grid += f'<line class="median" x1="{median:.2f}%" x2="{median:.2f}%" y1="4" y2="28"/>'
    for place, value in enumerate(splits):
        y = 16 + 5 * (place % 3 - 1)  # so that equal values do not hide each other
        grid += f'<circle class="one" cx="{to_x(value):.2f}%" cy="{y}" r="2.6"><title>{number(value)}</title></circle>'
    return f'<svg class="strip" height="32" role="img" aria-label="{what}">{grid}</svg>'


def tick(value: float) -> str:
    """A number beside an axis."""
    return f"{value + 0.0:.6g}".replace("-", "−")


def ticks_between(low: float, high: float) -> list[float]:
    """Two to eight round numbers from low to high, low < high: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step > rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [(first + i) * step for i in range(8) if (first + i) * step <= high + 1e-9 * step]


def _axis(values_N: np.ndarray, start: float, end: float) -> tuple[list[float], Any]:
    """Ticks, and what takes a value to its place from ``start`` to ``end``; a little room at both ends."""
    low, high = float(values_N.min()), float(values_N.max())
    room = 0.04 * (high - low) if high - low > 1e-9 * max(abs(low), abs(high)) else max(abs(low), 1.0) / 2
    low, high = low - room, high + room

    def place(value: float) -> float:
        return start + (value - low) / (high - low) * (end - start)

    return ticks_between(low, high), place
