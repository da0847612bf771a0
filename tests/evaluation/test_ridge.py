"""Ridge against scikit-learn's, and the held-out predictions against fits that really left the fold out."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from contrique.errors import ContriqueError
from contrique.evaluation.ridge import RidgePath, best_strength, fit_ridge
from contrique.evaluation.splits import group_folds

STRENGTHS = np.array([1e-3, 0.1, 1.0, 37.0, 1e4])


def problem(images, features, *, rank=None, constant=0, seed=0):
    rng = np.random.default_rng(seed)
    x_ND = rng.standard_normal((images, features)) * np.logspace(-1, 1, features) + 3.0
    if rank is not None:
        x_ND = rng.standard_normal((images, rank)) @ rng.standard_normal((rank, features)) + 3.0
    if constant:
        x_ND[:, :constant] = 7.25
    y_N = 40 + 3 * x_ND[:, -1] + rng.standard_normal(images)
    return x_ND, y_N


SHAPES = [
    (60, 20, {}),
    (20, 60, {}),
    (30, 30, {}),
    (50, 24, {"rank": 5}),
    (24, 50, {"rank": 5}),
    (40, 12, {"constant": 3}),
]


@pytest.mark.parametrize(("images", "features", "options"), SHAPES)
def test_every_strength_equals_scikit_learn(images, features, options):
    x_ND, y_N = problem(images, features, **options)
    new_MD, _ = problem(15, features, seed=1, **options)
    for ours, strength in zip(RidgePath(x_ND, y_N, standardise=False).regressors(STRENGTHS), STRENGTHS, strict=True):
        theirs = Ridge(alpha=strength, solver="svd").fit(x_ND, y_N)
        np.testing.assert_allclose(ours.coef_D, theirs.coef_, rtol=1e-8, atol=1e-8)
        assert ours.intercept == pytest.approx(theirs.intercept_, rel=1e-8)
        np.testing.assert_allclose(ours.predict(new_MD), theirs.predict(new_MD), rtol=1e-8)


@pytest.mark.parametrize(("images", "features", "options"), SHAPES)
def test_standardising_equals_scikit_learns_pipeline(images, features, options):
    x_ND, y_N = problem(images, features, **options)
    new_MD, _ = problem(15, features, seed=1, **options)
    for ours, strength in zip(RidgePath(x_ND, y_N).regressors(STRENGTHS), STRENGTHS, strict=True):
        theirs = make_pipeline(StandardScaler(), Ridge(alpha=strength, solver="svd")).fit(x_ND, y_N)
        np.testing.assert_allclose(ours.predict(new_MD), theirs.predict(new_MD), rtol=1e-8)


def test_constant_columns_weigh_nothing_even_where_a_new_image_differs():
    x_ND, y_N = problem(40, 12, constant=3)
    noisy_ND = x_ND.astype(np.float32)
    noisy_ND[::2, 0] = np.nextafter(np.float32(7.25), np.float32(8))  # rounding, not information
    assert not RidgePath(noisy_ND, y_N).regressors([1.0])[0].coef_D[:3].any()


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize(("images", "features"), [(40, 10), (25, 60)])
def test_held_out_predictions_are_those_of_fits_without_the_fold(images, features, standardise):
    x_ND, y_N = problem(images, features)
    folds_N = group_folds(np.arange(images) // 3, 4, seed=5)
    path = RidgePath(x_ND, y_N, standardise=standardise)
    predicted_NA = path.held_out(folds_N, STRENGTHS)
    scaled_ND = x_ND / x_ND.std(axis=0) if standardise else x_ND  # scales are those of all rows, as documented
    for fold in range(4):
        out = folds_N == fold
        for column, strength in enumerate(STRENGTHS):
            theirs = Ridge(alpha=strength, solver="svd").fit(scaled_ND[~out], y_N[~out])
            np.testing.assert_allclose(predicted_NA[out, column], theirs.predict(scaled_ND[out]), rtol=1e-7)


def test_fit_uses_the_strength_of_least_held_out_error():
    x_ND, y_N = problem(60, 100)
    groups_N = np.arange(60) // 2
    fit = fit_ridge(x_ND, y_N, groups_N, seed=3)
    path = RidgePath(x_ND, y_N)
    errors = []
    for strength in path.strengths():
        predicted_N = path.held_out(group_folds(groups_N, 10, seed=3), [strength])[:, 0]
        errors.append(((predicted_N - y_N) ** 2).mean())
    assert fit.strength == pytest.approx(path.strengths()[np.argmin(errors)])
    assert ((fit.held_out_N - y_N) ** 2).mean() == pytest.approx(min(errors))
    expected = make_pipeline(StandardScaler(), Ridge(alpha=fit.strength)).fit(x_ND, y_N)
    np.testing.assert_allclose(fit.regressor.predict(x_ND), expected.predict(x_ND), rtol=1e-8)


def test_features_of_no_use_end_at_the_mean_rating():
    rng = np.random.default_rng(0)
    y_N = rng.uniform(20, 80, 200)
    fit = fit_ridge(rng.standard_normal((200, 50)), y_N, np.arange(200))
    assert abs(fit.regressor.predict(rng.standard_normal((30, 50))) - y_N.mean()).max() < 3


def test_of_equal_errors_the_stronger_wins():
    assert best_strength(np.array([[1.0, 2.0, 2.0, 0.0]]), np.array([2.0])) == 2


def test_constant_features_and_constant_scores():
    fit = fit_ridge(np.ones((6, 4)), np.arange(6.0), np.arange(6))
    np.testing.assert_allclose(fit.regressor.predict(np.ones((2, 4))), 2.5)
    fit = fit_ridge(np.random.default_rng(0).standard_normal((6, 4)), np.full(6, 3.0), np.arange(6))
    np.testing.assert_allclose(fit.regressor.predict(np.ones((2, 4))), 3.0)


@pytest.mark.parametrize(
    ("features", "scores"),
    [
        (np.ones((3, 2)), np.ones(4)),
        (np.ones(3), np.ones(3)),
        (np.ones((1, 2)), np.ones(1)),
        (np.ones((3, 0)), np.ones(3)),
        (np.full((3, 2), np.nan), np.ones(3)),
        (np.ones((3, 2)), np.array([1.0, np.inf, 2.0])),
    ],
)
def test_bad_input_is_refused(features, scores):
    with pytest.raises(ContriqueError):
        RidgePath(features, scores)


def test_strengths_must_be_positive_and_folds_at_least_two():
    path = RidgePath(*problem(10, 4))
    with pytest.raises(ContriqueError, match="above 0"):
        path.regressors([0.0])
    with pytest.raises(ContriqueError, match="two folds"):
        path.held_out(np.zeros(10), [1.0])
