"""CORNIA against a slow port of the release's encoding, and what it promises of its sample."""

from pathlib import Path

import codebook_releases
import numpy as np
import pytest
import scipy.io
from PIL import Image

import contrique
from contrique.baselines import cornia
from contrique.baselines.parameters import read_shipped, write_shipped
from contrique.baselines.patches import Whitening
from contrique.errors import ImageError, ModelError
from contrique.evaluation.correlation import srocc

PHOTOGRAPHS = Path(__file__).parents[2] / "demo" / "photographs"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def whitening(shared_reference: Path) -> Whitening:
    published = scipy.io.loadmat(shared_reference / "models" / "cornia_CSIQ_whitening_param.mat")
    return Whitening(published["M"][0], published["P"])


def bare(words_KP: np.ndarray, whitening: Whitening) -> cornia.Cornia:
    return cornia.Cornia({"name": "x", "raw": None}, words_KP, whitening, None)


@pytest.mark.parametrize("count", [1, 100, 137])
@pytest.mark.parametrize("shape", [(40, 31), (7, 60), (7, 7)])
def test_features_are_those_of_the_release(whitening: Whitening, count: int, shape: tuple[int, int]) -> None:
    words_KP = RNG.normal(size=(count, 49))
    image_HWC = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    got = bare(words_KP, whitening).prepare(image_HWC)
    expected = codebook_releases.cornia_all_patches(image_HWC, words_KP, whitening.mean_49, whitening.matrix_PP)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert got.shape == (2 * count,)
    assert got.dtype == np.float32


