"""CSV files: delimiters and encodings, columns by name, numbers of two languages."""

from pathlib import Path

import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.csv_file import Columns, csv_rows, number


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_delimiter_and_encoding_are_found(mark: str, encoding: str) -> None:
    text = f"name{mark}größe{mark}\nä{mark}1\n\n"
    (delimiter, header), *rows = csv_rows(Path("x.csv"), text.encode(encoding))
    assert (delimiter, header, rows) == (mark, ["name", "größe", ""], [(2, ["ä", "1"])])


def test_columns_as_written_come_before_those_nearly_so() -> None:
    columns = Columns(Path("x.csv"), ["Mean Score", "mean_score", "b"])
    assert (columns.maybe("mean_score", ()), columns.maybe("MEAN-SCORE", ()), columns.known(["a", "B"])) == (1, 0, 2)
    with pytest.raises(ContriqueError, match="no column 'c' among Mean Score, mean_score, b"):
        columns.maybe("c", ())


@pytest.mark.parametrize(("text", "mark", "value"), [("1.5", ",", 1.5), ("1,5", ";", 1.5), ("NaN", ",", None)])
def test_numbers(text: str, mark: str, value: float | None) -> None:
    assert number(text, mark, "x") == value


@pytest.mark.parametrize("text", ["1,5", "inf", "high"])
def test_what_is_no_number_is_said_where(text: str) -> None:
    with pytest.raises(ContriqueError, match=f"x.csv, line 3 holds '{text}', not a number"):
        number(text, ",", "x.csv, line 3")
