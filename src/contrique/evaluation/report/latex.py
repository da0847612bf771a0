"""LaTeX: one table for an article, in a document that loads booktabs and nothing else.

One result: methods by measures, medians with low and high as indices. Several: methods by sets, SROCC and PLCC. The
best of a column is bold; an asterisk marks an SROCC that is beyond chance below the best. Letters that plain LaTeX
cannot set are written ``?``.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from contrique.evaluation.published import published
from contrique.evaluation.report.cells import (
    HEADINGS,
    NONE,
    facts,
    has_published,
    label,
    number,
    shortened,
    significance_of,
    spread_words,
    tops,
    worse_than_best,
)
from contrique.evaluation.report.merge import columns_of, merged, wide

TITLES = {
    **{"brisque": "BRISQUE", "niqe": "NIQE", "cornia": "CORNIA", "hosa": "HOSA"},
    **{"hyperiqa": "HyperIQA", "resnet50": "ResNet-50", "contrique": "CONTRIQUE"},
}

SPECIAL = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", NONE: "--"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "→": r"$\rightarrow$"},
}


def to_latex(results: Sequence[dict[str, Any]]) -> str:
    """A ``table`` environment for one result or several."""
    results = merged(results)
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        "\\small",
        "\\setlength{\\tabcolsep}{2pt}",
    ]
    lines += _one(results[0]) if len(results) == 1 else _several(results)
    return "\n".join([*lines, "\\end{table}"]) + "\n"


def titled(name: str) -> str:
    """A row's name as articles write it: a method of the table by its title, with whatever follows it."""
    method, comma, rest = name.partition(",")
    return TITLES.get(method, method) + comma + rest


def escape(text: str) -> str:
    """Text as LaTeX sets it; what it cannot is ``?``."""
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    if letter.isascii():
        return letter if letter.isprintable() else "?"
    base = unicodedata.normalize("NFD", letter)[0]
    return letter if letter <= "ÿ" and base.isascii() and base.isalpha() else "?"


def _one(result: dict[str, Any]) -> list[str]:
    with_published = has_published(result)
    worse = worse_than_best(result)
    headings = [title.replace("logistic", "log.") for title in HEADINGS.values()]  # or it is too wide for a column
    titles = ["Method", *headings, *(["Published"] if with_published else [])]
    body = []
    for row in result["methods"]:
        cells = [escape(titled(row["method"]))]
        for measure in HEADINGS:
            mark = "^{\\ast}" if measure == "srocc" and row["method"] in worse else ""
            cells.append(_cell(row[measure], measure, bold=row["method"] in tops(result, measure), mark=mark))
        cells += [escape(number(published(row["method"], result)))] if with_published else []
        body.append(" & ".join(cells) + r" \\")
    caption = f"{escape(label(result))}: {escape(', '.join(facts(result)))}. {spread_words(result)} "
    caption += "PLCC log. and RMSE are after the 5-parameter logistic."
    caption += f" {escape(shortened(result))}".rstrip()
    if with_published:
        caption += " Published: SROCC by its authors' splits."
    return [*_tabular(titles, body), _caption(caption + _marks(result, worse))]


def _several(results: list[dict[str, Any]]) -> list[str]:
    columns, rows = wide(results)
    heads = " & ".join(f"\\multicolumn{{2}}{{c}}{{{escape(column)}}}" for column in columns)
    rules = "".join(f"\\cmidrule(lr){{{2 + 2 * i}-{3 + 2 * i}}}" for i in range(len(columns)))
    body = []
    for name, row in rows.items():
        cells = [escape(titled(name))]
        for column in columns:
            cells += _pair(*row[column]) if column in row else ["", ""]
        body.append(" & ".join(cells) + r" \\")
    head = [f"& {heads} \\\\", rules]
    caption = "Medians; PLCC is plain. "
    named = zip(results, columns_of(results), strict=True)
    caption += " ".join(f"{escape(column)}: {escape(', '.join(facts(one)))}." for one, column in named)
    marks = next((_marks(one, {""}) for one in results if worse_than_best(one)), "")
    return [*_tabular(["Method", *["SROCC", "PLCC"] * len(columns)], body, head), _caption(caption + marks)]


def _pair(row: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """SROCC and PLCC of one method on one set; with references among its like, since results are apart."""
    cells = []
    for measure in ("srocc", "plcc"):
        bold = row["method"] in tops(result, measure)
        mark = "^{\\ast}" if measure == "srocc" and row["method"] in worse_than_best(result) else ""
        cells.append(_cell({**row[measure], "splits": [0]}, measure, bold=bold, mark=mark))
    return cells


def _cell(summary: dict[str, Any], measure: str, *, bold: bool, mark: str) -> str:
    median, low, high = (escape(number(summary[key], measure)) for key in ("median", "low", "high"))
    if median == "--":
        return median
    text = f"\\textbf{{{median}}}" if bold else median
    spread = "" if len(summary["splits"]) == 1 else f"_{{{low}}}^{{{high}}}"
    return text + (f"${spread}$" if spread else "") + (f"${mark}$" if mark else "")


def _tabular(titles: list[str], body: list[str], head: Sequence[str] = ()) -> list[str]:
    return [
        f"\\begin{{tabular}}{{l{'c' * (len(titles) - 1)}}}",
        "\\toprule",
        *head,
        " & ".join(titles) + r" \\",
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _caption(text: str) -> str:
    return f"\\caption{{{text}}}"


def _marks(result: dict[str, Any], worse: set[str]) -> str:
    if not worse:
        return ""
    found = significance_of(result)
    return f" $^{{\\ast}}$SROCC significantly below the best at {found['level']:g}; {escape(found['test'])}."
