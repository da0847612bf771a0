"""BRISQUE against the release's published values, a slow port of it, and what it promises of itself."""

import shutil
from pathlib import Path

import matlab_releases
import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.baselines import brisque, nss
from contrique.errors import ContriqueError, ImageError, ModelError
from contrique.evaluation.correlation import srocc

PHOTOGRAPHS = Path(__file__).parents[2] / "demo" / "photographs"


@pytest.fixture(scope="module")
def official(shared_reference: Path) -> brisque.Brisque:
    return brisque.load(shared_reference / "models")


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("goldhill", 8.425548118925917, {"rel": 1e-4}),
        ("tid_I01_reference", 10.259409019043119, {"rel": 1e-4}),
        ("tid_I04", -0.107618, {"rel": 1e-4}),
        ("tid_I03", 94.6421, {"abs": 0.01}),
        ("brisque_testimage1", 97.4, {"abs": 0.05}),
        ("brisque_testimage2", 32.0, {"abs": 0.05}),
    ],
)
def test_official_parameters_give_published_values(
    official: brisque.Brisque, shared_reference: Path, name: str, published: float, tolerance: dict[str, float]
) -> None:
    score = official.score(shared_reference / "images" / f"{name}.png")
    assert score.raw == pytest.approx(published, **tolerance)
    if 10 < score.raw < 90:
        assert score.value == pytest.approx(100 - score.raw)
    assert np.isnan([score.low, score.high]).all()


@pytest.mark.parametrize("shape", [(96, 70), (61, 133), (8, 9)])
def test_features_are_those_of_the_release(shape: tuple[int, int]) -> None:
    grey_HW = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    expected = matlab_releases.brisque_feature(grey_HW)
    np.testing.assert_allclose(brisque.brisque_features(grey_HW), expected, rtol=1e-9, atol=1e-12)


def test_features_of_a_photograph_are_those_of_the_release() -> None:
    grey_HW = nss.grey(np.asarray(Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB")))[:150, :201]
    np.testing.assert_allclose(
        brisque.brisque_features(grey_HW), matlab_releases.brisque_feature(grey_HW), rtol=1e-7, atol=1e-9
    )


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    grey_HW = np.random.default_rng(2).integers(0, 256, (50, 41), dtype=np.uint8)
    whole = brisque.brisque_features(grey_HW)
    monkeypatch.setattr(nss, "STRIP", 90)
    np.testing.assert_allclose(brisque.brisque_features(grey_HW), whole, rtol=1e-12)


@pytest.mark.parametrize("picture", [np.zeros((40, 40), np.uint8), np.zeros((1, 1), np.uint8)])
def test_black_has_no_answer(picture: np.ndarray) -> None:
    with pytest.raises(ContriqueError, match="no contrast"):
        brisque.brisque_features(picture)
    with pytest.raises(ImageError, match="<array>: cannot be scored: BRISQUE has no answer"):
        brisque.load().score(picture)


def test_scaling_has_the_digits_of_the_text_files() -> None:
    low_D, high_D = np.array([0.0, 1.0]), np.array([3.0, 2.0])
    got = brisque.scaled(np.array([[1.23456789, 5.0]]), low_D, high_D)
    np.testing.assert_array_equal(got, [[float(f"{-1 + 2 * 1.234568 / 3:.6g}"), 7.0]])  # beyond 1: not clipped


def test_worse_photographs_score_lower() -> None:
    # Not so JPEG: nearly every photograph of BIQ2021 is one, and its regressor likes them (docs/baselines.md).
    names = ("pagoda.jpg", "pagoda-blurred.jpg", "pagoda-noisy.jpg")
    best, *others = contrique.load(method="brisque").score([PHOTOGRAPHS / name for name in names])
    for score in others:
        assert score.value < best.value
        assert score.raw > best.raw
        assert score.low < score.value < score.high


def test_shipped_parameters_do_not_drift() -> None:
    got = {name: contrique.load(method="brisque").score(PHOTOGRAPHS / name).raw for name in GOLDEN}
    assert got == pytest.approx(GOLDEN, abs=0.05)


GOLDEN = {"astronaut.jpg": 17.914, "coffee.jpg": 19.88, "pagoda-jpeg.jpg": 16.369, "raccoon-out-of-focus.jpg": 75.267}


def test_parameters_that_are_missing_are_named(tmp_path: Path, shared_reference: Path) -> None:
    with pytest.raises(ModelError, match=r"brisque_allrange\.txt: missing"):
        brisque.load(tmp_path)
    shutil.copy(shared_reference / "models" / "brisque_allrange.txt", tmp_path)
    with pytest.raises(ModelError, match=r"brisque_allmodel\.libsvm: missing"):
        brisque.load(tmp_path)


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_the_learner_learns_each_split_from_its_own_training_images(lower_is_better: bool) -> None:
    rng = np.random.default_rng(3)
    features_ND = rng.uniform(size=(120, 36))
    scores_N = 3 + 0.1 * features_ND[:, 0] - 0.2 * features_ND[:, 5]  # a narrow scale of its own
    learner = brisque.load().learner(features_ND, scores_N, lower_is_better=lower_is_better)
    train, validation, test = np.arange(80), np.arange(80, 90), np.arange(90, 120)
    predicted = learner(train, validation, test)
    assert srocc(predicted, scores_N[test]) > 0.9
    assert abs(predicted - scores_N[test]).max() < 0.1
    scores_N[test] = 0  # not looked at
    np.testing.assert_array_equal(learner(train, validation, test), predicted)
