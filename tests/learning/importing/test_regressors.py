"""What a regressor's file name tells, and what the user has to."""

from pathlib import Path

import numpy as np
import pytest

from contrique.evaluation.regressor import Regressor
from contrique.learning.importing.regressors import SCALES, check_width, describe


def card_of(tmp_path: Path, name: str, **more: object) -> dict:
    path = tmp_path / name
    path.write_bytes(b"weights")
    return describe(path, {"alpha": 0.1}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "lower", "high", "full_reference"),
    [
        ("LIVE.save", True, 100, False),
        ("CSIQ.save", True, 1, False),
        ("CLIVE.save", False, 100, False),
        ("Koniq.save", False, 100, False),
        ("LIVE_FR.save", True, 100, True),
        ("CSIQ_FR.save", True, 1, True),
        ("kadid10k.pkl", False, 5, False),
    ],
)
def test_published_names(tmp_path: Path, name: str, lower: bool, high: float, full_reference: bool) -> None:
    about = card_of(tmp_path, name)
    assert about["mapping"]["lower_is_better"] is lower
    assert about["mapping"]["high"] == high
    assert about["direction"] == ("lower is better" if lower else "higher is better")
    assert about["full_reference"] is full_reference
    assert about["interval"] is None
    assert about["alpha"] == 0.1
    assert about["file"] == name


def test_directions_are_those_the_sets_call_theirs() -> None:
    for words, _, _, lower in SCALES.values():
        assert lower is (words.endswith("DMOS")), words  # KADID's goes the other way, and says so


def test_what_is_said_overrules_the_name(tmp_path: Path) -> None:
    about = card_of(tmp_path, "LIVE.save", lower_is_better=False, scale_min=1, scale_max=5, full_reference=True)
    assert about["mapping"] == {"low": 1.0, "high": 5.0, "lower_is_better": False}
    assert about["full_reference"] is True
    assert "from 1 (0) to 5 (100)" in about["scale"]


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("mine.save", {}, "--lower-is-better"),
        ("mine.save", {"lower_is_better": True, "scale_min": 0}, "--scale-max"),
        ("mine.save", {"lower_is_better": True, "scale_min": 2, "scale_max": 1}, "low < high"),
        ("LIVE.save", {"scale_min": 200}, "low < high"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, name: str, more: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        card_of(tmp_path, name, **more)


def test_a_regressor_for_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="4,096 features, and these are 6"):
        check_width(Regressor(np.zeros(4096), 0.0), 6, Path("LIVE.save"))
