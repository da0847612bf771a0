"""The protocol against a plain loop with scikit-learn, and its rules: the same splits for all, nothing of test seen."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from contrique.errors import ContriqueError
from contrique.evaluation import protocol
from contrique.evaluation.protocol import as_given, compare, evaluate, random_splits, ridge_on
from contrique.evaluation.ridge import RidgePath
from contrique.evaluation.splits import group_split


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features_ND = rng.standard_normal((200, 60)).astype(np.float32)
    scores_N = 50 + 10 * np.tanh(features_ND[:, :3].sum(1)) + 3 * rng.standard_normal(200)
    return features_ND, scores_N, np.arange(200) // 4


def test_equal_to_a_plain_loop_with_scikit_learn(problem: tuple[np.ndarray, ...]) -> None:
    features_ND, scores_N, groups_N = problem
    result = evaluate(features_ND, scores_N, groups_N, splits=3, seed=5)
    expected = []
    for split in range(3):
        train, validation, test = group_split(groups_N, seed=(5, split))
        scaler = StandardScaler().fit(features_ND[train].astype(float))
        x = [scaler.transform(features_ND[part].astype(float)) for part in (train, validation, test)]
        models = [Ridge(alpha=a).fit(x[0], scores_N[train]) for a in RidgePath(x[0], scores_N[train]).strengths()]
        best = max(models, key=lambda model: scipy.stats.pearsonr(model.predict(x[1]), scores_N[validation]).statistic)
        predicted = best.predict(x[2])
        expected.append(
            [
                scipy.stats.spearmanr(predicted, scores_N[test]).statistic,
                scipy.stats.pearsonr(predicted, scores_N[test]).statistic,
                scipy.stats.kendalltau(predicted, scores_N[test]).statistic,
            ]
        )
    row = result["methods"][0]
    got = np.array([row[measure]["splits"] for measure in ("srocc", "plcc", "krocc")]).T
    np.testing.assert_allclose(got, expected, atol=1e-9)
    assert row["srocc"]["median"] == pytest.approx(np.median([one[0] for one in expected]))
    assert min(row["srocc"]["splits"]) <= row["srocc"]["low"] <= row["srocc"]["median"] <= row["srocc"]["high"]


def test_shape_of_the_result(problem: tuple[np.ndarray, ...]) -> None:
    result = evaluate(*problem, ratings="made up")
    assert (result["ratings"], result["splits"], result["images"], result["groups"]) == ("made up", 10, 200, 50)
    (row,) = result["methods"]
    assert list(row) == ["method", "srocc", "plcc", "plcc_logistic", "krocc", "rmse", "predictions"]
    assert row["method"] == "contrique"
    assert [len(test) for test in result["tests"]] == [len(one) for one in row["predictions"]]
    assert result["parts"] == [[140, 20, 40]] * 10
    assert result["scores"] == problem[1].tolist()
    for measure in list(row)[1:-1]:
        assert list(row[measure]) == ["median", "low", "high", "splits"]
        assert len(row[measure]["splits"]) == 10
    assert row["plcc_logistic"]["median"] >= row["plcc"]["median"]
    assert 0 < row["rmse"]["median"] < problem[1].std()


def test_seeds_repeat_and_differ(problem: tuple[np.ndarray, ...]) -> None:
    one, same, other = (evaluate(*problem, splits=2, seed=seed)["methods"] for seed in (1, 1, 2))
    assert one == same
    assert set(one[0]["srocc"]["splits"]).isdisjoint(other[0]["srocc"]["splits"])


def test_more_splits_begin_with_the_same_splits(problem: tuple[np.ndarray, ...]) -> None:
    few, many = (evaluate(*problem, splits=splits)["methods"][0]["plcc"]["splits"] for splits in (2, 4))
    assert many[:2] == few


def test_the_ratings_of_test_images_change_nothing(problem: tuple[np.ndarray, ...]) -> None:
    features_ND, scores_N, groups_N = problem
    train, validation, test = group_split(groups_N, seed=3)
    changed_N, changed_ND = scores_N.copy(), features_ND.copy()
    changed_N[test] = -1000
    before = ridge_on(features_ND, scores_N)(train, validation, test)
    np.testing.assert_array_equal(ridge_on(features_ND, changed_N)(train, validation, test), before)
    changed_ND[test[1:]] = 1000  # nor do the other test images
    assert ridge_on(changed_ND, scores_N)(train, validation, test)[0] == before[0]


def test_predictions_give_the_measures_again(problem: tuple[np.ndarray, ...]) -> None:
    result = evaluate(*problem, splits=2)
    row = result["methods"][0]
    for split in range(2):
        rated = np.array(result["scores"])[result["tests"][split]]
        expected = scipy.stats.pearsonr(row["predictions"][split], rated).statistic
        assert row["plcc"]["splits"][split] == pytest.approx(expected, abs=1e-5)  # six digits are kept


def test_splits_may_be_given(problem: tuple[np.ndarray, ...]) -> None:
    features_ND, scores_N, groups_N = problem
    methods = {"ridge": ridge_on(features_ND, scores_N)}
    drawn = compare(methods, scores_N, groups_N, splits=2, seed=4)
    given = compare(methods, scores_N, groups_N, splits=random_splits(groups_N, 2, 4))
    assert drawn["methods"] == given["methods"]
    with pytest.raises(ContriqueError, match="at least one split"):
        compare(methods, scores_N, groups_N, splits=[])


def test_all_methods_see_the_same_splits(problem: tuple[np.ndarray, ...]) -> None:
    _, scores_N, groups_N = problem
    seen: dict[str, list[tuple[int, ...]]] = {"one": [], "two": []}

    def method(name: str) -> protocol.Method:
        def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
            seen[name].append((*train, *validation, *test))
            return np.arange(len(test))

        return predict

    result = compare({"one": method("one"), "two": method("two")}, scores_N, groups_N, splits=4)
    assert seen["one"] == seen["two"]
    assert len(set(seen["one"])) == 4
    assert [row["method"] for row in result["methods"]] == ["one", "two"]


def test_given_scores_and_constant_ones(problem: tuple[np.ndarray, ...]) -> None:
    _, scores_N, groups_N = problem
    methods = {"perfect": as_given(2 * scores_N), "worst": as_given(-scores_N), "flat": as_given(np.ones(200))}
    perfect, worst, flat = compare(methods, scores_N, groups_N, splits=2)["methods"]
    assert perfect["srocc"]["median"] == pytest.approx(1)
    assert perfect["rmse"]["median"] == pytest.approx(0, abs=1e-9)
    assert worst["krocc"]["median"] == pytest.approx(-1)
    assert worst["plcc_logistic"]["median"] == pytest.approx(1)
    assert math.isnan(flat["srocc"]["median"])


def test_validation_without_an_answer_still_gives_a_prediction() -> None:
    features_ND, scores_N = np.eye(12, 6), np.arange(12.0)
    predict = ridge_on(features_ND, scores_N)
    assert np.isfinite(predict(np.arange(8), np.array([8]), np.array([9, 10, 11]))).all()


def test_bad_input_is_refused(problem: tuple[np.ndarray, ...]) -> None:
    features_ND, scores_N, groups_N = problem
    with pytest.raises(ContriqueError, match="at least one split"):
        evaluate(features_ND, scores_N, groups_N, splits=0)
    with pytest.raises(ContriqueError, match="for 200 ratings"):
        evaluate(features_ND[:-1], scores_N, groups_N)
    with pytest.raises(ContriqueError, match="finite rating and a group"):
        evaluate(features_ND, scores_N, groups_N[:-1])
    with pytest.raises(ContriqueError, match="needs as many groups"):
        evaluate(features_ND, scores_N, np.arange(200) % 2)


def test_every_number_follows_from_the_predictions_that_a_result_holds() -> None:
    rng = np.random.default_rng(0)
    scores_N = 1e3 + rng.permutation(40)  # far from 0: digits are needed
    features_ND = np.stack([scores_N - 1e3 + rng.normal(0, 4, 40), rng.normal(0, 1, 40)], axis=1)
    result = compare({"ridge": ridge_on(features_ND, scores_N)}, scores_N, np.arange(40), splits=3)
    (row,) = result["methods"]
    theirs = {"srocc": scipy.stats.spearmanr, "plcc": scipy.stats.pearsonr, "krocc": scipy.stats.kendalltau}
    for split, (test, predicted) in enumerate(zip(result["tests"], row["predictions"], strict=True)):
        for measure, function in theirs.items():
            assert row[measure]["splits"][split] == pytest.approx(function(predicted, scores_N[test])[0], abs=1e-6)


def test_a_single_image_for_training_is_said_in_words() -> None:
    with pytest.raises(ContriqueError, match="a single image for training"):
        compare({"ridge": ridge_on(np.eye(3), np.arange(3.0))}, np.arange(3.0), np.arange(3), splits=1)
