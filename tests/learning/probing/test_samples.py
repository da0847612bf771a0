"""Views: drawn from a photograph and a seed alone, balanced, named for what was done; features kept between runs."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_model import plain_model

from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache
from contrique.images import half_scale
from contrique.learning.distortions import NAMES, distort
from contrique.learning.probing import samples
from contrique.learning.probing.samples import KINDS, View, collect, render, views_of

pytest.importorskip("cv2")
pytest.importorskip("scipy")

CONTENTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(200)]
WHOLE = (1.0, 1.0, 0.0, 0.0)


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    (tmp_path / "photographs").mkdir()
    paths = [tmp_path / "photographs" / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(paths):
        Image.fromarray(picture(seed)).save(path)
    return paths


def test_every_type_has_as_many_views_at_different_levels() -> None:
    for levels in (1, 3, 5):
        views = views_of(CONTENTS[0], levels, 0)
        assert Counter(view.kind for view in views) == {**dict.fromkeys(range(25), levels), 25: 4 * levels}
        for kind in range(25):
            assert len({view.level for view in views if view.kind == kind}) == levels
        assert all((view.level == 0) == (KINDS[view.kind] == "none") for view in views)


def test_views_are_balanced_over_photographs() -> None:
    views = [view for content in CONTENTS for view in views_of(content, 1, 0)]
    levels = Counter((view.kind, view.level) for view in views if view.level)
    assert len(levels) == 125
    assert min(levels.values()) > 15  # 40 expected, give or take 6
    forms = Counter(view.form for view in views)
    assert [forms[form] / len(views) for form in range(3)] == pytest.approx([0.5, 0.25, 0.25], abs=0.03)
    assert sum(view.quality is not None for view in views) / len(views) == pytest.approx(1 / 3, abs=0.03)
    assert {view.quality for view in views} == {None, *range(85, 99)}


def test_views_depend_on_the_photograph_and_the_seed() -> None:
    assert views_of(CONTENTS[0], 2, 0) == views_of(CONTENTS[0], 2, 0)
    assert views_of(CONTENTS[0], 2, 0) != views_of(CONTENTS[1], 2, 0)
    assert views_of(CONTENTS[0], 2, 0) != views_of(CONTENTS[0], 2, 1)


def test_a_view_is_the_distortion_of_its_form() -> None:
    image, kind = picture(1, 200, 160), NAMES.index("jpeg")
    whole, changed = render(image, View(kind, 3, 0, WHOLE, None, 7))
    np.testing.assert_array_equal(whole, distort(image, "jpeg", 3))
    assert changed
    half, _ = render(image, View(kind, 3, 1, WHOLE, None, 7))
    np.testing.assert_array_equal(half, distort(half_scale(image), "jpeg", 3))
    part, _ = render(image, View(kind, 3, 2, (0.5, 0.75, 1.0, 0.5), None, 7))
    np.testing.assert_array_equal(part, distort(np.ascontiguousarray(image[100:, 20:140]), "jpeg", 3))
    saved, _ = render(image, View(kind, 3, 0, WHOLE, 90, 7))
    assert 0 < np.abs(saved.astype(int) - whole).mean() < 5


def test_small_photographs_are_not_cut_smaller() -> None:
    for form in (1, 2):
        view, _ = render(picture(1, 70, 50), View(NAMES.index("jpeg"), 3, form, (0.5, 0.5, 0.0, 0.0), None, 7))
        assert view.shape[:2] == ((70, 50) if form == 1 else (64, 50))


def test_what_changes_nothing_is_no_distortion() -> None:
    image = picture(1)
    for name, level, changed in [("mean_shift", 3, False), ("mean_shift", 2, True), ("gaussian_blur", 1, False)]:
        assert render(image, View(NAMES.index(name), level, 0, WHOLE, None, 7))[1] is changed
        assert render(image, View(NAMES.index(name), level, 0, WHOLE, 90, 7))[1] is changed  # JPEG is no matter
    assert render(image, View(len(NAMES), 0, 0, WHOLE, None, 7))[1] is False


def test_samples_are_the_features_of_views(photographs: list[Path]) -> None:
    model = plain_model()
    got = collect(model, photographs)
    assert got.features_ND.shape == (3 * 29, 8)
    assert sorted(got.used) == photographs
    for number, path in enumerate(got.used):
        views = views_of(hashlib.sha256(path.read_bytes()).hexdigest(), 1, 0)
        for view, row, kind, level in zip(
            views, *(part[29 * number :][:29] for part in (got.features_ND, got.kind_N, got.level_N)), strict=True
        ):
            image, changed = render(np.asarray(Image.open(path)), view)
            np.testing.assert_allclose(row, model.features_of([image])[0], rtol=1e-6)
            assert (kind, level) == ((view.kind, view.level) if changed else (25, 0))


def test_names_order_and_company_change_nothing(photographs: list[Path], tmp_path: Path) -> None:
    got = collect(plain_model(), photographs)
    renamed = [tmp_path / f"other {place}.png" for place in (2, 0, 1)]
    for path, other in zip(photographs, renamed, strict=True):
        other.write_bytes(path.read_bytes())
    again = collect(plain_model(), [*renamed, *photographs])  # the same three, twice
    np.testing.assert_array_equal(again.features_ND, got.features_ND)
    np.testing.assert_array_equal(again.kind_N, got.kind_N)
    fewer = collect(plain_model(), photographs, most=2)
    assert fewer.used == got.used[:2]
    np.testing.assert_array_equal(fewer.features_ND, got.features_ND[: 2 * 29])


def test_kept_features_are_not_computed_again(photographs: list[Path], tmp_path: Path) -> None:
    cache, model = FeatureCache(tmp_path / "cache"), plain_model()
    stops = iter([False, True])

    def stopped(images: list[np.ndarray]) -> np.ndarray:
        if next(stops):
            raise KeyboardInterrupt
        return plain_model().features_of(images)

    model.features_of = stopped
    with pytest.raises(KeyboardInterrupt):
        collect(model, photographs, cache=cache)
    seen = []
    model.features_of = lambda images: seen.append(len(images)) or plain_model().features_of(images)
    first = collect(model, photographs, cache=cache)
    assert seen == [29, 29]  # the first photograph's were kept
    model.features_of = None
    again = collect(model, photographs, cache=cache)
    for name in ("features_ND", "kind_N", "level_N"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
        np.testing.assert_array_equal(getattr(again, name), getattr(collect(plain_model(), photographs), name))


def test_bad_photographs_are_named_and_left_out(photographs: list[Path], tmp_path: Path) -> None:
    empty, absent = tmp_path / "empty.png", tmp_path / "absent.png"
    empty.write_bytes(b"")
    got = collect(plain_model(), [empty, *photographs, absent])
    assert set(got.left_out) == {empty, absent}
    assert len(got.features_ND) == 3 * 29
    with pytest.raises(ContriqueError, match="no photograph can be used"):
        collect(plain_model(), [empty, absent])
    with pytest.raises(ContriqueError, match="no photograph can be used"):
        collect(plain_model(), [])


def test_features_that_are_no_numbers_leave_a_photograph_out(photographs: list[Path]) -> None:
    model = plain_model()
    model.features_of = lambda images: np.full((len(images), 8), np.nan, np.float32)
    with pytest.raises(ContriqueError, match="not finite"):
        collect(model, photographs)


def test_what_is_missing_is_said(photographs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(samples.sys.modules, "cv2", None)
    with pytest.raises(ImportError, match="contrique probe needs OpenCV"):
        collect(plain_model(), photographs)
