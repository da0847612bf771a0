"""Several rated sets on one scale: laws of the scales, against least squares by hand and sklearn's ridge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from sklearn.linear_model import Ridge

from contrique.errors import ContriqueError
from contrique.evaluation.joint import balanced, fit_joint, joint_folds, joint_groups, joint_split
from contrique.evaluation.ridge import RidgePath, fit_ridge

SIZES = (60, 40, 25)


@pytest.fixture(scope="module")
def three() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, true quality plus noise, groups of two, sets; the sets look different."""
    rng = np.random.default_rng(0)
    sets_N = np.repeat([0, 1, 2], SIZES)
    x_ND = rng.standard_normal((sum(SIZES), 12)) + 0.5 * sets_N[:, None]
    y_N = x_ND[:, :4] @ [1, -0.7, 0.5, 0.3] + 0.3 * rng.standard_normal(len(x_ND))
    return x_ND, y_N, np.arange(len(x_ND)) // 2, sets_N


SLOPES, SHIFTS = np.array([1, 0.04, 7]), np.array([0, 30, -2])


def test_lines_are_found(three: tuple[np.ndarray, ...]) -> None:
    x_ND, y_N, groups_N, sets_N = three
    joint = fit_joint(x_ND, (y_N - SHIFTS[sets_N]) / SLOPES[sets_N], groups_N, sets_N)
    assert joint.slopes_K / SLOPES == pytest.approx(1, abs=0.15)
    assert joint.scores_N == pytest.approx(y_N, abs=0.4)
    assert np.corrcoef(joint.fit.held_out_N, y_N)[0, 1] > 0.9
    assert joint.on_first_scale(np.array([1.0, 2.0]), np.array([2, 0]))[1] == 2


