"""What is measured of a model goes into its card, and what was there before stays."""

import json
from pathlib import Path

import pytest

import contrique
from contrique.card import CARD, ENCODER_WEIGHTS, JUDGED, add_parts, new_card, read_card, write_card
from contrique.errors import ModelError

ROW = {"set": "a.csv", "how": "10 random splits", "srocc": 0.8}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ENCODER_WEIGHTS).write_bytes(b"weights")
    card = new_card("tiny", {"name": "tiny", "features": "statistics", "dim": 2}, {}, "Apache-2.0")
    write_card(tmp_path, card | {"agreement": {"srocc": 0.7}})
    return tmp_path


def test_parts_are_added_and_replaced(folder: Path) -> None:
    before = read_card(folder)
    add_parts(folder, {"robustness": {"images": 5}})
    card = add_parts(folder, {"robustness": {"images": 9}, "bias": {"by": []}})
    assert card == read_card(folder)
    assert (card["robustness"], card["bias"]) == ({"images": 9}, {"by": []})
    assert {key: card[key] for key in before} == before
    assert [file.name for file in folder.iterdir() if file.suffix == ".tmp"] == []


def test_agreement_is_replaced_by_set_and_how_only(folder: Path) -> None:
    add_parts(folder, {"agreement": [ROW, ROW | {"set": "b.csv"}]})
    add_parts(folder, {"agreement": [ROW | {"srocc": 0.9}, ROW | {"how": "as it is"}]})
    agreement = json.loads((folder / CARD).read_text(encoding="utf-8"))["agreement"]
    assert agreement["srocc"] == 0.7
    known = {(row["set"], row["how"]): row["srocc"] for row in agreement["measured"]}
    assert known == {
        ("b.csv", "10 random splits"): 0.8,
        ("a.csv", "10 random splits"): 0.9,
        ("a.csv", "as it is"): 0.8,
    }
    assert len(agreement["measured"]) == 3


def test_what_is_no_part_and_no_model(folder: Path) -> None:
    with pytest.raises(ModelError, match="parts among agreement, robustness, failures, bias, speed; got encoder"):
        add_parts(folder, {"encoder": {}})
    with pytest.raises(ModelError, match="no such model folder"):
        add_parts(folder / "none", {})


def test_another_regressor_leaves_behind_what_was_measured_of_the_first() -> None:
    model = contrique.load()
    model.card |= {name: {"measured": 1} for name in JUDGED}
    again = model.with_regressor(model._regressor, model.card["regressor"], name="again")
    assert not set(JUDGED) & set(again.card)
    assert again.card["training"] == model.card["training"]
