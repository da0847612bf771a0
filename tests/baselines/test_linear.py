"""Linear support vector regression against liblinear and libsvm, as scikit-learn has them."""

import numpy as np
import pytest
from sklearn.svm import LinearSVR, NuSVR

from contrique.baselines import linear
from contrique.baselines.linear import LinearBaseline, LinearRegressor, fit_l2_svr, fit_nu_svr, gram, on_hundred
from contrique.errors import ContriqueError


def problem(count: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x_ND = rng.normal(size=(count, features))
    y_N = 50 + 8 * x_ND[:, 0] - 5 * x_ND[:, 1] + rng.normal(size=count)
    return x_ND / np.linalg.norm(x_ND, axis=1, keepdims=True), y_N


@pytest.mark.parametrize(("count", "features"), [(40, 300), (90, 12)])
@pytest.mark.parametrize(("cost", "epsilon"), [(128.0, 0.1), (1.0, 3.0)])
def test_the_l2_loss_is_liblinears(count: int, features: int, cost: float, epsilon: float) -> None:
    x_ND, y_N = problem(count, features)
    (got,) = fit_l2_svr(x_ND, y_N, costs=[cost], epsilon=epsilon)
    theirs = LinearSVR(
        C=cost, epsilon=epsilon, loss="squared_epsilon_insensitive", dual=False, tol=1e-10, max_iter=100_000
    ).fit(x_ND, y_N)
    np.testing.assert_allclose(got.predict(x_ND), theirs.predict(x_ND), atol=1e-4)
    np.testing.assert_allclose(got.weight_D, theirs.coef_, atol=1e-4)
    assert got.bias == pytest.approx(theirs.intercept_[0], abs=1e-5)


def test_the_l2_loss_is_least_there() -> None:
    x_ND, y_N = problem(30, 50, seed=1)
    _, got = fit_l2_svr(x_ND, y_N, costs=[70, 5], epsilon=1)

    def loss(weight_D: np.ndarray, bias: float) -> float:
        over_N = np.maximum(np.abs(x_ND @ weight_D + bias - y_N) - 1, 0)
        return (weight_D @ weight_D + bias**2) / 2 + 5 * over_N @ over_N

    least = loss(got.weight_D, got.bias)
    rng = np.random.default_rng(0)
    for size in (1e-3, 0.1, 1):
        for _ in range(20):
            assert loss(got.weight_D + size * rng.normal(size=50), got.bias + size * rng.normal()) > least


def test_the_nu_svr_is_libsvms_linear_one_on_scaled_features() -> None:
    rng = np.random.default_rng(2)
    x_ND, y_N = problem(70, 300, seed=2)
    x_ND[:, 7] = 3.0  # never varies
    _, got = fit_nu_svr(x_ND, y_N, costs=[0.1, 1], nu=0.5)
    low_D, high_D = x_ND.min(axis=0), x_ND.max(axis=0)
    span_D = np.where(high_D > low_D, high_D - low_D, np.inf)

    def scaled(x: np.ndarray) -> np.ndarray:
        z = -1 + 2 * (x - low_D) / span_D
        z[:, 7] = 0
        return z

    theirs = NuSVR(kernel="linear", C=1, nu=0.5).fit(scaled(x_ND), y_N)
    unseen = rng.normal(size=(20, 300)) / 17
    np.testing.assert_allclose(got.predict(unseen), theirs.predict(scaled(unseen)), atol=1e-9)


def test_products_of_images_come_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x_ND, _ = problem(20, 100)
    scale_D, shift_D = np.linspace(1, 2, 100), np.linspace(-1, 1, 100)
    whole = (x_ND * scale_D + shift_D) @ (x_ND * scale_D + shift_D).T
    monkeypatch.setattr(linear, "COLUMNS", 7)
    np.testing.assert_allclose(gram(x_ND, scale_D, shift_D), whole, rtol=1e-10)
    regressor = LinearRegressor(scale_D, 3.0)
    np.testing.assert_allclose(regressor.predict(x_ND), x_ND @ scale_D + 3, rtol=1e-12)


def test_ratings_of_any_scale_are_brought_to_a_hundred() -> None:
    x_ND, y_N = problem(40, 60)
    narrow_N = 2 + (y_N - y_N.min()) / np.ptp(y_N) * 0.5  # 2 to 2.5

    def fit(y: np.ndarray) -> list[LinearRegressor]:
        return fit_l2_svr(x_ND, y, costs=[1, 10], epsilon=0.1)

    for got, expected in zip(on_hundred(fit, narrow_N), fit((narrow_N - 2) * 200), strict=True):
        np.testing.assert_allclose(got.predict(x_ND), expected.predict(x_ND) / 200 + 2, rtol=1e-9)
    np.testing.assert_allclose(on_hundred(fit, np.full(40, 3.25))[0].predict(x_ND), 3.25)


class Bare(LinearBaseline):
    """Candidates that predict one feature each."""

    digest, dim = "bare-1", 3

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def candidates(self, features_ND: np.ndarray, scores_N: np.ndarray) -> list[LinearRegressor]:
        return [LinearRegressor(weight, 0.0) for weight in np.eye(3)]


def test_of_several_candidates_validation_chooses() -> None:
    features_ND = np.random.default_rng(0).normal(size=(60, 3))
    train, validation, test = np.arange(30), np.arange(30, 45), np.arange(45, 60)
    bare = Bare({"name": "bare", "raw": None}, None)
    for best in range(3):
        scores_N = np.random.default_rng(1).normal(size=60)
        scores_N[validation] = 3 + features_ND[validation, best]
        learner = bare.learner(features_ND, scores_N)
        np.testing.assert_array_equal(learner(train, validation, test), features_ND[test, best])
        np.testing.assert_array_equal(learner(train, validation[:1], test), features_ND[test, 0])  # nothing to tell


def test_card_and_regressor_go_together() -> None:
    for raw, regressor in (({}, None), (None, LinearRegressor(np.ones(3), 0.0))):
        with pytest.raises(ContriqueError, match="go together"):
            Bare({"name": "bare", "raw": raw}, regressor)


def test_features_must_be_finite() -> None:
    x_ND, y_N = problem(10, 5)
    x_ND[3, 2] = np.nan
    with pytest.raises(ContriqueError, match="must be finite"):
        fit_l2_svr(x_ND, y_N, costs=[1], epsilon=0.1)


def test_arrays_give_the_same_regressor() -> None:
    one = LinearRegressor(np.arange(3.0), 0.5)
    again = LinearRegressor.from_arrays(one.to_arrays(), 3)
    np.testing.assert_array_equal(again.weight_D, one.weight_D)
    assert again.bias == 0.5
    assert LinearRegressor.from_arrays({"words": np.ones(2)}, 3) is None
    with pytest.raises(ContriqueError, match="expected weight of 4 numbers"):
        LinearRegressor.from_arrays(one.to_arrays(), 4)
    with pytest.raises(ContriqueError, match="expected bias"):
        LinearRegressor.from_arrays({"weight": np.ones(3)}, 3)