@settings(max_examples=4, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_scales_of_further_sets_do_not_matter(
    three: tuple[np.ndarray, ...], a: float, b: float, c: float, d: float
) -> None:
    x_ND, y_N, groups_N, sets_N = three
    one = fit_joint(x_ND, y_N, groups_N, sets_N)
    other = fit_joint(x_ND, np.array([1, a, c])[sets_N] * y_N + np.array([0, b, d])[sets_N], groups_N, sets_N)
    assert other.fit.strength == pytest.approx(one.fit.strength)
    assert other.fit.regressor.coef_D == pytest.approx(one.fit.regressor.coef_D, abs=1e-6)
    assert other.scores_N == pytest.approx(one.scores_N, abs=1e-6)
    assert other.fit.held_out_N == pytest.approx(one.fit.held_out_N, abs=1e-6)


def test_the_first_set_gives_the_unit_and_nothing_else(three: tuple[np.ndarray, ...]) -> None:
    x_ND, y_N, groups_N, sets_N = three
    one = fit_joint(x_ND, y_N, groups_N, sets_N)
    other = fit_joint(x_ND, np.where(sets_N == 0, 50 * y_N + 9, y_N), groups_N, sets_N)
    assert other.fit.regressor.predict(x_ND) == pytest.approx(50 * one.fit.regressor.predict(x_ND) + 9, abs=1e-5)
    again = fit_joint(x_ND, y_N, groups_N, np.array([2, 0, 1])[sets_N])
    slope, shift = (
        again.slopes_K[2],
        again.shifts_K[2],
    )  # from the scale of what was the first set to that of the second
    assert again.fit.regressor.predict(x_ND) == pytest.approx(slope * one.fit.regressor.predict(x_ND) + shift, abs=1e-6)


def test_order_of_further_sets_does_not_matter(three: tuple[np.ndarray, ...]) -> None:
    x_ND, y_N, groups_N, sets_N = three
    one = fit_joint(x_ND, y_N, groups_N, sets_N)
    order_N = np.argsort(np.array([0, 2, 1])[sets_N], kind="stable")
    other = fit_joint(x_ND[order_N], y_N[order_N], groups_N[order_N], np.array([0, 2, 1])[sets_N][order_N])
    assert other.fit.regressor.coef_D == pytest.approx(one.fit.regressor.coef_D, abs=1e-9)
    assert other.slopes_K[[0, 2, 1]] == pytest.approx(one.slopes_K)
    assert other.fit.held_out_N == pytest.approx(one.fit.held_out_N[order_N], abs=1e-8)


def test_a_set_given_twice_on_two_scales_is_recognised(three: tuple[np.ndarray, ...]) -> None:
    x_ND, y_N, groups_N, sets_N = (part[:60] for part in three)
    twice = np.r_[sets_N, sets_N + 1]
    joint = fit_joint(np.r_[x_ND, x_ND], np.r_[y_N, 100 + 20 * y_N], np.r_[groups_N, groups_N], twice)
    assert joint.slopes_K[1] == pytest.approx(1 / 20)
    assert joint.shifts_K[1] == pytest.approx(-5)
    alone = fit_ridge(x_ND, y_N, groups_N)
    assert np.corrcoef(joint.fit.held_out_N[:60], alone.held_out_N)[0, 1] > 0.99


@pytest.mark.parametrize("columns", [12, 300])
def test_one_set_is_the_plain_fit_bit_for_bit(three: tuple[np.ndarray, ...], columns: int) -> None:
    x_ND, y_N, groups_N, _ = three
    x_ND = np.random.default_rng(1).standard_normal((len(x_ND), columns)).astype(np.float32)
    joint, plain = fit_joint(x_ND, y_N, groups_N, np.zeros(len(y_N), int)), fit_ridge(x_ND, y_N, groups_N)
    assert np.array_equal(joint.fit.regressor.coef_D, plain.regressor.coef_D)
    assert (joint.fit.regressor.intercept, joint.fit.strength) == (plain.regressor.intercept, plain.strength)
    assert np.array_equal(joint.fit.held_out_N, plain.held_out_N)
    assert (joint.slopes_K, joint.shifts_K, joint.scores_N.tolist()) == ([1], [0], y_N.tolist())


@pytest.mark.parametrize("columns", [12, 300])
def test_shared_weights_and_an_intercept_for_each_set_against_sklearn(columns: int) -> None:
    rng = np.random.default_rng(2)
    sets_N, folds_N = np.repeat([0, 1], [40, 30]), np.arange(70) % 7
    x_ND = rng.standard_normal((70, columns)) + sets_N[:, None]
    y_N = x_ND[:, 0] + 5 * sets_N + rng.standard_normal(70)
    path = RidgePath(x_ND, y_N, standardise=False, sets_N=sets_N)
    held_out_N = path.held_out(folds_N, np.array([3.0]))[:, 0]
    for fold in range(7):
        train = folds_N != fold
        x_mean, y_mean = (np.stack([part[train & (sets_N == k)].mean(axis=0) for k in (0, 1)]) for part in (x_ND, y_N))
        centred = x_ND[train] - x_mean[sets_N[train]], y_N[train] - y_mean[sets_N[train]]
        ridge = Ridge(alpha=3.0, fit_intercept=False).fit(*centred)
        expected = ridge.predict(x_ND[~train] - x_mean[sets_N[~train]]) + y_mean[sets_N[~train]]
        assert held_out_N[~train] == pytest.approx(expected, abs=1e-8)
    weights_D = path.regressors(np.array([3.0]))[0].coef_D
    x_ND -= np.stack([x_ND[sets_N == k].mean(axis=0) for k in (0, 1)])[sets_N]
    for a in ([1.0, 1.0], [2.0, -0.5]):
        t_N = (y_N - np.array([y_N[sets_N == k].mean() for k in (0, 1)])[sets_N]) * np.array(a)[sets_N]
        w_D = Ridge(alpha=3.0, fit_intercept=False).fit(x_ND, t_N).coef_
        error = np.sum((t_N - x_ND @ w_D) ** 2) + 3 * w_D @ w_D
        assert np.array(a) @ path.unexplained(np.array([3.0]))[0] @ a == pytest.approx(error)
        if a == [1.0, 1.0]:
            assert weights_D == pytest.approx(w_D, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**31))
