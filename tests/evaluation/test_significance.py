"""Paired tests against scipy, scikit-learn's worked example, R's Holm, and a slow bootstrap."""

import numpy as np
import pytest
from example_result import example_result
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from contrique.evaluation import correlation
from contrique.evaluation.significance import (
    BOOTSTRAP,
    RESAMPLES,
    T_TEST,
    better_than,
    bootstrap_srocc,
    corrected_t_test,
    holm,
    significance,
    weighted_srocc,
)

differences = st.lists(st.floats(-1, 1).map(lambda x: round(x, 4)), min_size=2, max_size=30)


@given(differences)
def test_without_correction_it_is_the_paired_t_test(values: list[float]) -> None:
    if len(set(values)) > 1:
        expected = stats.ttest_rel(values, np.zeros(len(values))).pvalue
        assert corrected_t_test(np.array(values), 0.0) == pytest.approx(expected, rel=1e-9)


@given(differences, st.floats(0.01, 1))
def test_correction_makes_it_less_certain_and_has_no_side(values: list[float], ratio: float) -> None:
    d_J = np.array(values)
    assert corrected_t_test(d_J, ratio) >= corrected_t_test(d_J, 0.0)
    assert corrected_t_test(d_J, ratio) == pytest.approx(corrected_t_test(-d_J, ratio))


def test_formula_by_hand() -> None:
    d_J, train, test = np.array([0.02, 0.05, -0.01, 0.04]), 80, 20
    t = 0.025 / np.sqrt((1 / 4 + test / train) * 0.0007)  # squared deviations 25 + 625 + 1225 + 225 = 2100 e-6, by 3
    assert corrected_t_test(d_J, test / train) == pytest.approx(2 * stats.t.sf(t, 3), rel=1e-12)


@pytest.mark.slow
def test_the_worked_example_of_scikit_learn() -> None:
    """Its guide on comparing models by grid search states t = 0.750 and a one-sided p = 0.227 for these two."""
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    of = {
        k: cross_val_score(SVC(kernel=k, random_state=0), x, y, scoring="roc_auc", cv=folds) for k in ("rbf", "linear")
    }
    assert corrected_t_test(of["rbf"] - of["linear"], 10 / 90) / 2 == pytest.approx(0.227, abs=5e-4)


def test_differences_without_spread() -> None:
    assert corrected_t_test(np.full(5, 0.1), 0.25) == 0
    assert corrected_t_test(np.zeros(5), 0.25) == 1
    assert np.isnan(corrected_t_test(np.array([0.1]), 0.25))
    assert np.isnan(corrected_t_test(np.array([0.1, np.nan, 0.2]), 0.25))


def test_holm_is_that_of_r() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    with_nan_P = holm(np.array([0.01, np.nan, 0.04, 0.03, 0.005]))
    assert np.isnan(with_nan_P[1])
    assert np.delete(with_nan_P, 1) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1, 1])
    assert holm(np.array([])).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_p_and_bonferroni(values: list[float]) -> None:
    p_P = np.array(values)
    adjusted_P = holm(p_P)
    assert (adjusted_P >= p_P).all()
    assert (adjusted_P <= np.minimum(1, len(p_P) * p_P) + 1e-15).all()
    assert (np.diff(adjusted_P[np.argsort(p_P)]) >= 0).all()


