"""The table for people: what stands where, one split, published numbers, several sets."""

import numpy as np
import pytest
from example_result import example_result

from contrique.evaluation.report.latex import to_latex
from contrique.evaluation.report.page import to_html
from contrique.evaluation.report.text import text_table, text_tables


@pytest.fixture(scope="module")
def result() -> dict:
    return example_result(
        {"good": 0.0, "flat": np.inf, "fair": 40.0}, images=80, splits=3, seed=4, lower_is_better=True
    )


def test_table(result: dict) -> None:
    lines = text_table(result).splitlines()
    assert lines[0] == "set/scores.csv: 80 images in 40 groups by scene, lower is better, 3 splits 70/10/20, seed 4"
    assert lines[2].split("  ")[0] == "method"
    assert lines[3].startswith("good     1.000 [1.000, 1.000]")
    assert lines[4].split()[:2] == ["flat", "–"]
    positions = [line.index("1.000 [") for line in lines[3:4]] + [lines[2].index("SROCC")]
    assert len(set(positions)) == 1
    assert "published" not in text_table(result)


def test_one_split_has_no_spread() -> None:
    text = text_table(example_result({"brisque": 900.0, "contrique": 1.0}, splits=1, images=200))
    assert "[" not in text
    assert ", 1 split 70/10/20" in text
    assert "bootstrap" in text
    assert "contrique is better than brisque" in text


def test_significance_is_said_in_words(result: dict) -> None:
    assert "  good is better than fair" in text_table(example_result({"good": 0.0, "fair": 90.0}, splits=8, images=80))
    assert "no difference." in text_table(example_result({"a": 20.0, "b": 20.0}))
    assert "Nothing can be said" in text_table(example_result({"good": 1.0, "flat": np.inf}))
    assert "ignifica" not in text_table(example_result({"alone": 1.0}))


def test_published_numbers_stand_beside(result: dict) -> None:
    lines = text_table(example_result(dataset="koniq10k")).splitlines()
    assert lines[0].startswith("koniq10k: 60 images")
    assert lines[2].endswith("SROCC published")
    assert [line.split()[-1] for line in lines[3:6]] == ["0.665", "0.531", "0.894"]
    assert any(line.startswith("Published: slides and poster") for line in lines)


def test_official_and_cross_set_are_named() -> None:
    assert "the published split 42/6/12" in text_table(example_result(splits=1, split="official"))
    fitted = {"split": "cross-set", "train_ratings": "big/mos.csv", "train_dataset": "spaq", "dataset": "live"}
    line = text_table(example_result(**fitted)).splitlines()[0]
    assert line.startswith("spaq → live: 60 images")
    assert "fitted to big/mos.csv in 4 draws of 42/6, seed 0" in line


def test_methods_by_sets() -> None:
    more = example_result({"brisque": 30.0, "other": 5.0}, ratings="second.csv", seed=1)
    lines = text_tables([example_result(), more]).splitlines()
    assert lines[0].split() == ["method", "set/scores.csv", "second.csv"]
    assert [line.split()[0] for line in lines[1:5]] == ["brisque", "niqe", "contrique", "other"]
    srocc, plcc = (more["methods"][1][measure]["median"] for measure in ("srocc", "plcc"))
    assert lines[4].split() == ["other", f"{srocc:.3f}", "/", f"{plcc:.3f}"]
    assert lines[4].index(f"{srocc:.3f}") == lines[0].index("second.csv")
    assert text_tables([more]) == text_table(more)


def test_names_cannot_break_the_terminal() -> None:
    text = text_table(example_result({"a\x1b[31m\nb": 1.0, "é\udcff": 9.0}))
    assert r"a\x1b[31m\nb" in text
    assert r"é\udcff" in text
    assert text.encode("utf-8")


def test_a_row_that_was_cut_short_says_so() -> None:
    result = example_result({"hyperiqa": 20.0, "contrique": 1.0})
    result["methods"][0]["about"] = {"reduced": "epochs 2 (published: 16)"}
    for text in (text_table(result), to_latex([result]), to_html([result])):
        assert "hyperiqa was cut short: epochs 2 (published: 16)." in text
        assert "contrique was cut short" not in text
