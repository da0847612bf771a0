"""Ridge with pairs against scipy's minimiser of the same sum, with and without the images of a fold."""

import numpy as np
import pytest
from scipy.optimize import minimize

from contrique.errors import ContriqueError
from contrique.evaluation.joint import fit_joint
from contrique.evaluation.pairs import ALIKE, MARGIN, MOST, PairedRidge, Pairs
from contrique.evaluation.ridge import RidgePath
from contrique.evaluation.splits import group_folds

SHAPES = [(40, 12), (14, 50)]


def pairs_of(differences_MD, alike=0, rows=None, photographs=None):
    """Pairs, the last ``alike`` of them alike; of rated images where rows are given, else of a photograph each."""
    count = len(differences_MD)
    rows_M = np.full(count, -1) if rows is None else np.asarray(rows)
    photographs_M = np.where(rows_M < 0, np.arange(count), -1) if photographs is None else np.asarray(photographs)
    return Pairs(np.asarray(differences_MD, dtype=float), np.arange(count) >= count - alike, rows_M, photographs_M)


def problem(images, features, *, pairs=30, alike=10, seed=0):
    rng = np.random.default_rng(seed)
    x_ND = rng.standard_normal((images, features)) * np.logspace(-1, 1, features) + 3.0
    x_ND[:, 0] = 7.25  # constant: must not come in by way of the pairs either
    y_N = 40 + 2 * x_ND[:, -1] + 3 * x_ND[:, 3] + rng.standard_normal(images)
    d_MD = rng.standard_normal((pairs + alike, features)) * np.logspace(-1, 1, features)
    rows = np.where(np.arange(pairs + alike) < pairs, -1, rng.integers(0, images, pairs + alike))
    return x_ND, y_N, pairs_of(d_MD, alike, rows)


def by_scipy(x_ND, y_N, pairs, scale_D, strength, margin, weight_M, used_M):
    """Minimise the sum of the file's first lines; weights and intercept for raw features."""
    z_ND, d_MD = x_ND / scale_D, np.where(np.arange(x_ND.shape[1]) == 0, 0.0, pairs.differences_MD / scale_D)
    z_ND[:, 0] = 0.0

    def cost(w_E):
        left_N = y_N - z_ND @ w_E[1:] - w_E[0]
        lack_M = np.where(pairs.alike_M, -d_MD @ w_E[1:], np.maximum(0, margin - d_MD @ w_E[1:])) * used_M
        gradient_D = -2 * z_ND.T @ left_N + 2 * strength * w_E[1:] - 2 * d_MD.T @ (weight_M * lack_M)
        return (
            left_N @ left_N + strength * w_E[1:] @ w_E[1:] + weight_M @ lack_M**2,
            np.concatenate([[-2 * left_N.sum()], gradient_D]),
        )

    start_E = np.concatenate([[y_N.mean()], np.zeros(x_ND.shape[1])])
    options = {"maxiter": 20000, "maxfun": 100000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 50}
    found = minimize(cost, start_E, jac=True, method="L-BFGS-B", options=options)
    return found.x[1:] / scale_D, found.x[0]


def weights(pairs, images):
    alike = pairs.alike_M.sum()
    return np.where(pairs.alike_M, ALIKE * images / alike, images / (len(pairs) - alike))


@pytest.mark.parametrize(("images", "features"), SHAPES)
@pytest.mark.parametrize("strength", [0.5, 20.0])
def test_it_is_the_least_of_the_sum(images, features, strength):
    x_ND, y_N, pairs = problem(images, features)
    path = RidgePath(x_ND, y_N)
    scale_D = np.where(x_ND.std(axis=0) > 0, x_ND.std(axis=0), 1.0)
    regressor = PairedRidge(path, strength, pairs, y_N.std()).regressor()
    everything_M = np.ones(len(pairs), dtype=bool)
    data = x_ND, y_N, pairs, scale_D, strength, MARGIN * y_N.std(), weights(pairs, images)
    coef_D, intercept = by_scipy(*data, everything_M)
    expected_N = x_ND[:, 1:] @ coef_D[1:] + intercept
    np.testing.assert_allclose(regressor.predict(x_ND), expected_N, atol=2e-4 * y_N.std())
    assert regressor.coef_D[0] == 0
    plain_N = path.regressors(np.array([strength]))[0].predict(x_ND)
    assert np.abs(plain_N - expected_N).max() > 0.05 * y_N.std()  # the pairs do something here


