"""The HTML report: one file with tables and inline SVG, which loads nothing from elsewhere and needs no script.

Whatever comes from a result (names of methods, files, sets) is escaped where it is put into the page.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from contrique import __version__
from contrique.evaluation.published import published, sources
from contrique.evaluation.report.cells import (
    HEADINGS,
    MEASURES,
    NONE,
    PUBLISHED,
    facts,
    has_published,
    label,
    number,
    once,
    plain,
    shortened,
    significance_of,
    spread_words,
    tops,
    worse_than_best,
)
from contrique.evaluation.report.merge import columns_of, merged, wide
from contrique.evaluation.report.plots import MOST_POINTS, scatter, spread, typical_split
from contrique.evaluation.report.worst import Pictures, worst

_HERE = Path(__file__).parent


def to_html(results: Sequence[dict[str, Any]], pictures: Pictures | None = None) -> str:
    """The page of one result or several.

    Args:
        results: what ``contrique.evaluation.table.measure`` gives.
        pictures: where images lie, to show those of largest error; their names alone if left out.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    results = merged(results)
    several = len(results) > 1
    title = "Agreement with people's ratings" + ("" if several else f": {label(results[0])}")
    names = columns_of(results)
    names = [
        n + (" (full-reference)" if one.get("full_reference") else "") for n, one in zip(names, results, strict=True)
    ]
    sections = [_overview(results, names)] if several else []
    sections += [
        _section(result, f"set{at}", names[at] if several else "", pictures) for at, result in enumerate(results)
    ]
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    parts = {
        "STYLE": (_HERE / "page.css").read_text(encoding="utf-8"),
        "TITLE": _e(title),
        "VERSION": _e(__version__),
        "BODY": "\n".join(sections),
    }
    return re.sub(r"/\*([A-Z]+)\*/", lambda place: parts[place[1]], page)


def _overview(results: list[dict[str, Any]], names: list[str]) -> str:
    columns, rows = wide(results)
    body = []
    for name, row in rows.items():
        cells = [_wide_cell(*row[column]) if column in row else "<td></td>" for column in columns]
        body.append(f"<tr>{_name(name)}{''.join(cells)}</tr>")
    shown = any(map(has_published, results))
    note = "SROCC / PLCC (plain), medians. " + _star(results) + (PUBLISHED if shown else "")
    links = ", ".join(f'<a href="#set{place}">{_e(name)}</a>' for place, name in enumerate(names))
    return (
        f"<section><h2>All sets</h2><p>Each set below: {links}.</p>"
        f'{_scroll(_table(["Method", *columns], body), "All sets")}<p class="faint">{note}</p></section>'
    )


def _wide_cell(row: dict[str, Any], result: dict[str, Any]) -> str:
    cells = []
    for measure in ("srocc", "plcc"):
        text = number(row[measure]["median"], measure)
        cells.append(f"<b>{text}</b>" if row["method"] in tops(result, measure) else text)
    star = "*" if row["method"] in worse_than_best(result) else ""
    known = published(row["method"], result)
    return f"<td>{cells[0]}{star} / {cells[1]}{'' if known is None else f' <small>({number(known)})</small>'}</td>"


def _section(result: dict[str, Any], place: str, title: str, pictures: Pictures | None) -> str:
    parts = [f'<section id="{place}">', f"<h2>{_e(title)}</h2>" if title else ""]
    parts += [f"<p>{_e(', '.join(facts(result)))}.</p>", _measures(result)]
    if result["splits"] > 1:
        parts += [
            "<h3>Spread of SROCC</h3>",
            f'<p class="faint">Points: {once(result)}s. Bar: 10th to 90th percentile. Line: median.</p>',
            spread(result),
        ]
    parts += [_scatters(result), _matrix(result), worst(result, pictures), _about(result), "</section>"]
    return "\n".join(parts)


def _measures(result: dict[str, Any]) -> str:
    with_published, worse = has_published(result), worse_than_best(result)
    body = []
    for row in result["methods"]:
        cells = []
        for measure in HEADINGS:
            median, low, high = (number(row[measure][key], measure) for key in ("median", "low", "high"))
            text = f"<b>{median}</b>" if row["method"] in tops(result, measure) else median
            text += "*" if measure == "srocc" and row["method"] in worse else ""
            if result["splits"] > 1 and median != NONE:
                text += f"<small>{low} to {high}</small>"
            cells.append(f"<td>{text}</td>")
        if with_published:
            cells.append(f"<td>{number(published(row['method'], result))}</td>")
        body.append(f"<tr>{_name(row['method'])}{''.join(cells)}</tr>")
    titles = ["Method", *HEADINGS.values(), *(["SROCC published"] if with_published else [])]
    note = f"{spread_words(result)} {MEASURES} "
    note += "The best of each column is bold. " + _star([result])
    note += _e(shortened(result)) + " "
    if with_published:
        note += f"Published: {_e('; '.join(sources(result)))}."
    return f'{_scroll(_table(titles, body), "Measures")}<p class="faint">{note}</p>'


