"""From ratings to a tuned model: an encoder and a linear regressor, judged by images that neither was fitted to."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import contrique
from contrique.card import read_card, write_card
from contrique.errors import ContriqueError
from contrique.evaluation.correlation import srocc
from contrique.evaluation.fitting import mapping_of
from contrique.evaluation.splits import group_split
from contrique.images import Preprocessing
from contrique.learning.export import export_onnx
from contrique.learning.tuning.fitted import finetune, fit_tuned, floating
from contrique.learning.tuning.settings import Settings
from contrique.model import QualityModel

QUICK = Settings(epochs=2, batch=16, crop=64, lr=2e-2, frozen=0.0)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(160, 5)) * (1, 10, 0.1, 3, 1) + 7


def test_what_a_card_says_comes_from_images_that_were_not_fitted(ratings, rows) -> None:
    scores = rows @ (1, 0.1, 5, 0, 0) + np.random.default_rng(2).normal(size=160)
    rated = replace(ratings, scores=scores)
    training, validation = group_split(rated.groups, (0.8, 0.2), seed=3)
    fit, card, agreement = fit_tuned(rows, rated, training, validation, mapping_of(rated))
    scale_D = rows[training].std(axis=0)
    one = Ridge(alpha=card["strength"]).fit(rows[training] / scale_D, scores[training])
    residuals_V = scores[validation] - one.predict(rows[validation] / scale_D)
    assert agreement["srocc"] == pytest.approx(srocc(scores[validation] - residuals_V, scores[validation]))
    width = card["interval"]["half_width"]
    assert 0.8 <= np.mean(np.abs(residuals_V) <= width + 1e-9) < 0.9
    assert 0.5 < card["interval"]["coverage"] <= 1
    scale_D = rows.std(axis=0)
    whole = Ridge(alpha=card["strength"]).fit(rows / scale_D, scores)
    np.testing.assert_allclose(fit.predict(rows), whole.predict(rows / scale_D), rtol=1e-6)
    other = Ridge(alpha=card["strength"] * 10).fit(rows[training] / scale_D, scores[training])
    worse = scores[validation] - other.predict(rows[validation] / scale_D)
    assert np.mean(residuals_V**2) <= np.mean(worse**2) * 1.001


def test_a_tuned_model_scores_by_itself_and_says_what_it_is(model, ratings, tmp_path) -> None:
    before = {path.name: path.read_bytes() for path in model.folder.iterdir()}
    result = finetune(
        ratings, model, tmp_path / "tuned", QUICK, name="mine", run=tmp_path / "run", about="ours", scale_min=1
    )
    assert before == {path.name: path.read_bytes() for path in model.folder.iterdir()}
    tuned = contrique.load(tmp_path / "tuned")
    card = json.loads((tmp_path / "tuned" / "card.json").read_text())
    assert (card["name"], card["training"]["method"]) == ("mine", "fine-tuned on ratings")
    assert (card["training"]["about"], card["regressor"]["about"]) == ("ours", "ours")
    assert card["training"]["images"] == {"training": 136, "validation": 24}
    assert [line["epoch"] for line in card["training"]["epochs"]] == [1, 2]
    assert card["training"]["epoch"] == result.run.best
    assert card["training"]["start"]["name"] == "tiny"
    assert card["regressor"]["mapping"] == {"low": 1.0, "high": float(ratings.scores.max()), "lower_is_better": False}
    assert {path.name for path in tmp_path.iterdir()} == {"tuned", "run"}  # nothing half-written beside it
    with_torch = contrique.load(tmp_path / "tuned", engine="torch")
    image = str(ratings.paths[0])
    np.testing.assert_allclose(tuned.features(image), with_torch.features(image), rtol=1e-3, atol=1e-4)
    assert tuned.digest != model.digest
    assert 0 <= float(tuned.score(image)) <= 100
    trained, _ = group_split(ratings.groups, (0.85, 0.15), seed=0)
    scores = [float(tuned.score(str(ratings.paths[i]))) for i in trained]
    assert srocc(np.array(scores), ratings.scores[trained]) > 0.8


def test_of_an_8_bit_model_the_float_weights_are_tuned(model, ratings, tmp_path) -> None:
    image = str(ratings.paths[0])
    assert floating(model) is model
    shutil.copytree(model.folder, tmp_path / "int8")
    export_onnx(tmp_path / "int8")
    card = read_card(tmp_path / "int8")
    card["encoder"] |= {"precision": "int8", "calibration": "none"}
    write_card(tmp_path / "int8", card)
    small = contrique.load(tmp_path / "int8")
    assert small.digest != model.digest
    again = floating(small)
    assert again.digest == model.digest
    assert np.array_equal(again.features(image), contrique.load(model.folder, engine="torch").features(image))


def test_what_cannot_be_tuned_on_is_told_before_the_work(model, ratings, tmp_path) -> None:
    def tuned(rated, **more) -> None:
        finetune(rated, model, tmp_path / "tuned", Settings(**more), name="x", run=tmp_path / "run")

    with pytest.raises(ContriqueError, match="the same rating 2: there is nothing to learn"):
        tuned(replace(ratings, scores=np.full(len(ratings), 2.0)))
    with pytest.raises(ContriqueError, match="without references"):
        tuned(replace(ratings, references=ratings.paths))
    with pytest.raises(ContriqueError, match="validation images are too few"):
        tuned(ratings.only(np.arange(len(ratings)) < 20), validation=0.1)
    wide = QualityModel(
        model.folder, model.card | {"preprocessing": Preprocessing(min_side=96).to_dict()}, model._engine
    )
    with pytest.raises(ContriqueError, match="crop: tiny takes sides of 96 pixels or more, got 64"):
        finetune(ratings, wide, tmp_path / "tuned", Settings(crop=64), name="x", run=tmp_path / "run")
    with pytest.raises(ContriqueError, match="a split into 2 parts"):
        tuned(replace(ratings, groups=np.zeros(len(ratings), int)))
    assert not (tmp_path / "tuned").exists()
    assert not (tmp_path / "run").exists()
