"""Features on disk: found again by content, computed once, never wrong, and never in the way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contrique.evaluation.cache import FeatureCache, cached_features, content_digest, default_folder, rated_features
from contrique.evaluation.ratings import read_ratings
from contrique.images import Preprocessing, fit_size


class FakeModel:
    """Features are the colour means; counts the images it was asked about."""

    name, dim = "fake", 3

    def __init__(self, digest: str = "d1") -> None:
        self.preprocessing, self.digest, self.seen = Preprocessing(), digest, 0

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        return fit_size(image_HWC, self.preprocessing)

    def features_of(self, images: list[np.ndarray]) -> np.ndarray:
        self.seen += len(images)
        return np.array([image.mean((0, 1)) for image in images], np.float32)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    paths = []
    for level in (10, 60, 200):
        paths.append(tmp_path / f"{level}.png")
        Image.new("RGB", (70, 70), (level, 1, 2)).save(paths[-1])
    return paths


def compute(model: Any, paths: list[Path], cache: FeatureCache | None) -> tuple[np.ndarray, dict[int, str]]:
    return cached_features(model, paths, cache)


def test_a_second_run_computes_nothing_and_gives_the_same(paths: list[Path], tmp_path: Path) -> None:
    first, again = FakeModel(), FakeModel()
    expected, _ = compute(first, paths, FeatureCache(tmp_path / "cache"))
    got, errors = compute(again, paths, FeatureCache(tmp_path / "cache"))
    assert (first.seen, again.seen, errors) == (3, 0, {})
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(got[:, 0], [10, 60, 200])
    assert got.dtype == np.float32


def test_content_counts_and_not_the_name(paths: list[Path], tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    compute(FakeModel(), paths, cache)
    moved = paths[0].rename(tmp_path / "moved.png")
    Image.new("RGB", (70, 70), (77, 1, 2)).save(paths[1])
    model = FakeModel()
    got, _ = compute(model, [moved, paths[1]], cache)
    assert got[:, 0].tolist() == [10, 77]
    assert model.seen == 1


def test_another_model_has_its_own_entries(paths: list[Path], tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    compute(FakeModel("d1"), paths, cache)
    other = FakeModel("d2")
    compute(other, paths, cache)
    assert other.seen == 3


def test_equal_images_are_computed_once(paths: list[Path], tmp_path: Path) -> None:
    model = FakeModel()
    got, _ = compute(model, [paths[0], paths[1], paths[0]], None)
    assert model.seen == 2
    assert got[:, 0].tolist() == [10, 60, 10]


def test_no_cache_keeps_nothing(paths: list[Path], tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    for _ in range(2):
        model = FakeModel()
        compute(model, paths, None)
        assert model.seen == 3
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "shape", "type", "nan", "pickle"])
def test_damaged_entries_are_computed_again(damage: str, paths: list[Path], tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    expected, _ = compute(FakeModel(), paths, cache)
    content = content_digest(paths[1])
    assert content is not None
    entry = cache.path("d1", content)
    if damage == "truncated":
        entry.write_bytes(entry.read_bytes()[:-5])
    elif damage in ("empty", "text"):
        entry.write_bytes(b"" if damage == "empty" else b"hello")
    else:
        wrong: dict[str, Any] = {
            "shape": np.ones(4, np.float32),
            "type": np.ones(3),
            "nan": np.array([1, np.nan, 2], np.float32),
            "pickle": np.array([{}, {}, {}]),
        }
        np.save(entry, wrong[damage], allow_pickle=True)
    model = FakeModel()
    got, _ = compute(model, paths, cache)
    np.testing.assert_array_equal(got, expected)
    assert model.seen == 1
    model = FakeModel()
    compute(model, paths, cache)
    assert model.seen == 0


def test_images_that_cannot_be_used_are_named_and_not_kept(paths: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    for _ in range(2):
        got, errors = compute(FakeModel(), [bad, paths[0], tmp_path / "missing.png", bad], FeatureCache(tmp_path / "c"))
        assert sorted(errors) == [0, 2, 3]
        assert np.isnan(got[[0, 2, 3]]).all()
        assert got[1, 0] == 10
    assert len(list((tmp_path / "c").rglob("*.npy"))) == 1


def test_features_that_are_not_finite_are_an_error(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeModel, "features_of", lambda self, images: np.full((len(images), 3), np.inf, np.float32))
    assert "not finite" in compute(FakeModel(), paths[:1], None)[1][0]


def test_an_interrupted_run_keeps_what_it_had(paths: list[Path], tmp_path: Path) -> None:
    class Stops(FakeModel):
        def features_of(self, images: list[np.ndarray]) -> np.ndarray:
            if self.seen == 2:
                raise KeyboardInterrupt
            return super().features_of(images)

    # More than one window of the stream, so that the first is done when the second stops.
    many = []
    for level in range(40):
        many.append(tmp_path / f"many{level}.png")
        Image.new("RGB", (64, 64), (level, 0, 0)).save(many[-1])
    stops = Stops()
    stops.seen = -14  # 16 images to a window
    with pytest.raises(KeyboardInterrupt):
        compute(stops, many, FeatureCache(tmp_path / "cache"))
    model = FakeModel()
    compute(model, many, FeatureCache(tmp_path / "cache"))
    assert model.seen == 24
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_a_folder_that_cannot_be_written_is_warned_of_once(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="not kept") as caught:
        got, errors = compute(FakeModel(), paths, FeatureCache(tmp_path / "file"))
    assert len(caught) == 1
    assert (got[0, 0], errors) == (10, {})


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONTRIQUE_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("CONTRIQUE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_folder() == tmp_path / "xdg" / "contrique"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "contrique"


def test_full_reference_features_are_absolute_differences(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    Image.new("RGB", (70, 70), (50, 1, 9)).save(tmp_path / "r" / "ref.png")
    (tmp_path / "r" / "broken.png").write_bytes(b"no image")
    csv = tmp_path / "s.csv"
    csv.write_text("name,mos,ref\n10.png,1,ref\n60.png,2,ref\n200.png,3,broken\n")
    ratings = read_ratings(csv, images=tmp_path, references=tmp_path / "r")
    model: Any = FakeModel()
    features, errors = rated_features(model, ratings, FeatureCache(tmp_path / "cache"))
    np.testing.assert_array_equal(features[:2], [[40, 0, 7], [10, 0, 7]])
    assert np.isnan(features[2]).all()
    assert list(errors) == [2]
    assert "broken.png" in errors[2]
    assert model.seen == 4
