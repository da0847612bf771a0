"""HOSA against the values published for the release's files, and a slow port of its code."""

import shutil
from pathlib import Path

import codebook_releases
import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.baselines import hosa
from contrique.baselines.parameters import read_shipped, write_shipped
from contrique.errors import ImageError, ModelError
from contrique.evaluation.correlation import srocc

PHOTOGRAPHS = Path(__file__).parents[2] / "demo" / "photographs"
FILES = ("hosa_codebook_hosa.mat", "hosa_whitening_param.mat", "hosa_hosa_live_model.mat")


@pytest.fixture(scope="module")
def official(shared_reference: Path) -> hosa.Hosa:
    return hosa.load(shared_reference / "models")


@pytest.mark.parametrize(("name", "published"), [("hosa_img4", 69.55), ("hosa_img118", 12.39)])
def test_official_parameters_give_published_values(
    official: hosa.Hosa, shared_reference: Path, name: str, published: float
) -> None:
    score = official.score(shared_reference / "images" / f"{name}.png")
    assert score.raw == pytest.approx(published, abs=0.005)
    assert score.value == pytest.approx(100 - score.raw)
    assert np.isnan([score.low, score.high]).all()


def slow(method: hosa.Hosa, image_HWC: np.ndarray) -> np.ndarray:
    whitening = method._whitening
    return codebook_releases.hosa_feature_extraction(
        image_HWC, list(method._codebook), whitening.mean_49, whitening.matrix_PP
    )


