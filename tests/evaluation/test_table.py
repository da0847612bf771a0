"""The table from files: contenders measured on the same images, official splits, and across sets."""

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import FakeModel
from PIL import Image

from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.contenders import Contender, contenders
from contrique.evaluation.protocol import MEASURES, Method, compare, ridge_on
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.evaluation.report import to_json
from contrique.evaluation.splits import group_split
from contrique.evaluation.table import measure, measure_across

LEVEL = 300


def make(folder: Path, *, column: str = "dmos", seed: int = 1, count: int = 30) -> Path:
    """Flat images whose rating is their redness, the more the better; ``dmos`` counts from good to bad."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    lines = [f"name,{column},reference"]
    for i in range(count):
        level = int(rng.integers(5, 250))
        Image.new("RGB", (66, 66), (level, 200 - i, i)).save(folder / f"{i}.png")
        rating = (LEVEL - level if column == "dmos" else level) + rng.standard_normal()
        lines.append(f"{i}.png,{rating:.3f},{i // 3}")
    (folder / "s.csv").write_text("\n".join(lines))
    for i in range(count // 3):
        Image.new("RGB", (66, 66), (250, 200, 0)).save(folder / f"ref{i}.png")
    return folder


def ratings_of(folder: Path, **options: Any) -> Ratings:
    return read_ratings(folder / "s.csv", images=folder, **options)


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return make(tmp_path / "rated")


def rows_of(models: list[Any], **options: Any) -> list[Contender]:
    return contenders(["contrique"], models=models, **options)


def run(rated: Path, models: list[Any], *, as_fitted: bool = False) -> dict[str, Any]:
    return measure(ratings_of(rated), rows_of(models, as_fitted=as_fitted), splits=3)


def test_models_from_files_to_the_result(rated: Path) -> None:
    result = run(rated, [FakeModel("mine"), FakeModel("mine")], as_fitted=True)
    names = [row["method"] for row in result["methods"]]
    assert names == ["mine", "mine, as fitted", "mine (2)", "mine (2), as fitted"]
    assert [row["about"]["fit"] for row in result["methods"]] == ["each split", "none"] * 2
    for row in result["methods"]:  # DMOS: a good score is a low rating, and still a positive correlation
        assert row["srocc"]["median"] > 0.95
        assert row["about"]["digest"] == "mine"
    assert (result["images"], result["groups"], result["grouped_by"]) == (30, 10, "reference")
    assert (result["split"], result["splits"], result["dataset"]) == ("random", 3, None)
    assert result["lower_is_better"]
    assert not result["full_reference"]
    assert result["left_out"] == []
    assert result["names"] == [f"{i}.png" for i in range(30)]
    assert json.loads(to_json(result))["digest"] == ratings_of(rated).digest


def test_images_that_cannot_be_read_are_left_out_for_all_and_named(rated: Path) -> None:
    (rated / "7.png").write_bytes(b"no image")
    result = run(rated, [FakeModel("a"), FakeModel("b")])
    assert result["images"] == 29
    assert [Path(row["path"]).name for row in result["left_out"]] == ["7.png"]
    assert "7.png" not in result["names"]


def test_own_scores_on_the_ratings_of_the_fit_are_warned_of(rated: Path) -> None:
    digest = ratings_of(rated).digest
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
    ratings = ratings_of(rated, references=rated / "refs")
    result = measure(ratings, rows_of([FakeModel("pairs", full_reference=True)]), splits=3)
    assert result["full_reference"]
    assert result["methods"][0]["srocc"]["median"] > 0.95
    with pytest.raises(ContriqueError, match="niqe has no full-reference variant"):
        measure(ratings, contenders(["niqe"]), splits=3)


def test_the_official_split_is_used_where_there_is_one(rated: Path) -> None:
    parts = np.arange(20), np.arange(20, 24), np.arange(24, 30)
    ratings = dataclasses.replace(ratings_of(rated), official=parts)
    rows = rows_of([FakeModel("a")])
    result = measure(ratings, rows)
    assert (result["split"], result["splits"], result["tests"]) == ("official", 1, [list(range(24, 30))])
    assert result["parts"] == [[20, 4, 6]]
    assert "published with the set" in result["protocol"]
    assert measure(ratings, rows, splits=2)["split"] == "random"
    assert measure(ratings, rows, split="random")["splits"] == 10
    with pytest.raises(ContriqueError, match="one official split"):
        measure(ratings, rows, split="official", splits=3)
    with pytest.raises(ContriqueError, match="no official split"):
        measure(ratings_of(rated), rows, split="official")
    with pytest.raises(ContriqueError, match="expected the split official or random"):
        measure(ratings, rows, split="by-hand")


def test_an_official_split_without_validation_gets_some_of_training(rated: Path) -> None:
    seen = []

    class Spy(Contender):
        name, about = "spy", {}

        def look(self, ratings: Ratings, cache: FeatureCache | None, *, progress: bool) -> dict[int, str]:
            return {3: "not this one"}

        def method(self, ratings: Ratings, keep_N: np.ndarray) -> Method:
            def predict(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> np.ndarray:
                seen.append((train, validation, test, ratings.groups))
                return np.arange(len(test))

            return predict

    parts = np.arange(24), np.arange(0), np.arange(24, 30)
    result = measure(dataclasses.replace(ratings_of(rated), official=parts), [Spy()])
    ((train, validation, test, groups_N),) = seen
    assert result["parts"] == [[len(train), len(validation), 6]]
    assert np.array_equal(test, np.arange(23, 29))  # one image before them was left out
    assert sorted([*train, *validation]) == list(range(23))
    assert 2 <= len(validation) <= 4
    assert not set(groups_N[train]) & set(groups_N[validation])


def test_across_sets_is_a_fit_to_one_and_a_test_on_all_of_the_other(rated: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "other", column="mos", seed=2, count=24)
    (rated / "4.png").write_bytes(b"no image")
    (other / "0.png").write_bytes(b"no image")
    first, second = ratings_of(rated), ratings_of(other)
    (result,) = measure_across(first, [second], rows_of([FakeModel("a")]), splits=4, seed=3)
    assert (result["split"], result["splits"], result["images"]) == ("cross-set", 4, 23)
    assert result["train_ratings"] == first.source
    assert (result["ratings"], result["digest"]) == (second.source, second.digest)
    assert not result["lower_is_better"]
    assert sorted(Path(row["path"]).parent.name for row in result["left_out"]) == ["other", "rated"]
    assert result["methods"][0]["srocc"]["low"] > 0.95  # DMOS against MOS, and still positive

    keep = np.arange(30) != 4
    used, unseen = first.only(keep), second.only(np.arange(24) != 0)
    model = FakeModel("a")
    read = [np.asarray(Image.open(path)) for path in (*used.paths, *unseen.paths)]
    features_ND = model.features_of([model.prepare(image) for image in read])
    expected = []
    for draw in range(4):
        train, validation = group_split(used.groups, (0.875, 0.125), seed=(3, draw))
        predict = ridge_on(features_ND, np.concatenate([used.scores, unseen.scores]))
        expected.append(-predict(train, validation, np.arange(29, 52)))
    np.testing.assert_allclose(result["methods"][0]["predictions"], expected, rtol=1e-5)


def test_several_sets_at_once_and_one_at_a_time_are_the_same(
    rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [ratings_of(make(tmp_path / str(n), column="mos", seed=n, count=24)) for n in (5, 6)]
    rows = rows_of([FakeModel("a")])
    fits = []

    def counting(*data: Any, **options: Any) -> Method:
        method = ridge_on(*data, **options)

        def predict(*parts: np.ndarray) -> np.ndarray:
            fits.append(parts)
            return method(*parts)

        return predict

    monkeypatch.setattr("contrique.evaluation.contenders.ridge_on", counting)
    both = measure_across(ratings_of(rated), others, rows, splits=2)
    assert len(fits) == 2  # once a draw
    alone = [measure_across(ratings_of(rated), [other], rows, splits=2)[0] for other in others]
    for one, other in zip(both, alone, strict=True):
        mine, theirs = one["methods"][0], other["methods"][0]
        np.testing.assert_allclose(mine.pop("predictions"), theirs.pop("predictions"), rtol=1e-9)
        for number in MEASURES:
            np.testing.assert_allclose(mine.pop(number).pop("splits"), theirs.pop(number).pop("splits"), rtol=1e-9)
        assert one == other


def test_across_sets_refuses_what_cannot_be(rated: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    rows = rows_of([FakeModel("a")])
    with pytest.raises(ContriqueError, match="a set to test on"):
        measure_across(ratings_of(rated), [], rows)
    with pytest.raises(ContriqueError, match="at least one split"):
        measure_across(ratings_of(rated), [ratings_of(other)], rows, splits=0)


def test_what_cannot_take_part_is_told_before_the_work_of_others(rated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("looked at images")

    monkeypatch.setattr("contrique.evaluation.contenders.rated_features", never)
    full = ratings_of(rated, references=rated, reference_column="name")
    rows = [*rows_of([FakeModel("a")]), *contenders(["brisque"])]
    with pytest.raises(ContriqueError, match="brisque has no full-reference variant"):
        measure(full, rows)
    with pytest.raises(ContriqueError, match="brisque has no full-reference variant"):
        measure_across(full, [full], rows)


def test_what_cannot_be_split_is_told_before_the_work(rated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrique.evaluation.table._looked", None)
    ratings, rows = ratings_of(rated), rows_of([FakeModel("a")])
    with pytest.raises(ContriqueError, match="needs as many groups, got 2"):
        measure(ratings.only(ratings.groups < 2), rows)
    with pytest.raises(ContriqueError, match="at least one split"):
        measure(ratings, rows, splits=0)
    none, some = np.arange(0), np.arange(9)
    for parts, missing in (((none, none, some), "training"), ((some, none, none), "test")):
        with pytest.raises(ContriqueError, match=f"official split's {missing} part: ask for random splits"):
            measure(dataclasses.replace(ratings, official=parts), rows)


def test_own_scores_across_sets_are_warned_of_where_the_model_was_fitted_to_the_tested(
    rated: Path, tmp_path: Path
) -> None:
    first, second = ratings_of(rated), ratings_of(make(tmp_path / "other", seed=2))
    for fitted, expected in ((first, 0), (second, 1)):
        rows = rows_of([FakeModel("a", digest=fitted.digest)], as_fitted=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            measure_across(first, [second], rows, splits=1)
        assert len(caught) == expected
    assert "was fitted to other/s.csv" in str(caught[0].message)


def test_images_fitted_to_and_tested_on_are_warned_of(rated: Path) -> None:
    first = ratings_of(rated)
    with pytest.warns(UserWarning, match=r"5 of 5 images of rated/s.csv are also fitted to, as images of rated/s.csv"):
        measure_across(first, [first.only(np.arange(30) < 5)], rows_of([FakeModel("a")]), splits=1)


def test_a_second_run_fits_nothing_again(rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = contenders(["brisque"])
    textured = tmp_path / "textured"
    textured.mkdir()
    rng = np.random.default_rng(0)
    lines = ["name,mos"]
    for i in range(12):
        noise = rng.normal(128, 5 + 3 * i, (40, 40, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).save(textured / f"{i}.png")
        lines.append(f"{i}.png,{100 - 5 * i}")
    (textured / "s.csv").write_text("\n".join(lines))
    cache = FeatureCache(tmp_path / "cache")
    first = measure(ratings_of(textured), rows, splits=2, cache=cache)

    def never(*_: Any) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr("contrique.baselines.brisque.fit_svr", never)
    again = measure(ratings_of(textured), rows, splits=2, cache=cache)
    assert again["methods"] == first["methods"]
    with pytest.raises(AssertionError, match="fitted again"):
        measure(ratings_of(textured), rows, splits=2, seed=1, cache=cache)


def test_given_methods_need_no_files() -> None:
    scores_N = np.arange(30.0)
    result = compare({"exact": lambda train, validation, test: scores_N[test]}, scores_N, np.arange(30), splits=1)
    assert result["methods"][0]["srocc"]["median"] == pytest.approx(1)