def test_balanced_slopes_have_the_greatest_likelihood(sets: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root_KK = rng.standard_normal((sets, sets))
    left_KK, counts_K = root_KK @ root_KK.T + 0.1 * np.eye(sets), rng.integers(2, 500, sets)
    slopes_K = balanced(left_KK, counts_K)
    assert slopes_K[0] == 1
    assert (slopes_K > 0).all()
    product_K = slopes_K * (left_KK @ slopes_K) / counts_K
    assert product_K == pytest.approx(product_K[0], rel=1e-6)

    def loss(logs_K: np.ndarray) -> float:
        a_K = np.exp(logs_K)
        return float(counts_K.sum() * np.log(a_K @ left_KK @ a_K) - 2 * counts_K @ logs_K)

    best = optimize.minimize(loss, np.zeros(sets)).fun
    assert loss(np.log(slopes_K)) <= best + 1e-6 * abs(best)


def test_folds_keep_groups_and_have_every_set_twice() -> None:
    sets_N = np.repeat([0, 1, 2], [50, 6, 6])
    groups_N = np.r_[np.arange(50) // 2, [100, 100, 100, 101, 101, 101], [0, 0, 0, 1, 1, 200]]
    folds_N = joint_folds(groups_N, sets_N, 10)
    for group in np.unique(groups_N):
        assert len(np.unique(folds_N[groups_N == group])) == 1
    assert [len(np.unique(folds_N[sets_N == k])) for k in range(3)] == [10, 2, 3]
    with pytest.raises(ContriqueError, match="two groups"):
        joint_folds(np.r_[np.arange(10), [50, 50]], np.repeat([0, 1], [10, 2]), 10)


def test_splits_leave_shared_content_on_one_side() -> None:
    sets_N = np.repeat([0, 1], [40, 20])
    groups_N = np.r_[np.arange(40) // 2, np.arange(20) // 2]
    train, test = joint_split(groups_N, sets_N, (0, 0)) or pytest.fail("no split")
    assert set(groups_N[train]).isdisjoint(groups_N[test])
    assert sorted([*train, *test]) == list(range(60))
    assert set(sets_N[test]) == {0, 1}
    assert joint_split(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), 0) is None
    few = joint_split(np.r_[np.arange(10), [90, 91]], np.repeat([0, 1], [10, 2]), 0)
    assert few is not None
    assert set(few[1]) < set(range(10))  # two groups are only learned from


def test_groups_of_two_sets_are_never_confused_unless_an_image_is_in_both() -> None:
    x_ND = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    groups_N, sets_N = np.array([0, 0, 1, 1, 0, 0, 1, 1]), np.repeat([0, 1], 4)
    assert len(np.unique(joint_groups(x_ND, groups_N, sets_N))) == 4
    x_ND[5] = x_ND[2]
    merged_N = joint_groups(x_ND, groups_N, sets_N)
    assert len(np.unique(merged_N)) == 3
    assert merged_N[4] == merged_N[3]
    x_ND[[0, 7]] = 0  # against its reference every undistorted image is nothing
    assert len(np.unique(joint_groups(x_ND, groups_N, sets_N))) == 3


def test_what_cannot_be_fitted(three: tuple[np.ndarray, ...]) -> None:
    x_ND, y_N, groups_N, sets_N = three
    with pytest.raises(ContriqueError, match="ratings that differ"):
        fit_joint(x_ND, np.where(sets_N == 1, 3.0, y_N), groups_N, sets_N)
    with pytest.raises(ContriqueError, match="two groups"):
        fit_joint(x_ND, y_N, np.where(sets_N == 1, 1000, groups_N), sets_N)


def test_a_set_whose_groups_other_images_join_is_told_so() -> None:
    groups_N, sets_N = np.zeros(8, dtype=np.int64), np.repeat([0, 1], 4)
    with pytest.raises(ContriqueError, match="joined by images that other sets have too"):
        joint_folds(groups_N, sets_N, 10)
