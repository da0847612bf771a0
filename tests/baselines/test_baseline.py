"""What baselines have in common, shown by one that can be computed by hand: an image's darkness."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contrique.baselines.baseline import Baseline
from contrique.errors import ContriqueError, ImageError
from contrique.evaluation.cache import FeatureCache, cached_features
from contrique.evaluation.protocol import as_given, compare
from contrique.scoring import score_stream


class Darkness(Baseline):
    """The number is 255 less the mean; black has none."""

    digest, dim = "darkness-1", 1

    def __init__(self, interval: dict[str, float] | None = None) -> None:
        mapping = {"low": 0, "high": 255, "lower_is_better": True}
        super().__init__({"name": "darkness", "raw": {"mapping": mapping, "interval": interval}})

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        if not image_HWC.any():
            raise ContriqueError("it is black")
        return np.array([image_HWC.mean()])

    def raw(self, features_ND: np.ndarray) -> np.ndarray:
        return 255 - features_ND[:, 0]

    def learner(self, features_ND: np.ndarray, scores_N: np.ndarray, *, lower_is_better: bool) -> Any:
        return as_given(self.raw(features_ND) if lower_is_better else -self.raw(features_ND))


def plain(level: int) -> np.ndarray:
    return np.full((4, 5, 3), level, np.uint8)


def test_a_score_has_the_number_and_its_place() -> None:
    score = Darkness().score(plain(51))
    assert (score.path, score.error, score.raw) == ("<array>", None, 204)
    assert score.value == pytest.approx(20)
    assert math.isnan(score.low)
    assert math.isnan(score.high)


def test_an_interval_is_around_the_number() -> None:
    score = Darkness({"level": 0.8, "half_width": 25.5}).score(plain(102))
    assert (score.low, score.value, score.high) == pytest.approx((30, 40, 50))


def test_one_image_without_an_answer_is_an_error_and_one_of_many_a_row(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="<array>: cannot be scored: it is black"):
        Darkness().score(plain(0))
    scores = Darkness().score([plain(51), plain(0), tmp_path / "none.png", plain(102)])
    assert [score.error for score in scores] == [None, "cannot be scored: it is black", "no such file", None]
    assert [round(score.value) for score in scores if score.error is None] == [20, 40]


def test_folders_and_streams(tmp_path: Path) -> None:
    for level in (51, 102, 153):
        Image.fromarray(plain(level)).save(tmp_path / f"{level}.png")
    assert [round(score.raw) for score in Darkness().score(tmp_path)] == [153, 102, 204]  # 102, 153, 51 by name
    stream = score_stream(Darkness(), (plain(level) for level in range(1, 200)), batch=7, workers=3)
    assert [score.raw for score in stream] == [255 - level for level in range(1, 200)]


def test_the_cache_and_the_protocol_take_it(tmp_path: Path) -> None:
    paths = []
    for level in range(10, 130, 4):
        paths.append(tmp_path / f"{level}.png")
        Image.fromarray(plain(level)).save(paths[-1])
    cache = FeatureCache(tmp_path / "cache")
    for _ in range(2):
        features_ND, errors = cached_features(Darkness(), paths, cache)
        np.testing.assert_array_equal(features_ND[:, 0], range(10, 130, 4))
        assert not errors
    dmos_N = 100 - features_ND[:, 0]
    method = Darkness().learner(features_ND, dmos_N, lower_is_better=True)
    (row,) = compare({"darkness": method}, dmos_N, np.arange(30))["methods"]
    assert row["srocc"]["median"] == pytest.approx(1)
