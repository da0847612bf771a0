"""The two fits, against scikit-learn and by the laws they must keep."""

import numpy as np
import pytest

from contrique.learning.probing.fit import choose_strength, fit_kinds, fit_levels, log_loss, standardiser

pytest.importorskip("scipy")


def blobs(count: int = 200, kinds: int = 4, size: int = 6, spread: float = 1.5, seed: int = 0):
    """Noisy points around a centre for each kind."""
    rng = np.random.default_rng(seed)
    kind_N = rng.integers(kinds, size=count)
    centres = np.random.default_rng(99).normal(size=(kinds, size))
    return centres[kind_N] + spread * rng.normal(size=(count, size)), kind_N


@pytest.mark.parametrize("strength", [1.0, 0.01])
def test_kinds_are_scikit_learns_logistic_regression(strength: float) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    x_ND, kind_N = blobs()
    fit = fit_kinds(x_ND, kind_N, 4, strength, tolerance=1e-9, iterations=1000)
    theirs = linear.LogisticRegression(C=1 / strength / len(x_ND), tol=1e-9, max_iter=1000).fit(x_ND, kind_N)
    np.testing.assert_allclose(fit[:, :-1], theirs.coef_, atol=1e-5)
    shift = fit[:, -1] - theirs.intercept_  # intercepts are free up to one number for all
    np.testing.assert_allclose(shift, shift[0], atol=1e-5)


def test_the_order_of_views_and_the_start_change_nothing() -> None:
    x_ND, kind_N = blobs()
    order = np.random.default_rng(1).permutation(len(x_ND))
    start = np.random.default_rng(2).normal(size=(4, 7))
    one = fit_kinds(x_ND, kind_N, 4, 0.1, tolerance=1e-9, iterations=1000)
    other = fit_kinds(x_ND[order], kind_N[order], 4, 0.1, start, tolerance=1e-9, iterations=1000)
    np.testing.assert_allclose(other[:, :-1], one[:, :-1], atol=1e-5)


def test_single_precision_finds_the_same_kinds() -> None:
    x_ND, kind_N = blobs()
    said = [(x @ fit_kinds(x, kind_N, 4, 0.1)[:, :-1].T).argmax(axis=1) for x in (x_ND, x_ND.astype(np.float32))]
    assert (said[0] == said[1]).mean() > 0.99


def test_log_loss_is_that_of_the_field() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    special = pytest.importorskip("scipy.special")
    logit_NK, kind_N = 3 * np.random.default_rng(3).normal(size=(30, 5)), np.arange(30) % 5
    assert log_loss(logit_NK, kind_N) == pytest.approx(metrics.log_loss(kind_N, special.softmax(logit_NK, axis=1)))
    assert log_loss(1000 * logit_NK, kind_N) < np.inf


def test_the_strength_is_the_one_that_is_best_on_others() -> None:
    """Few points in many dimensions, most of which say nothing: neither the weakest nor the strongest is best."""
    (x_ND, kind_N), (held_MD, held_M) = blobs(40, spread=1), blobs(400, spread=1, seed=5)
    noise = np.random.default_rng(6)
    x_ND, held_MD = (np.hstack([x, noise.normal(size=(len(x), 60))]) for x in (x_ND, held_MD))
    strengths = tuple(10.0**power for power in range(2, -5, -1))
    strength, fit = choose_strength(x_ND, kind_N, held_MD, held_M, 4, strengths)

    def lost(one: float) -> float:
        weights = fit_kinds(x_ND, kind_N, 4, one)
        return log_loss(held_MD @ weights[:, :-1].T + weights[:, -1], held_M)

    losses = {one: lost(one) for one in strengths}
    assert strength == min(losses, key=losses.__getitem__)
    assert strengths[-1] < strength < strengths[0]
    np.testing.assert_allclose(fit, fit_kinds(x_ND, kind_N, 4, strength), atol=0.02)


def test_standardising_is_by_column_and_leaves_constants_alone() -> None:
    x_ND = np.random.default_rng(7).normal(3, [1, 50, 1e-3], (2500, 3)).astype(np.float32)
    x_ND = np.hstack([x_ND, np.full((2500, 1), 0.3, np.float32)])
    mean_D, scale_D = standardiser(x_ND)
    np.testing.assert_allclose(mean_D, x_ND.mean(axis=0, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(scale_D[:3], x_ND[:, :3].std(axis=0, dtype=float), rtol=1e-5)
    assert scale_D[3] == 1


def strong(photographs: int = 30, size: int = 5, noise: float = 0.0):
    """Two kinds whose level is written in one column each, in units of their own; a third that has no levels."""
    rng = np.random.default_rng(8)
    photo_N, kind_N = np.repeat(np.arange(photographs), 3), np.tile([0, 1, 2], photographs)
    level_N = np.where(kind_N < 2, rng.integers(1, 6, len(kind_N)), 0)
    x_ND = 0.1 * rng.normal(size=(len(kind_N), size))
    x_ND[kind_N == 0, 0] += level_N[kind_N == 0]
    x_ND[kind_N == 1, 1] -= 3 * level_N[kind_N == 1]
    return x_ND + noise * rng.normal(size=x_ND.shape), kind_N, level_N, photo_N


def test_levels_rise_with_what_tells_them() -> None:
    x_ND, kind_N, level_N, photo_N = strong()
    fit_KD = fit_levels(x_ND, kind_N, level_N, photo_N, 4)
    assert fit_KD[0, 0] == pytest.approx(1, abs=0.05)
    assert fit_KD[1, 1] == pytest.approx(-1 / 3, abs=0.02)
    said_NK = x_ND @ fit_KD[:, :-1].T + fit_KD[:, -1]
    for kind in (0, 1):
        rows = kind_N == kind
        assert np.abs(said_NK[rows, kind] - level_N[rows]).max() < 0.6
    assert not fit_KD[2:].any()  # no levels, and no views


def test_levels_of_noise_are_their_mean() -> None:
    x_ND, kind_N, level_N, photo_N = strong(noise=1e4)
    fit_KD = fit_levels(x_ND, kind_N, level_N, photo_N, 3)
    assert (x_ND @ fit_KD[0, :-1] + fit_KD[0, -1])[kind_N == 0].std() < 0.6 * level_N[kind_N == 0].std()
