"""The protocol against a plain loop with scikit-learn, and its rules: the same splits for all, nothing of test seen."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from contrique.errors import ContriqueError, ModelError
from contrique.evaluation import protocol
from contrique.evaluation.protocol import as_given, compare, evaluate, evaluate_models, ridge_on
from contrique.evaluation.ratings import read_ratings
from contrique.evaluation.regressor import Regressor, RidgePath
from contrique.evaluation.splits import group_split
from contrique.images import Preprocessing, prepare
from contrique.scale import interval_hundred


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
    assert list(row) == ["method", "srocc", "plcc", "plcc_logistic", "krocc", "rmse"]
    assert row["method"] == "contrique"
    for measure in list(row)[1:]:
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


class FakeModel:
    """Features are the colour means; its own score is the first of them."""

    dim = 3

    def __init__(self, name: str, *, full_reference: bool = False, digest: str | None = None) -> None:
        self.name, self.digest, self.full_reference, self.folder = name, name, full_reference, Path(name)
        self.preprocessing = Preprocessing()
        self.card: dict[str, Any] = {"encoder": {}, "regressor": {"ratings_digest": digest}}

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        return prepare(image_HWC, self.preprocessing)[0]

    def features_of(self, images: list[np.ndarray]) -> np.ndarray:
        return np.array([image.mean((0, 1)) for image in images], np.float32)

    def score_features(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rating_N = Regressor(np.array([1.0, 0, 0]), 0).predict(features_ND)
        return interval_hundred(rating_N, 1.0, {"low": 0, "high": 255})


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    lines = ["name,dmos,reference"]
    for i in range(30):
        level = int(rng.integers(5, 250))
        Image.new("RGB", (66, 66), (level, 200 - i, i)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{300 - level + rng.standard_normal():.3f},{i // 3}")
    (tmp_path / "s.csv").write_text("\n".join(lines))
    for i in range(10):
        Image.new("RGB", (66, 66), (250, 200, 0)).save(tmp_path / f"ref{i}.png")
    return tmp_path


def run(rated: Path, models: list[Any], **options: Any) -> dict[str, Any]:
    return evaluate_models(read_ratings(rated / "s.csv", images=rated), models, splits=3, **options)


def test_models_from_files_to_the_result(rated: Path) -> None:
    result = run(rated, [FakeModel("mine"), FakeModel("mine")], as_fitted=True)
    names = [row["method"] for row in result["methods"]]
    assert names == ["mine", "mine, as fitted", "mine (2)", "mine (2), as fitted"]
    assert [row["fit"] for row in result["methods"]] == ["each split", "none"] * 2
    for row in result["methods"]:  # DMOS: a good score is a low rating, and still a positive correlation
        assert row["srocc"]["median"] > 0.95
        assert row["digest"] == "mine"
    assert (result["images"], result["groups"], result["grouped_by"]) == (30, 10, "reference")
    assert result["lower_is_better"]
    assert not result["full_reference"]
    assert result["left_out"] == []


def test_images_that_cannot_be_read_are_left_out_and_named(rated: Path) -> None:
    (rated / "7.png").write_bytes(b"no image")
    result = run(rated, [FakeModel("a"), FakeModel("b")])
    assert result["images"] == 29
    assert [Path(row["path"]).name for row in result["left_out"]] == ["7.png"]


def test_own_scores_on_the_ratings_of_the_fit_are_warned_of(rated: Path) -> None:
    digest = read_ratings(rated / "s.csv", images=rated).digest
    with pytest.warns(UserWarning, match="was fitted to"):
        run(rated, [FakeModel("a", digest=digest)], as_fitted=True)


def test_own_scores_need_a_regressor_and_references_where_it_wants_them(rated: Path) -> None:
    bare = FakeModel("bare")
    bare.card.pop("regressor")
    with pytest.raises(ModelError, match="no regressor"):
        run(rated, [bare], as_fitted=True)
    with pytest.raises(ModelError, match="scores against references"):
        run(rated, [FakeModel("pairs", full_reference=True)], as_fitted=True)


def test_full_reference(rated: Path) -> None:
    (rated / "refs").mkdir()
    for i in range(10):
        (rated / f"ref{i}.png").rename(rated / "refs" / f"{i}.png")
    ratings = read_ratings(rated / "s.csv", images=rated, references=rated / "refs")
    model: Any = FakeModel("pairs", full_reference=True)
    result = evaluate_models(ratings, [model], splits=3)
    assert result["full_reference"]
    assert result["methods"][0]["srocc"]["median"] > 0.95
