"""Codebook learning: K-means against scikit-learn's, words' shapes against SciPy's, and the same again by seed."""

import numpy as np
import pytest
import scipy.stats
from sklearn.cluster import KMeans

from contrique.baselines import codebook
from contrique.baselines.patches import PIXELS
from contrique.errors import ContriqueError


def rows(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, PIXELS)) * np.linspace(0.2, 3, PIXELS)).astype(np.float32)


def test_kmeans_is_lloyds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codebook, "SETTLED", 10**9)  # until nothing moves
    monkeypatch.setattr(codebook, "ROUNDS", 300)
    x_NP = rows(900)
    words_KP, word_N = codebook.kmeans(x_NP, 12, seed=4)
    begin = x_NP[np.random.default_rng(4).choice(900, 12, replace=False)]
    theirs = KMeans(12, init=begin, n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(x_NP)
    np.testing.assert_array_equal(word_N, theirs.labels_)
    np.testing.assert_allclose(words_KP, theirs.cluster_centers_, atol=1e-4)


@pytest.mark.parametrize(("count", "words"), [(1, 1), (700, 5), (333, 205)])
def test_the_nearest_word_is_the_nearest(count: int, words: int) -> None:
    x_NP, words_KP = rows(count), rows(words, seed=1).astype(np.float64)
    distance_NK = ((x_NP[:, None].astype(np.float64) - words_KP[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(codebook.nearest(x_NP, words_KP), distance_NK.argmin(axis=1))


def test_a_word_that_loses_its_rows_starts_again() -> None:
    x_NP = np.concatenate([rows(50), rows(50, seed=1) + 1000])
    for seed in range(5):
        words_KP, word_N = codebook.kmeans(x_NP, 40, seed=seed)
        assert np.isfinite(words_KP).all()
        for word in np.unique(word_N):
            np.testing.assert_allclose(words_KP[word], x_NP[word_N == word].mean(axis=0), rtol=1e-5, atol=1e-4)


def test_shapes_of_words_are_variance_and_skewness() -> None:
    x_NP, word_N = rows(400), np.random.default_rng(1).integers(0, 7, 400)
    x_NP[word_N == 3] = x_NP[word_N == 3][0]  # a word of one patch again and again
    word_N[word_N == 5] = 6  # and one without any
    words_KP = np.array([x_NP[word_N == k].mean(axis=0, dtype=float) if k != 5 else x_NP[0] for k in range(7)])
    variance_KP, skewness_KP = codebook.shapes(x_NP, word_N, words_KP)
    for k in (0, 1, 2, 4, 6):
        mine = x_NP[word_N == k].astype(np.float64)
        np.testing.assert_allclose(variance_KP[k], mine.var(axis=0), rtol=1e-5)
        np.testing.assert_allclose(skewness_KP[k], scipy.stats.skew(mine, axis=0), atol=1e-4)
    np.testing.assert_allclose(variance_KP[[3, 5]], 0, atol=1e-10)
    np.testing.assert_array_equal(skewness_KP[5], 0)


@pytest.mark.parametrize("method", codebook.WORDS)
def test_the_same_pictures_and_seed_give_the_same_codebook(method: str) -> None:
    rng = np.random.default_rng(5)
    pictures = [np.uint8(rng.normal(128, 30, (50, 60)).clip(0, 255)) for _ in range(4)]

    def again(seed: int) -> dict[str, np.ndarray]:
        patches_NP = codebook.draw(iter(pictures), 500, down=method == "cornia", seed=seed)
        assert patches_NP.shape == (2000, 49)
        return codebook.learn(method, patches_NP, 20, seed=seed)

    one, same, other = again(0), again(0), again(1)
    names = {"mean", "whitening", "words"} | ({"variance", "skewness"} if method == "hosa" else set())
    assert set(one) == names
    for name in names:
        assert one[name].dtype == np.float32
        np.testing.assert_array_equal(one[name], same[name])
    assert one["words"].shape == (20, 49)
    assert abs(one["words"] - other["words"]).max() > 0.01


def test_pixels_run_down_or_along() -> None:
    picture = np.arange(49, dtype=np.uint8).reshape(7, 7)
    np.testing.assert_array_equal(codebook.draw([picture], 5, down=False, seed=0), picture.reshape(1, 49))
    np.testing.assert_array_equal(codebook.draw([picture], 5, down=True, seed=0), picture.T.reshape(1, 49))


def test_too_little_to_learn_from_is_said() -> None:
    with pytest.raises(ContriqueError, match="there is none"):
        codebook.draw([], 5, down=True, seed=0)
    flat = codebook.draw([np.full((20, 20), 7, np.uint8)], 50, down=True, seed=0)
    with pytest.raises(ContriqueError, match="2 words need as many different patches, got 1"):
        codebook.learn("cornia", flat, 2, seed=0)
    with pytest.raises(ContriqueError, match="0 words"):
        codebook.kmeans(rows(5), 0, seed=0)


def test_patches_grow_with_words() -> None:
    assert codebook.patch_count(100) == 200_000
    assert codebook.patch_count(10_000) == 500_000