@pytest.mark.parametrize(("images", "features"), SHAPES)
def test_held_out_predictions_are_those_of_fits_without_the_fold_and_its_pairs(images, features):
    x_ND, y_N, pairs = problem(images, features, seed=1)
    strength, folds_N = 3.0, np.arange(images) % 3
    path = RidgePath(x_ND, y_N)
    scale_D = np.where(x_ND.std(axis=0) > 0, x_ND.std(axis=0), 1.0)
    held_out_N = PairedRidge(path, strength, pairs, y_N.std()).held_out(folds_N)
    for fold in range(3):
        learned, out = folds_N != fold, np.flatnonzero(folds_N == fold)
        used_M = (pairs.rows_M < 0) | learned[pairs.rows_M]
        assert 0 < (~used_M).sum() < len(pairs)
        rest = strength, MARGIN * y_N.std(), weights(pairs, images), used_M
        coef_D, intercept = by_scipy(x_ND[learned], y_N[learned], pairs, scale_D, *rest)
        expected_B = x_ND[out, 1:] @ coef_D[1:] + intercept
        np.testing.assert_allclose(held_out_N[out], expected_B, atol=5e-4 * y_N.std())


def test_pairs_that_are_in_order_by_far_change_nothing():
    x_ND, y_N, _ = problem(40, 12)
    path = RidgePath(x_ND, y_N)
    plain = path.regressors(np.array([1.0]))[0]
    d_MD = np.random.default_rng(0).standard_normal((20, 12))
    d_MD *= (10 * y_N.std() / (d_MD @ plain.coef_D))[:, None]
    paired = PairedRidge(path, 1.0, pairs_of(d_MD), y_N.std())
    np.testing.assert_allclose(paired.regressor().coef_D, plain.coef_D, rtol=1e-9)
    assert paired.order_kept() == (1.0, 1.0)


@pytest.mark.parametrize("images", [12, 200])
def test_columns_that_hardly_vary_among_the_rated_and_do_between_pairs_are_no_obstacle(images):
    rng = np.random.default_rng(0)
    features, dead = 60, 20
    x_ND = rng.standard_normal((images, features))
    x_ND[:, :dead] = 0.0
    x_ND[rng.integers(0, images, dead), np.arange(dead)] = 1e-8  # not constant, by the measure of RidgePath
    y_N = x_ND[:, -1] + 0.1 * rng.standard_normal(images)
    d_MD = rng.standard_normal((300, features))
    d_MD[:, :dead] = np.abs(d_MD[:, :dead]) * (rng.random((300, dead)) < 0.3)
    joint = fit_joint(x_ND, y_N, np.arange(images), np.zeros(images, int), pairs=pairs_of(d_MD))
    assert np.isfinite(joint.fit.regressor.coef_D).all()
    assert np.isfinite(joint.fit.held_out_N).all()
    if images > features:  # with fewer, rounding leaves little of what such pairs could teach
        before, _ = joint.paired.order_kept()
        assert np.mean(d_MD @ joint.fit.regressor.coef_D > 0) > before + 0.2


def test_a_direction_that_ratings_do_not_show_is_learned_from_pairs():
    rng = np.random.default_rng(0)
    x_ND = rng.standard_normal((60, 8))
    x_ND[:, 7] = 0.05 * rng.standard_normal(60)  # hardly varies among the rated, and they do not depend on it
    y_N = x_ND[:, 0] + 0.1 * rng.standard_normal(60)
    d_MD = np.zeros((30, 8))
    d_MD[:, 7] = -rng.uniform(1, 3, 30)  # of two photographs the one with less of it is better
    for lower_is_better in (False, True):
        joint = fit_joint(
            x_ND, y_N, np.arange(60), np.zeros(60, int), pairs=pairs_of(d_MD).for_ratings(lower_is_better)
        )
        better, worse = joint.fit.regressor.predict(np.array([np.zeros(8), np.eye(8)[7] * 2]))
        assert (better - worse) * (-1 if lower_is_better else 1) > 0.2 * y_N.std()
        assert np.corrcoef(joint.fit.held_out_N, y_N)[0, 1] > 0.95
        assert joint.paired.order_kept()[1] == 1.0