def _star(results: Iterable[dict[str, Any]]) -> str:
    return "* SROCC significantly below the best (see below). " if any(map(worse_than_best, results)) else ""


def _scatters(result: dict[str, Any]) -> str:
    split = typical_split(result)
    test = np.array(result["tests"][split])
    y_N, names = np.array(result["scores"], dtype=np.float64)[test], result.get("names") or []
    shown = [names[at] for at in test] if names else []
    y_label = "rating"
    if result.get("lower_is_better") is not None:
        y_label += " (lower is better)" if result["lower_is_better"] else " (higher is better)"
    figures = []
    for row in result["methods"]:
        x_N = np.array(row["predictions"][split], dtype=np.float64)
        srocc, plcc = (number(row[measure]["splits"][split]) for measure in ("srocc", "plcc_logistic"))
        what = f"Scatter plot of {len(test)} images, {row['method']} against ratings: SROCC {srocc}"
        picture = scatter(x_N, y_N, shown, what=plain(what), x_label="prediction", y_label=y_label)
        caption = f"<b>{_e(row['method'])}</b><small>SROCC {srocc}, PLCC logistic {plcc}</small>"
        figures.append(f"<figure><figcaption>{caption}</figcaption>{picture}</figure>")
    note = f"{len(test)} test images"
    if result["splits"] > 1:
        note += f" of {once(result)} {split + 1} of {result['splits']}, the one nearest to the medians of all methods"
    note += f" ({MOST_POINTS} of them drawn)" if len(test) > MOST_POINTS else ""
    note += ". The line is the 5-parameter logistic fitted to them."
    return f'<h3>Predictions and ratings</h3><p class="faint">{note}</p><div class="plots">{"".join(figures)}</div>'


def _matrix(result: dict[str, Any]) -> str:
    names = [row["method"] for row in result["methods"]]
    if len(names) < 2:
        return ""
    found = significance_of(result)
    cells = {(name, name): '<td class="self"></td>' for name in names}
    for pair in found["pairs"]:
        for row, column, sign in ((pair["a"], pair["b"], 1), (pair["b"], pair["a"], -1)):
            cells[row, column] = _difference(pair, row, sign)
    body = []
    for row in names:
        body.append(f"<tr>{_name(row)}{''.join(cells[row, column] for column in names)}</tr>")
    note = (
        f"SROCC of the row less that of the column, mean over the {once(result)}s, with its p. ▲ the row is "
        f"better, ▼ worse, at {found['level']:g}; no mark: the difference may be chance. {_sentence(found['test'])}"
    )
    table = _table(["", *names], body, "matrix")
    return f'<h3>Which differences are significant</h3><p class="faint">{note}</p>{_scroll(table, "Significance")}'


def _difference(pair: dict[str, Any], row: str, sign: int) -> str:
    if pair["difference"] is None or math.isnan(pair["difference"]):
        return f"<td>{NONE}</td>"
    mark, kind = ("", "") if pair["better"] is None else ("▲ ", "up") if pair["better"] == row else ("▼ ", "down")
    p = pair["p_holm"]
    text = "no p" if p is None else "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")
    value = f"{sign * pair['difference']:+.3f}".replace("-", "−")
    return f'<td class="{kind}">{mark}{value}<small>{text}</small></td>'


def _about(result: dict[str, Any]) -> str:
    parts = [f"<h3>Protocol</h3><p>{_sentence(result['protocol'])}</p>"]
    abouts = [f"<h4>{_e(row['method'])}</h4>{_list(row['about'])}" for row in result["methods"] if row.get("about")]
    if abouts:
        parts.append(f"<details><summary>Methods and their settings</summary>{''.join(abouts)}</details>")
    left_out = result.get("left_out") or []
    if left_out:
        items = "".join(f"<li>{_e(one['path'])}: {_e(one['error'])}</li>" for one in left_out)
        parts.append(f"<details><summary>Images left out: {len(left_out)}</summary><ul>{items}</ul></details>")
    given = {key: result[key] for key in ("ratings", "digest", "train_ratings") if result.get(key)}
    facts_ = _list(given | result.get("versions", {}))
    return "\n".join([*parts, f"<details><summary>Ratings and versions</summary>{facts_}</details>"])


def _list(values: dict[str, Any]) -> str:
    rows = []
    for key, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        rows.append(f"<dt>{_e(key)}</dt><dd>{_e(text)}</dd>")
    return f"<dl>{''.join(rows)}</dl>"


def _table(titles: Sequence[str], body: list[str], kind: str = "table") -> str:
    heads = "".join(f'<th scope="col"><span class="name">{_e(title)}</span></th>' for title in titles)
    return f'<table class="{kind}"><thead><tr>{heads}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def _scroll(table: str, name: str) -> str:
    return f'<div class="scroll" role="region" aria-label="{name}" tabindex="0">{table}</div>'


def _name(text: str) -> str:
    return f'<th scope="row"><span class="name">{_e(text)}</span></th>'


def _sentence(text: str) -> str:
    return f"{_e(text[:1].upper() + text[1:])}."


def _e(text: Any) -> str:
    return escape(plain(str(text)))