def test_a_large_picture_is_sampled_and_always_in_the_same_places(whitening: Whitening) -> None:
    photograph = np.asarray(Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB"))[:230, :300]
    words_KP = RNG.normal(size=(50, 49))
    method = bare(words_KP, whitening)
    got = method.prepare(photograph)
    np.testing.assert_array_equal(got, method.prepare(photograph.copy()))
    every = codebook_releases.cornia_all_patches(
        photograph[:120, :90], words_KP, whitening.mean_49, whitening.matrix_PP
    )
    assert len(cornia.patches(photograph[..., 0])) == 10_000
    assert len(cornia.patches(photograph[:120, :90, 0])) == 114 * 84
    np.testing.assert_allclose(method.prepare(photograph[:120, :90]), every, atol=1e-5)


def test_patches_and_words_in_another_order_or_size_of_block_are_the_same(
    whitening: Whitening, monkeypatch: pytest.MonkeyPatch
) -> None:
    words_KP = RNG.normal(size=(330, 49))
    x_NP = RNG.normal(size=(500, 49)).astype(np.float32)
    whole = cornia.encode(x_NP, cornia.blocks(words_KP), 330)
    order = RNG.permutation(330)
    shuffled = cornia.encode(x_NP[::-1], cornia.blocks(3 * words_KP[order]), 330)
    np.testing.assert_allclose(shuffled, whole[np.concatenate([order, 330 + order])], atol=1e-5)
    monkeypatch.setattr(cornia, "GROUP", 2)
    np.testing.assert_array_equal(cornia.encode(x_NP, cornia.blocks(words_KP), 330), whole)
    mirrored = cornia.encode(x_NP, cornia.blocks(-words_KP), 330)
    np.testing.assert_allclose(mirrored, np.roll(whole, 330), atol=1e-6)


def test_a_flat_picture_has_features_and_a_tiny_one_does_not(whitening: Whitening) -> None:
    method = bare(RNG.normal(size=(20, 49)), whitening)
    flat = -whitening.mean_49 @ whitening.matrix_PP @ cornia.blocks(method_words := RNG.normal(size=(20, 49)))[0]
    got = bare(method_words, whitening).prepare(np.full((30, 30, 3), 77, np.uint8))
    np.testing.assert_allclose(got[:20] - got[20:], flat[:20], atol=1e-6)
    with pytest.raises(ImageError, match="patches need 7 x 7 pixels, got 6 x 40"):
        method.score(np.zeros((40, 6, 3), np.uint8))


def test_a_codebook_without_regressor_says_so(whitening: Whitening) -> None:
    method = bare(RNG.normal(size=(20, 49)), whitening)
    with pytest.raises(ModelError, match="has features for contrique evaluate, but no regressor"):
        method.score(np.zeros((40, 40, 3), np.uint8))


@pytest.fixture(scope="module")
def scores() -> dict[str, contrique.Score]:
    names = ("pagoda.jpg", "pagoda-blurred.jpg", "pagoda-noisy.jpg", *GOLDEN)
    method = contrique.load(method="cornia")
    return dict(zip(names, method.score([PHOTOGRAPHS / name for name in names]), strict=True))


def test_worse_photographs_score_lower(scores: dict[str, contrique.Score]) -> None:
    best = scores["pagoda.jpg"]
    for name in ("pagoda-blurred.jpg", "pagoda-noisy.jpg", "pagoda-jpeg.jpg"):
        score = scores[name]
        assert score.value < best.value
        assert score.raw > best.raw
        assert score.low < score.value < score.high


def test_shipped_parameters_do_not_drift(scores: dict[str, contrique.Score]) -> None:
    assert {name: scores[name].raw for name in GOLDEN} == pytest.approx(GOLDEN, abs=0.05)


GOLDEN = {"astronaut.jpg": 18.884, "coffee.jpg": 19.458, "pagoda-jpeg.jpg": 29.267, "raccoon-out-of-focus.jpg": 79.360}


def test_the_releases_codebook_is_read_where_there_is_one(tmp_path: Path, shared_reference: Path) -> None:
    with pytest.raises(ModelError, match=r"CSIQ_codebook_BS7\.mat: missing"):
        cornia.load(shared_reference / "models")
    words_PK = RNG.normal(size=(49, 10_000))
    scipy.io.savemat(tmp_path / "CSIQ_codebook_BS7.mat", {"codebook0": words_PK})
    whitening_file = shared_reference / "models" / "cornia_CSIQ_whitening_param.mat"
    (tmp_path / "CSIQ_whitening_param.mat").write_bytes(whitening_file.read_bytes())
    method = cornia.load(tmp_path)
    assert method.dim == 20_000
    image_HWC = RNG.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    published = scipy.io.loadmat(whitening_file)
    expected = codebook_releases.cornia_all_patches(image_HWC, words_PK.T, published["M"][0], published["P"])
    np.testing.assert_allclose(method.prepare(image_HWC), expected, atol=1e-5)


def test_damaged_folders_of_ours_are_refused(tmp_path: Path) -> None:
    card, arrays = read_shipped(cornia.WEIGHTS / "cornia")
    for changed_card, changed, says in (
        ({}, {"words": arrays["words"][:, :40]}, "expected words of any x 49"),
        ({}, {"mean": arrays["mean"] * np.inf}, "mean holds values that are not finite"),
        ({}, {"bias": np.zeros(2, np.float32)}, "expected bias of 1"),
        ({"method": "HOSA"}, {}, "holds parameters of 'HOSA', not of CORNIA"),
    ):
        write_shipped(tmp_path / "x", {**card, **changed_card}, {**arrays, **changed})
        with pytest.raises(ModelError, match=says):
            cornia.load(tmp_path / "x")


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_the_learner_learns_each_split_from_its_own_training_images(lower_is_better: bool) -> None:
    rng = np.random.default_rng(3)
    features_ND = rng.uniform(size=(120, 30))
    scores_N = 3 + 0.1 * features_ND[:, 0] - 0.2 * features_ND[:, 5]
    learner = cornia.load().learner(features_ND, scores_N, lower_is_better=lower_is_better)
    train, validation, test = np.arange(80), np.arange(80, 90), np.arange(90, 120)
    predicted = learner(train, validation, test)
    assert srocc(predicted, scores_N[test]) > 0.9
    scores_N[test] = 0  # not looked at
    np.testing.assert_array_equal(learner(train, validation, test), predicted)
