"""LaTeX: what is bold, what is marked, what is escaped, and that a real LaTeX sets it where there is one."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from example_result import example_result

from contrique.evaluation.report.latex import escape, to_latex

NASTY = r"50%_of #1 & $x^2$ {a} \b ~ <|> é ß 猫 " "'`"


@pytest.fixture(scope="module")
def result() -> dict:
    return example_result({"far_off": 90.0, "near": 1.0, "flat": np.inf}, splits=8, images=80)


def test_best_is_bold_and_what_is_beyond_chance_below_it_is_marked(result: dict) -> None:
    lines = to_latex([result]).splitlines()
    far, near, flat = lines[lines.index("\\midrule") + 1 : lines.index("\\bottomrule")]
    median, low, high = (f"{result['methods'][1]['srocc'][key]:.3f}" for key in ("median", "low", "high"))
    assert near.startswith(f"near & \\textbf{{{median}}}$_{{{low}}}^{{{high}}}$ & ")
    assert near.count("\\textbf") == 5
    assert "ast" not in near
    assert far.startswith("far\\_off & 0.")
    assert far.count("$^{\\ast}$") == 1
    assert flat == "flat & -- & -- & -- & -- & " + flat.rsplit("& ", 1)[1]
    assert "\\ast" in lines[-2]
    assert "Nadeau" in lines[-2]


def test_one_split_has_no_indices() -> None:
    text = to_latex([example_result(splits=1)])
    assert "$_" not in text
    assert "percentile" not in text


def test_several_sets() -> None:
    live = example_result(dataset="live")
    with_reference = example_result({"contrique": 1.0}, dataset="live", full_reference=True)
    text = to_latex([live, example_result(ratings="b_c.csv", seed=1), with_reference])
    assert "& \\multicolumn{2}{c}{live} & \\multicolumn{2}{c}{b\\_c.csv} \\\\" in text
    assert "\\cmidrule(lr){2-3}\\cmidrule(lr){4-5}" in text
    assert text.count(" & SROCC & PLCC") == 2
    (row,) = [line for line in text.splitlines() if line.startswith("CONTRIQUE & ")]
    assert row.count("\\textbf") == 4  # a method that sees the reference does not take it from those that do not
    (row,) = [line for line in text.splitlines() if line.startswith("CONTRIQUE, full-reference")]
    assert "\\textbf" not in row
    assert row.endswith(" &  &  \\\\")


def test_letters() -> None:
    assert escape("a_b 5% é") == r"a\_b 5\% é"
    assert escape("猫\n– →") == r"??-- $\rightarrow$"
    assert escape(r"\{}") == r"\textbackslash{}\{\}"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("kind", ["names", "one", "sets"])
def test_plain_article_sets_it(kind: str, tmp_path: Path) -> None:
    names = {"brisque": 90.0, "resnet50": 30.0, "hyperiqa": 20.0, "contrique": 1.0} | (
        {NASTY: 9.0} if kind == "names" else {}
    )
    results = [example_result(names, splits=8, dataset="koniq10k")]
    if kind == "sets":
        results += [example_result(names, dataset=name) for name in ("kadid10k", "spaq")]
    results += [example_result(ratings=NASTY, lower_is_better=True)] if kind == "names" else []
    body = to_latex(results)
    page = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + body + "\\end{document}\n"
    (tmp_path / "t.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout
    log = (tmp_path / "t.log").read_text(errors="replace")
    assert "Missing character" not in log
    assert kind == "names" or "Overfull" not in log