@given(st.integers(0, 2**31), st.integers(2, 15), st.integers(1, 6))
def test_resampled_srocc_is_scipys_on_the_images_themselves(seed: int, images: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    x_KN, y_N = rng.integers(0, values, (2, images)).astype(float), rng.integers(0, values, images).astype(float)
    counts_NB = rng.integers(0, 3, (images, 3))
    found_KB = weighted_srocc(x_KN, y_N, counts_NB)
    for b, counts_N in enumerate(counts_NB.T):
        y = np.repeat(y_N, counts_N)
        for k in range(2):
            x = np.repeat(x_KN[k], counts_N)
            if len(set(x)) > 1 and len(set(y)) > 1:
                assert found_KB[k, b] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
            else:
                assert np.isnan(found_KB[k, b])


def test_bootstrap_draws_whole_groups_and_splits_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two groups a resample is one, the other, or both; and blocks of resamples are only about memory."""
    rng = np.random.default_rng(0)
    scores_M, groups_M = rng.normal(size=12), np.repeat([5, 9], 6)
    predictions_KSM = np.stack([[scores_M, -scores_M]])
    srocc_KB = bootstrap_srocc(predictions_KSM, scores_M, groups_M, resamples=40)
    assert srocc_KB[0, ::2] == pytest.approx(np.ones(20))
    assert srocc_KB[0, 1::2] == pytest.approx(-np.ones(20))
    noisy_KSM = predictions_KSM + rng.normal(size=predictions_KSM.shape)
    both = stats.spearmanr(noisy_KSM[0, 0], scores_M).statistic
    each = [stats.spearmanr(noisy_KSM[0, 0][part], scores_M[part]).statistic for part in (slice(6), slice(6, 12))]
    found_B = bootstrap_srocc(noisy_KSM[:, :1], scores_M, groups_M, resamples=200)[0]
    shares = [np.isclose(found_B, value).mean() for value in (*each, both)]
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx([0.25, 0.25, 0.5], abs=0.1)


def test_bootstrap_spreads_as_theory_says() -> None:
    """Fisher: the deviation of a rank correlation's arctanh is about 1/√(N − 3), little more for ranks."""
    rng = np.random.default_rng(1)
    scores_M = rng.normal(size=300)
    predictions_KSM = (scores_M + rng.normal(size=300))[None, None]
    found_B = bootstrap_srocc(predictions_KSM, scores_M, np.arange(300), resamples=1000)[0]
    assert np.arctanh(found_B).std() == pytest.approx(1.1 / np.sqrt(297), rel=0.15)


def test_random_splits_of_a_result() -> None:
    result = example_result({"far": 90.0, "near": 5.0, "flat": np.inf}, splits=6)
    found = significance(result)
    assert (found["test"], found["level"]) == (T_TEST, 0.05)
    (far_near, far_flat, near_flat) = found["pairs"]
    srocc = [np.array(row["srocc"]["splits"]) for row in result["methods"]]
    assert far_near["difference"] == pytest.approx((srocc[0] - srocc[1]).mean())
    train, validation, test = result["parts"][0]
    assert far_near["p"] == pytest.approx(corrected_t_test(srocc[0] - srocc[1], test / (train + validation)))
    assert far_near["p_holm"] == far_near["p"]  # the flat method has no answer, and is not counted
    assert far_near["better"] == "near"
    assert [far_flat[key] for key in ("difference", "p", "p_holm", "better")] == [None] * 4
    assert better_than(found) == {"near": ["far"]}
    assert "significance" not in result
    assert near_flat["p"] is None


def _one_split(groups: int, noise: float, seed: int = 0) -> dict:
    """Two methods, one image a group, all in test."""
    rng = np.random.default_rng(seed)
    scores_N, rows = rng.normal(size=groups), []
    for name, much in (("a", 0.3), ("b", noise)):
        predictions_N = scores_N + much * rng.normal(size=groups)
        splits = [stats.spearmanr(predictions_N, scores_N).statistic]
        rows.append({"method": name, "srocc": {"splits": splits}, "predictions": [predictions_N.tolist()]})
    everything = list(range(groups))
    shared = {"tests": [everything], "parts": [[groups, groups, groups]], "groups_of": everything}
    return {"methods": rows, "scores": scores_N.tolist(), **shared}


def test_one_split_is_bootstrapped() -> None:
    found = significance(_one_split(80, 2.0))
    assert found["test"] == BOOTSTRAP
    assert found["pairs"][0]["p"] == pytest.approx(2 / (RESAMPLES + 1))
    assert found["pairs"][0]["better"] == "a"
    assert significance(_one_split(5, 2.0))["pairs"][0]["p"] is None  # too few groups


def test_same_test_images_in_every_draw_are_bootstrapped() -> None:
    result = _one_split(30, 0.3)
    for row in result["methods"]:
        row["predictions"] *= 3
        row["srocc"]["splits"] *= 3
    result |= {"tests": result["tests"] * 3, "parts": result["parts"] * 3}
    assert significance(result)["test"] == BOOTSTRAP


@pytest.mark.parametrize("kind", ["bootstrap", "t"])
def test_equal_methods_are_rarely_told_apart(kind: str) -> None:
    """False findings stay near the level: methods of equal noise, 100 times."""
    found = 0
    for seed in range(100):
        if kind == "bootstrap":
            predictions = _one_split(40, 0.3, seed)
            rows = np.array([row["predictions"] for row in predictions["methods"]])
            srocc_KB = bootstrap_srocc(rows, np.array(predictions["scores"]), np.arange(40), resamples=199)
            difference_B = srocc_KB[0] - srocc_KB[1]
            found += min((difference_B > 0).mean(), (difference_B < 0).mean()) < 0.025
        else:
            rng = np.random.default_rng(seed)
            scores_N, noise_KN = rng.normal(size=60), 0.5 * rng.normal(size=(2, 60))
            parts = [rng.permutation(60)[:12] for _ in range(10)]
            srocc = [[correlation.srocc(scores_N[t] + e_N[t], scores_N[t]) for t in parts] for e_N in noise_KN]
            found += corrected_t_test(np.subtract(*srocc), 12 / 48) < 0.05
    assert found <= 12  # of 100 at a level of 0.05: more than twelve in one of a thousand


def test_one_method_has_nothing_to_be_compared_with() -> None:
    one = _one_split(30, 0.3)
    one["methods"].pop()
    assert significance(one)["pairs"] == []
