"""Pairs of photographs: drawn from their bytes and a seed, the less distorted one first, features kept between runs."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_model import plain_model

from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache
from contrique.learning.distortions import NAMES
from contrique.learning.ordering import BOTH_WAYS, ordered_pairs, views_and_pairs

pytest.importorskip("cv2")
pytest.importorskip("scipy")

CONTENTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(200)]


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    (tmp_path / "photographs").mkdir()
    paths = [tmp_path / "photographs" / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(paths):
        coarse = np.random.default_rng(seed).integers(30, 220, (9, 11, 3), np.uint8)
        Image.fromarray(coarse).resize((110, 90), Image.Resampling.BICUBIC).save(path)
    return paths


def test_each_distortion_gives_one_pair_of_less_and_more() -> None:
    lower = 0
    for content in CONTENTS[:50]:
        views, pairs = views_and_pairs(content, 0)
        assert views[0].level == 0
        assert [views[worse].kind for _, worse in pairs] == list(range(25))
        for better, worse in pairs:
            assert views[better].level < views[worse].level
            assert better == 0 or views[better]._replace(level=0) == views[worse]._replace(level=0)
            lower += better > 0
        assert len({view.part for view in views}) == 1
        assert {view.quality for view in views} == {None}
        for name in BOTH_WAYS:
            assert pairs[NAMES.index(name)][0] == 0
    assert lower / (50 * 23) == pytest.approx(0.5, abs=0.06)


def test_pairs_depend_on_the_photograph_and_the_seed() -> None:
    assert views_and_pairs(CONTENTS[0], 0) == views_and_pairs(CONTENTS[0], 0)
    assert views_and_pairs(CONTENTS[0], 0) != views_and_pairs(CONTENTS[1], 0)
    assert views_and_pairs(CONTENTS[0], 0) != views_and_pairs(CONTENTS[0], 1)


def test_differences_are_those_of_the_views(photographs: list[Path], tmp_path: Path) -> None:
    model = plain_model()
    pairs, left_out = ordered_pairs(model, photographs)
    assert left_out == {}
    assert 60 < len(pairs) <= 75  # some levels change nothing: no pair of equal images
    assert set(pairs.photographs_M) == {0, 1, 2}
    assert not pairs.alike_M.any()
    assert (pairs.rows_M == -1).all()
    assert pairs.differences_MD.any(axis=1).all()
    again, _ = ordered_pairs(model, photographs, cache=FeatureCache(tmp_path / "cache"))
    np.testing.assert_array_equal(again.differences_MD, pairs.differences_MD)


def test_kept_features_are_used_and_most_is_kept_to(
    photographs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = plain_model(), FeatureCache(tmp_path / "cache")
    pairs, _ = ordered_pairs(model, photographs, most=2, cache=cache)
    assert set(pairs.photographs_M) == {0, 1}
    monkeypatch.setattr(model, "features_of", lambda images: pytest.fail("computed again"))
    again, _ = ordered_pairs(model, photographs, most=2, cache=cache)
    np.testing.assert_array_equal(again.differences_MD, pairs.differences_MD)


def test_what_cannot_be_read_is_named(photographs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    _, left_out = ordered_pairs(plain_model(), [*photographs, tmp_path / "broken.png", tmp_path / "gone.png"])
    assert set(left_out) == {tmp_path / "broken.png", tmp_path / "gone.png"}
    with pytest.raises(ContriqueError, match=r"no photograph can be used: .*gone\.png: cannot be read"):
        ordered_pairs(plain_model(), [tmp_path / "gone.png"])
