"""NIQE against the release's published values, a slow port of it, and what it promises of itself."""

from pathlib import Path

import matlab_releases
import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.baselines import niqe, nss
from contrique.errors import ContriqueError, ImageError, ModelError

PHOTOGRAPHS = Path(__file__).parents[2] / "demo" / "photographs"


def noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.fixture(scope="module")
def official(shared_reference: Path) -> niqe.Niqe:
    return niqe.load(shared_reference / "models")


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [("tid_I04", 3.65492152353770, {"rel": 1e-9}), ("tid_I03", 15.7536293917814, {"abs": 0.05})],
)
def test_official_parameters_give_published_values(
    official: niqe.Niqe, shared_reference: Path, name: str, published: float, tolerance: dict[str, float]
) -> None:
    score = official.score(shared_reference / "images" / f"{name}.png")
    assert score.raw == pytest.approx(published, **tolerance)
    if score.raw < 9:
        assert score.value == pytest.approx(100 - 10 * score.raw)
    assert np.isnan([score.low, score.high]).all()


@pytest.mark.parametrize("shape", [(96, 96), (100, 200), (193, 97)])
def test_numbers_of_blocks_are_those_of_the_release(shape: tuple[int, int]) -> None:
    blocks_BD = niqe.block_features(noise(*shape))
    np.testing.assert_allclose(blocks_BD, matlab_releases.niqe_feature(noise(*shape)), rtol=1e-8)


def test_numbers_of_a_photograph_are_those_of_the_release() -> None:
    grey_HW = nss.grey(np.asarray(Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB")))[:200, :300]
    blocks_BD = niqe.block_features(grey_HW)
    np.testing.assert_allclose(blocks_BD, matlab_releases.niqe_feature(grey_HW), rtol=1e-6, atol=1e-9)


def test_pristine_blocks_are_the_sharp_ones_of_the_release_less_flat_ones() -> None:
    grey_HW = nss.grey(np.asarray(Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB")))[:200, :300].copy()
    grey_HW[:10, :10] = 255  # in the first block a hundredth and a half is flat
    sigma = matlab_releases.mscn(grey_HW[:192, :288].astype(float), "nearest")[1]
    blocks = [sigma[y : y + 96, x : x + 96] for y in (0, 96) for x in (0, 96, 192)]
    sharp = np.array([block.mean() for block in blocks])
    flat = np.array([(block < 0.5).mean() for block in blocks])
    np.testing.assert_array_equal(niqe.pristine(grey_HW), (sharp > 0.75 * sharp.max()) & (flat <= 0.01))


def test_a_flat_block_is_left_out_as_nancov_does() -> None:
    picture = noise(96, 288)
    picture[:, 96:192] = 0
    blocks_BD = niqe.block_features(picture)
    np.testing.assert_allclose(blocks_BD, matlab_releases.niqe_feature(picture), rtol=1e-8)
    blocks_BD[1, 3] = np.nan
    mean_D, covariance_DD = niqe.gaussian(blocks_BD)
    np.testing.assert_allclose(mean_D, np.nanmean(blocks_BD, axis=0))
    np.testing.assert_allclose(covariance_DD, np.cov(blocks_BD[[0, 2]], rowvar=False), atol=1e-12)


def test_a_single_block_has_no_covariance(official: niqe.Niqe) -> None:
    assert not niqe.gaussian(niqe.block_features(noise(100, 150)))[1].any()
    assert 0 < official.score(noise(100, 150)).raw < np.inf


def test_the_distance_is_that_of_the_formula(official: niqe.Niqe) -> None:
    blocks_BD = niqe.block_features(noise(200, 300))
    (raw,) = official.raw(official.prepare(np.repeat(noise(200, 300)[..., None], 3, axis=2))[None])
    away_D = official._mean_D - blocks_BD.mean(axis=0)
    both_DD = (official._covariance_DD + np.cov(blocks_BD, rowvar=False)) / 2
    assert raw == pytest.approx(np.sqrt(away_D @ np.linalg.inv(both_DD) @ away_D), rel=1e-6)


def test_the_inverse_leaves_out_what_is_not_there() -> None:
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(36, 36)))[0]
    values = np.concatenate([np.linspace(1, 2, 20), np.zeros(16)])
    np.testing.assert_allclose(niqe.pinv(basis * values @ basis.T), np.linalg.pinv(basis * values @ basis.T), atol=1e-9)


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (noise(95, 300), "needs 96 x 96 pixels, got 300 x 95"),
        (np.zeros((96, 96), np.uint8), "no contrast"),
        (np.zeros((1, 1), np.uint8), "needs 96 x 96"),
    ],
)
def test_images_without_an_answer_are_errors(picture: np.ndarray, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        niqe.load().score(picture)


def test_an_image_is_as_far_from_its_own_model_as_it_should_be() -> None:
    # The same Gaussian on both sides: no distance.
    mean_D, covariance_DD, images, blocks = niqe.fit_pristine([np.tile(noise(96, 96), (2, 3))])
    assert (images, blocks) == (1, 6)
    own = niqe.Niqe(niqe.OFFICIAL, mean_D, covariance_DD)
    assert own.score(np.tile(noise(96, 96), (2, 3))).raw == pytest.approx(0, abs=1e-6)


def test_pristine_models_are_fitted_to_sharp_blocks_only() -> None:
    picture = noise(96, 192)
    picture[:, 96:] = 128 + (picture[:, 96:] // 16)  # a fifteenth as sharp
    mean_D, _, _, blocks = niqe.fit_pristine([picture, noise(96, 96, seed=2)])
    assert blocks == 2
    sharp = [niqe.block_features(picture)[0], niqe.block_features(noise(96, 96, seed=2))[0]]
    np.testing.assert_allclose(mean_D, np.mean(sharp, axis=0))


def test_worse_photographs_score_lower() -> None:
    scores = {path.stem: contrique.load(method="niqe").score(path) for path in PHOTOGRAPHS.glob("pagoda*.jpg")}
    assert len(scores) == 4
    best = scores.pop("pagoda")
    for score in scores.values():
        assert score.value < best.value
        assert score.raw > best.raw


def test_shipped_parameters_do_not_drift() -> None:
    got = {name: contrique.load(method="niqe").score(PHOTOGRAPHS / name).raw for name in GOLDEN}
    assert got == pytest.approx(GOLDEN, abs=0.01)


GOLDEN = {"astronaut.jpg": 2.754, "coffee.jpg": 3.239, "pagoda-jpeg.jpg": 9.393, "raccoon-out-of-focus.jpg": 8.41}


def test_parameters_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"niqe_modelparameters\.mat: missing"):
        niqe.load(tmp_path)


def test_the_learner_takes_the_ratings_direction() -> None:
    method = niqe.load()
    features_NF = np.stack([method.prepare(np.repeat(noise(96, 200, s)[..., None] // s, 3, axis=2)) for s in (1, 9)])
    raw_N = method.raw(features_NF)
    both = np.arange(2)
    for lower_is_better, expected in ((True, raw_N), (False, -raw_N)):
        predict = method.learner(features_NF, np.zeros(2), lower_is_better=lower_is_better)
        np.testing.assert_array_equal(predict(both[:0], both[:0], both), expected)


def test_gaussian_of_nothing_is_refused() -> None:
    with pytest.raises(ContriqueError, match="no contrast"):
        niqe.gaussian(np.full((3, 36), np.nan))
