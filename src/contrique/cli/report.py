"""``contrique report``: results of ``contrique evaluate`` in, one table of all of them out."""

import argparse
import sys
from pathlib import Path

from contrique.errors import ContriqueError

SUMMARY = "Put results of evaluate together: one table, CSV, LaTeX or HTML report."

EPILOG = """\
RESULT.json is what `contrique evaluate --json FILE` wrote. Results on the same images and splits become rows of one
table, and all of them are tested against each other; results on other sets become columns (methods by sets, as papers
print them). The table goes to standard output; a FILE of - goes there in its place.

examples:
  contrique report result.json --html report.html
  contrique report koniq.json kadid.json live.json --latex table.tex
  contrique report monday.json tuesday.json --csv -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("results", nargs="+", metavar="RESULT.json", help="from contrique evaluate --json")
    add_report_arguments(parser)


def add_report_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the forms of a report, for every command that writes one."""
    parser.add_argument("--csv", metavar="FILE", help="write one row for each method and measure there")
    parser.add_argument("--latex", metavar="FILE", help="write a table for an article there (booktabs)")
    parser.add_argument("--html", metavar="FILE", help="write a page with table, plots and significance there")


def check_reports(args: argparse.Namespace, *more: str | None) -> None:
    """Find out before the work whether its reports can be written.

    Args:
        args: holds ``csv``, ``latex`` and ``html``.
        more: other files that the command writes, or None.

    Raises:
        ContriqueError: a folder is not there, or a file is a folder. Two reports to standard output are wrong usage.
    """
    files = [file for file in (args.csv, args.latex, args.html, *more) if file is not None]
    if files.count("-") > 1:
        args.parser.error("only one FILE can be -, standard output")
    for file in files:
        if file != "-" and not Path(file).resolve().parent.is_dir():
            raise ContriqueError(f"{file}: there is no folder {Path(file).parent} to write to")
        if Path(file).is_dir():
            raise ContriqueError(f"{file}: a folder, not a file to write")


def run(args: argparse.Namespace) -> int:
    """Write the reports; the table too, unless one of them goes to standard output.

    Raises:
        ContriqueError: a file is no result.
        MissingExtra: SciPy is not installed.
    """
    check_reports(args)
    from contrique.errors import need
    from contrique.evaluation.report import merged, read_results, text_tables, write_reports

    need("scipy", "evaluate", "contrique report")
    results = merged([result for file in args.results for result in read_results(file)], progress=sys.stderr.isatty())
    write_reports(results, csv=args.csv, latex=args.latex, html=args.html)
    if "-" not in (args.csv, args.latex, args.html):
        print(text_tables(results))
    return 0
