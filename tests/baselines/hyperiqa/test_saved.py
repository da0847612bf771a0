"""A trained HyperIQA as a folder: scores what its training would, and a damaged one is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import contrique
from contrique.baselines.baseline import Baseline
from contrique.baselines.hyperiqa.crops import Pictures
from contrique.baselines.hyperiqa.saved import fit
from contrique.baselines.hyperiqa.settings import Settings
from contrique.baselines.hyperiqa.training import predict
from contrique.baselines.parameters import write_shipped
from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.ratings import Ratings
from contrique.scale import to_hundred

SHORT = {"epochs": 1, "patches": 1, "batch": 4, "test_patches": 3}


@pytest.fixture
def fitted(rated: Ratings, trunk: Path, tmp_path: Path) -> Path:
    fit(rated, trunk, tmp_path / "network", **SHORT)
    return tmp_path / "network"


def load(folder: Path) -> Baseline:
    return contrique.load(method="hyperiqa", parameters=str(folder))


def test_a_folder_scores_photographs(fitted: Path, rated: Ratings) -> None:
    method = load(fitted)
    scores = method.score(list(rated.paths))
    pictures = Pictures(rated.paths)
    pictures.look(progress=False)
    raw = method._trained.ratings(predict(method._trained.network, pictures, np.arange(12), Settings(**SHORT)))
    np.testing.assert_allclose([score.raw for score in scores], raw, rtol=1e-6)
    wanted = to_hundred(raw, {"low": 20.0, "high": 42.0, "lower_is_better": False})
    np.testing.assert_allclose([score.value for score in scores], wanted, rtol=1e-5)
    assert np.isnan(scores[0].low)
    assert method.score(rated.paths[3]).raw == pytest.approx(scores[3].raw, rel=1e-6)


def test_the_card_says_what_it_is(fitted: Path) -> None:
    card = json.loads((fitted / "card.json").read_text())
    assert card["name"] == "hyperiqa-trained"
    assert card["training"]["ratings"] == "made/here.csv"
    assert (card["training"]["images"], card["training"]["validation"]) == (11, 1)
    assert card["training"]["settings"] == SHORT | {"seed": 0}
    assert card["raw"]["interval"] is None
    assert card["raw"]["range"].startswith("20 to 42")
    assert load(fitted).digest == f"hyperiqa-1-{card['files']['parameters.safetensors'][:12]}-3-0"


def test_direction_is_kept(fitted: Path, rated: Ratings) -> None:
    method = load(fitted)
    features = np.array([[-1.0], [1.0]])
    up = method.learner(features, rated.scores, lower_is_better=False)
    down = method.learner(features, rated.scores, lower_is_better=True)
    positions = np.array([0, 1])
    np.testing.assert_array_equal(up([], [], positions), -down([], [], positions))
    assert up([], [], positions)[1] > up([], [], positions)[0]


def test_damage_and_other_methods_are_refused(fitted: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="hyperiqa ships no network"):
        contrique.load(method="hyperiqa")
    card = json.loads((fitted / "card.json").read_text())
    write_shipped(tmp_path / "other", card | {"method": "HOSA"}, {"a": np.zeros(2)})
    with pytest.raises(ModelError, match="holds parameters of 'HOSA', not of HyperIQA"):
        load(tmp_path / "other")
    write_shipped(tmp_path / "other", card, {"a": np.zeros(2)})
    with pytest.raises(ModelError, match=r"^[^\n]*: not a HyperIQA network: [^\n]*\Z"):
        load(tmp_path / "other")
    del card["network"]["mean"]
    write_shipped(tmp_path / "other", card, load_file(fitted / "parameters.safetensors"))
    with pytest.raises(ModelError, match="what it says of the network is damaged"):
        load(tmp_path / "other")
    path = fitted / "parameters.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="damaged"):
        load(fitted)


def test_images_that_cannot_be_used_stop_a_fit(rated: Ratings, trunk: Path, tmp_path: Path) -> None:
    rated.paths[4].write_bytes(b"no image")
    with pytest.raises(ContriqueError, match=r"1 images cannot be used, first .*4\.png"):
        fit(rated, trunk, tmp_path / "network", **SHORT)
    assert not (tmp_path / "network").exists()


def test_odd_cards_are_refused_before_any_image(fitted: Path) -> None:
    path = fitted / "card.json"
    card = json.loads(path.read_text())
    for wrong in (
        {"patches": 0},
        {"patches": 10**9},
        {"patches": 1.5},
        {"seed": -1},
        {"mean": "a"},
        {"mean": float("nan")},
        {"deviation": None},
        {"deviation": -1.0},
    ):
        path.write_text(json.dumps({**card, "network": {**card["network"], **wrong}}))
        with pytest.raises(ModelError, match=r"card\.json: what it says of the network is damaged"):
            load(fitted)
    path.write_text(json.dumps({**card, "raw": None}))
    with pytest.raises(ModelError, match="the card has no raw"):
        load(fitted)