def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    half = np.full((30, 40, 3), 90, np.uint8)
    half[:, 20:] = rng.integers(0, 256, (30, 20, 3))
    return {
        "noise": rng.integers(0, 256, (37, 52, 3), dtype=np.uint8),
        "half flat": half,
        "flat": np.full((30, 30, 3), 128, np.uint8),
        "one patch": rng.integers(0, 256, (11, 11, 3), dtype=np.uint8),
        "a row": rng.integers(0, 256, (11, 200, 3), dtype=np.uint8),
        "photograph": np.asarray(Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB"))[:60, :75],
    }


@pytest.mark.parametrize("name", pictures())
def test_features_are_those_of_the_release(official: hosa.Hosa, name: str) -> None:
    image_HWC = pictures()[name]
    got = official.prepare(image_HWC)
    assert got.shape == (14_700,)
    np.testing.assert_allclose(got, slow(official, image_HWC), atol=1e-7)
    assert np.linalg.norm(got) == pytest.approx(1)


def test_the_grid_steps_wider_in_larger_pictures() -> None:
    for height, width, step in ((100, 399, 1), (200, 200, 2), (384, 512, 4), (1000, 1500, 12)):
        place_HW = np.arange(height * width).reshape(height, width)
        first = hosa.grid(place_HW)[:, 0]
        rows, columns = np.divmod(first, width)
        assert set(rows) == set(range(2, height - 8, step))
        assert set(columns) == set(range(2, width - 8, step))
        assert len(first) == len(set(rows)) * len(set(columns)) < 40_000


def test_blocks_do_not_show(official: hosa.Hosa, monkeypatch: pytest.MonkeyPatch) -> None:
    image_HWC = pictures()["noise"]
    whole = official.prepare(image_HWC)
    monkeypatch.setattr(hosa, "BLOCK", 77)
    np.testing.assert_allclose(official.prepare(image_HWC), whole, atol=1e-9)


def test_too_small_pictures_are_named() -> None:
    with pytest.raises(ImageError, match="HOSA needs 11 pixels a side, got 40 x 10"):
        hosa.load().score(np.zeros((10, 40, 3), np.uint8))


def test_worse_photographs_score_lower() -> None:
    names = ("pagoda.jpg", "pagoda-blurred.jpg", "pagoda-noisy.jpg", "pagoda-jpeg.jpg")
    best, *others = contrique.load(method="hosa").score([PHOTOGRAPHS / name for name in names])
    for score in others:
        assert score.value < best.value
        assert score.raw > best.raw
        assert score.low < score.value < score.high


def test_shipped_parameters_do_not_drift() -> None:
    got = {name: contrique.load(method="hosa").score(PHOTOGRAPHS / name).raw for name in GOLDEN}
    assert got == pytest.approx(GOLDEN, abs=0.05)


GOLDEN = {"astronaut.jpg": 20.521, "coffee.jpg": 28.350, "pagoda-jpeg.jpg": 24.697, "raccoon-out-of-focus.jpg": 68.923}


def test_files_may_be_named_as_in_the_release(tmp_path: Path, shared_reference: Path, official: hosa.Hosa) -> None:
    for name in FILES:
        shutil.copy(shared_reference / "models" / name, tmp_path / name.removeprefix("hosa_"))
    image_HWC = pictures()["noise"]
    assert hosa.load(tmp_path).score(image_HWC).raw == official.score(image_HWC).raw


@pytest.mark.parametrize("missing", FILES)
def test_a_file_that_is_missing_or_another_is_named(tmp_path: Path, shared_reference: Path, missing: str) -> None:
    for name in FILES:
        if name != missing:
            shutil.copy(shared_reference / "models" / name, tmp_path)
    with pytest.raises(ModelError, match=f"{missing}: missing"):
        hosa.load(tmp_path)
    shutil.copy(shared_reference / "models" / "niqe_modelparameters.mat", tmp_path / missing)
    with pytest.raises(ModelError, match=f"{missing}: expected a matrix"):
        hosa.load(tmp_path)


def test_damaged_folders_of_ours_are_refused(tmp_path: Path) -> None:
    card, arrays = read_shipped(hosa.WEIGHTS / "hosa")
    folder = tmp_path / "x"
    for changed_card, changed, says in (
        ({}, {"words": arrays["words"][:, :40]}, "expected words of any x 49"),
        ({}, {"variance": arrays["variance"][:-1]}, "expected variance of 100 x 49"),
        ({}, {"whitening": arrays["whitening"] * np.nan}, "whitening holds values that are not finite"),
        ({}, {"weight": arrays["weight"][:-1]}, "expected weight of 14700"),
        ({"method": "CORNIA"}, {}, "holds parameters of 'CORNIA', not of HOSA"),
        ({"raw": {"mapping": {}, "interval": None}}, {}, "what it says of raw is damaged"),
        ({"raw": {}}, {}, "what it says of raw is damaged"),
        ({"raw": {**card["raw"], "lower_is_better": "no"}}, {}, "lower_is_better is neither true nor false"),
        ({"raw": {**card["raw"], "interval": {"half_width": "4"}}}, {}, "half_width from 0 upwards, got '4'"),
        ({"raw": {**card["raw"], "interval": {"half_width": -4}}}, {}, "half_width from 0 upwards, got -4"),
        ({"raw": {**card["raw"], "interval": {"half_width": np.nan}}}, {}, "half_width from 0 upwards, got nan"),
        ({"method": "a\nb"}, {}, r"holds parameters of 'a\\nb', not of HOSA"),
        ({}, {"words": arrays["words"].astype(np.float64) * 1e200}, "words holds values beyond 1e\\+30"),
        ({"name": 3}, {}, "has no name"),
    ):
        write_shipped(folder, {**card, **changed_card}, {**arrays, **changed})
        with pytest.raises(ModelError, match=says):
            hosa.load(folder)
    few = {name: arrays[name][:4] for name in ("words", "variance", "skewness")}
    write_shipped(folder, {**card, "raw": None}, {"mean": arrays["mean"], "whitening": arrays["whitening"], **few})
    with pytest.raises(ModelError, match="HOSA needs 5 words, got 4"):
        hosa.load(folder)


def test_words_far_from_every_patch_have_features(official: hosa.Hosa) -> None:
    rng = np.random.default_rng(0)
    x_NP = 1e6 * rng.standard_normal((40, 49))  # e^(-0.05 d^2) is 0 for all of them
    assert np.isfinite(hosa.encode(x_NP, official._codebook)).all()


def test_another_regressor_leaves_the_features_digest_and_another_codebook_does_not(tmp_path: Path) -> None:
    card, arrays = read_shipped(hosa.WEIGHTS / "hosa")
    shipped = hosa.load()
    write_shipped(tmp_path / "a", card, {**arrays, "weight": arrays["weight"] * 2})
    write_shipped(tmp_path / "b", card, {**arrays, "words": arrays["words"] * 2})
    assert hosa.load(tmp_path / "a").digest == shipped.digest
    assert hosa.load(tmp_path / "b").digest != shipped.digest


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_the_learner_learns_each_split_from_its_own_training_images(lower_is_better: bool) -> None:
    rng = np.random.default_rng(3)
    features_ND = rng.uniform(size=(120, 30))
    scores_N = 3 + 0.1 * features_ND[:, 0] - 0.2 * features_ND[:, 5]
    learner = hosa.load().learner(features_ND, scores_N, lower_is_better=lower_is_better)
    train, validation, test = np.arange(80), np.arange(80, 90), np.arange(90, 120)
    predicted = learner(train, validation, test)
    assert srocc(predicted, scores_N[test]) > 0.9
    scores_N[test] = 0  # not looked at
    np.testing.assert_array_equal(learner(train, validation, test), predicted)
