"""What an evaluation found, for people and machines: terminal table, CSV, LaTeX, an HTML page, and the whole as JSON.

All take results as ``contrique.evaluation.protocol.compare`` and ``contrique.evaluation.table.measure`` give them.
``write_reports`` writes what a command was asked for. ``merged`` first spares every form the tests of significance.
"""

from contrique.evaluation.report.files import read_results, to_json, write_json, write_reports
from contrique.evaluation.report.latex import to_latex
from contrique.evaluation.report.long_csv import to_csv
from contrique.evaluation.report.merge import merged
from contrique.evaluation.report.page import to_html
from contrique.evaluation.report.text import text_table, text_tables

__all__ = [
    "merged",
    "read_results",
    "text_table",
    "text_tables",
    "to_csv",
    "to_html",
    "to_json",
    "to_latex",
    "write_json",
    "write_reports",
]