def test_images_alike_come_out_closer():
    x_ND, y_N, pairs = problem(60, 20, pairs=0, alike=60, seed=2)
    path = RidgePath(x_ND, y_N)
    plain, paired = path.regressors(np.array([1.0]))[0], PairedRidge(path, 1.0, pairs, y_N.std())
    assert np.abs(pairs.differences_MD @ paired.regressor().coef_D).mean() < 0.8 * np.mean(
        np.abs(pairs.differences_MD @ plain.coef_D)
    )
    assert all(np.isnan(share) for share in paired.order_kept())


def test_several_sets_take_pairs_and_no_pairs_change_nothing():
    x_ND, y_N, pairs = problem(40, 12)
    sets_N, groups_N = np.repeat([0, 1], 20), np.arange(40)
    both_N = np.where(sets_N == 1, 100 - 3 * y_N, -y_N) * -1
    plain = fit_joint(x_ND, both_N, groups_N, sets_N)
    empty = fit_joint(x_ND, both_N, groups_N, sets_N, pairs=pairs.only(np.zeros(0, int)))
    np.testing.assert_array_equal(empty.fit.regressor.coef_D, plain.fit.regressor.coef_D)
    assert plain.paired is None
    assert empty.paired is None
    joint = fit_joint(x_ND, both_N, groups_N, sets_N, pairs=pairs)
    np.testing.assert_array_equal(joint.slopes_K, plain.slopes_K)
    assert joint.fit.strength == plain.fit.strength
    assert np.abs(joint.fit.regressor.coef_D - plain.fit.regressor.coef_D).max() > 0
    for k in (0, 1):  # each set's ratings still meet its predictions
        rows = sets_N == k
        assert joint.scores_N[rows].mean() == pytest.approx(joint.fit.regressor.predict(x_ND[rows]).mean(), abs=1e-6)


def test_one_set_with_pairs_has_the_folds_and_strength_of_ridge():
    x_ND, y_N, pairs = problem(40, 12)
    joint = fit_joint(x_ND, y_N, np.arange(40), np.zeros(40, int), pairs=pairs)
    path = RidgePath(x_ND, y_N)
    folds_N = group_folds(np.arange(40), 10)
    assert joint.fit.strength == path.best(folds_N).strength
    again_N = PairedRidge(path, joint.fit.strength, pairs, y_N.std()).held_out(folds_N)
    np.testing.assert_array_equal(joint.fit.held_out_N, again_N)


def test_pairs_among_some_of_the_rated_images():
    pairs = pairs_of(np.arange(12.0).reshape(4, 3), 3, [-1, 0, 2, 5])
    some = pairs.among(np.array([5, 2]), 6)
    np.testing.assert_array_equal(some.rows_M, [-1, 1, 0])
    np.testing.assert_array_equal(some.differences_MD[:, 0], [0, 6, 9])
    np.testing.assert_array_equal(some.alike_M, [False, True, True])


def test_many_pairs_are_drawn_from():
    count = 2 * MOST + 500
    drawn = pairs_of(np.arange(count, dtype=float)[:, None], MOST // 2).drawn(0)
    assert len(drawn) == MOST + MOST // 2
    assert drawn.alike_M.sum() == MOST // 2
    assert len(np.unique(drawn.differences_MD)) == len(drawn)
    few = pairs_of(np.ones((5, 2)), 2)
    np.testing.assert_array_equal(few.drawn(3).alike_M, few.alike_M)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ContriqueError, match="pairs need differences"):
        Pairs(np.ones((3, 2)), np.ones(2, bool), np.zeros(3), np.zeros(3))
    with pytest.raises(ContriqueError, match="finite"):
        pairs_of(np.full((3, 2), np.nan))
