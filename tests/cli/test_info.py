"""The card, for people and for machines."""

import json
from pathlib import Path

import pytest

from contrique.cli.info import card_lines
from contrique.cli.main import main
from contrique.model import SHIPPED

CARD = {
    "format": 1,
    "name": "tiny",
    "version": "0.1.0",
    "licence": "Apache-2.0",
    "encoder": {"name": "resnet", "stages": [1, 2], "dim": 8},
    "regressor": {"ratings": "some", "interval": {"level": 0.8, "half_width": 0.1234567, "coverage": 0.803}},
}


def test_shipped_card_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    card = json.loads((SHIPPED / "card.json").read_text(encoding="utf-8"))
    assert text.startswith(f"{card['name']} {card['version']}\n")
    assert "0 to 100; higher is better" in text
    assert card["licence"] in text
    for section in ("encoder", "preprocessing", "training", "regressor", "agreement"):
        assert f"\n{section}\n" in text


def test_json_is_the_card_as_stored(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(SHIPPED), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((SHIPPED / "card.json").read_text(encoding="utf-8"))


def test_lines_hold_every_entry() -> None:
    text = "\n".join(card_lines(CARD))
    assert "hold people's opinion 80% of the time" in text
    assert "80.3% of the time" in text
    for line in ("  stages  1, 2", "  interval half_width  0.1235", "  licence  Apache-2.0"):
        assert line in text.splitlines()


def test_an_encoder_that_is_not_fitted_says_so() -> None:
    text = "\n".join(card_lines({key: value for key, value in CARD.items() if key != "regressor"}))
    assert "features, not scores" in text
    assert "higher is better" not in text


def test_a_folder_that_is_no_model_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("method", ["brisque", "niqe"])
def test_methods_have_cards_too(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--method", method]) == 0
    text = capsys.readouterr().out
    assert "0 to 100; higher is better" in text
    assert ("no interval" in text) is (method == "niqe")
    assert "\nraw\n" in text
    assert main(["info", "--method", method, "--json"]) == 0
    card = json.loads((SHIPPED.parent / method / "card.json").read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == card


def test_official_parameters_have_a_card(shared_reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--method", "niqe", "--parameters", str(shared_reference / "models")]) == 0
    assert "niqe-official" in capsys.readouterr().out


def test_a_codebook_alone_has_no_scores() -> None:
    text = "\n".join(card_lines({"name": "mine", "method": "HOSA", "raw": None}))
    assert "Parameters without a regressor" in text
    assert "higher is better" not in text


def test_what_a_reference_and_a_missing_interval_mean_is_said() -> None:
    text = "\n".join(card_lines({**CARD, "regressor": {"full_reference": True, "interval": None}}))
    assert "against its undistorted reference" in text
    assert "no interval" in text


@pytest.mark.parametrize("words", [["x", "--method", "niqe"], ["--parameters", "x"]])
def test_words_that_do_not_go_together(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["info", *words])
    assert "contrique" in capsys.readouterr().err


def test_lists_of_short_entries_are_tables() -> None:
    rows = [
        {"set": "biq2021", "srocc": 0.8061, "srocc_low": 0.7, "srocc_high": 0.9, "biased": False},
        {"set": "b", "srocc": None, "srocc_low": None, "srocc_high": None, "biased": True},
    ]
    lines = list(card_lines({**CARD, "bias": {"images": 9, "by": rows}}))
    start = lines.index("bias")
    assert lines[start + 1 :] == [
        "  images  9",
        "  by",
        "    set      srocc              biased",
        "    biq2021  0.8061 [0.7, 0.9]  False",
        "    b        –                  True",
    ]


def test_long_or_uneven_entries_stay_lines() -> None:
    text = "\n".join(card_lines({**CARD, "more": {"uneven": [{"a": 1}, {"b": 2}], "long": [{"a": "x" * 200}] * 2}}))
    for line in ("  uneven 1 a  1", "  uneven 2 b  2", f"  long 2 a    {'x' * 200}"):
        assert line in text.splitlines()
