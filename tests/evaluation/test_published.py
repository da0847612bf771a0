"""Published numbers: those of the slides, with their source, and only where they can be compared."""

from pathlib import Path

import pytest
from example_result import example_result

from contrique.evaluation.datasets import DATASETS
from contrique.evaluation.published import published, sources, table


@pytest.fixture(scope="module")
def result() -> dict:
    return example_result({"brisque": 9.0, "cornia": 9.0, "mine": 9.0}, images=12, splits=1, dataset="kadid10k")


def test_every_number_has_a_set_and_a_source() -> None:
    words = {"method", "source", "notes", "full_reference"}
    for row in table()["rows"]:
        assert row["source"] in table()["sources"]
        sets = set(row) - words
        assert sets
        assert sets <= set(DATASETS)
        assert all(0 < row[name] < 1 for name in sets)


def test_numbers_are_those_of_the_slides(shared_reference: Path) -> None:
    text = (shared_reference / "README.md").read_text()
    lines = text[text.index("## Published SROCC") :].splitlines()
    columns = [cell.strip().lower() for cell in lines[2].split("|")[2:-1]]
    columns = [{"kadid": "kadid10k", "koniq": "koniq10k"}.get(name, name) for name in columns]
    compared = 0
    for line in lines[4:]:
        name, *cells = (cell.strip().lower() for cell in line.split("|")[1:-1])
        shown = {"full_reference": name.endswith(" full-reference")}
        method = name.removesuffix(" full-reference").replace("-", "")
        for column, cell in zip(columns, cells, strict=True):
            expected = float(cell.split()[0]) if cell.startswith(".") else None
            assert published(method, {"dataset": column, **shown}) == expected, (method, column)
            compared += expected is not None
    assert compared == sum(isinstance(cell, float) for row in table()["rows"] for cell in row.values()) == 46


def test_only_within_a_set_known_by_name_and_for_a_row_of_that_name(result: dict) -> None:
    assert published("brisque", result) == 0.528
    assert published("mine", result) is None
    assert published("brisque (2)", result) is None
    assert published("brisque", result | {"dataset": None}) is None
    assert published("brisque", result | {"dataset": "biq2021"}) is None
    assert published("brisque", result | {"split": "cross-set"}) is None
    assert published("contrique", result | {"full_reference": True}) == 0.946


def test_sources_say_where_from_and_what_the_poster_has(result: dict) -> None:
    slides, note = sources(result)
    assert "Madhusudana" in slides
    assert "80/20" in slides
    assert note == "cornia: 0.558 on the poster"
    assert len(sources(result | {"dataset": "live"})) == 1
    assert sources(result | {"dataset": None}) == []
