"""Crops: of any image, inside it, at places that can be had again; memory within its bound."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contrique.baselines.hyperiqa import crops
from contrique.baselines.hyperiqa.crops import CROP, Pictures, Place, cut, fixed_places, sized, training_places
from contrique.evaluation.ratings import Ratings


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(512, 512), (224, 224), (384, 512), (512, 900), (438, 634)])
def test_the_sets_of_the_field_are_seen_as_they_are(shape: tuple[int, int]) -> None:
    image = picture(*shape)
    assert sized(image) is image


@pytest.mark.parametrize(
    ("shape", "wanted"), [((768, 1024), (384, 512)), ((3000, 4000), (384, 512)), ((600, 513), (449, 384))]
)
def test_large_images_are_shrunk(shape: tuple[int, int], wanted: tuple[int, int]) -> None:
    image = picture(*shape)
    by_pillow = Image.fromarray(image).resize(wanted[::-1], Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(sized(image), np.array(by_pillow))


def test_small_images_are_mirrored_out() -> None:
    image = picture(100, 300)
    out = sized(image)
    assert out.shape == (224, 300, 3)
    np.testing.assert_array_equal(out[62:162], image)
    np.testing.assert_array_equal(out[61], image[0])
    np.testing.assert_array_equal(out[162], image[-1])


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 1200),
    width=st.integers(1, 1200),
    top=st.floats(0, 1, exclude_max=True),
    left=st.floats(0, 1, exclude_max=True),
)
def test_any_image_has_crops(height: int, width: int, top: float, left: float) -> None:
    image = sized(np.zeros((height, width, 3), np.uint8))
    assert cut(image, top, left).shape == (CROP, CROP, 3)


def test_very_narrow_images_stay_small() -> None:
    assert sized(np.zeros((1, 60_000, 3), np.uint8)).shape == (224, 16_384, 3)


def test_crops_reach_all_edges() -> None:
    image = picture(226, 225)
    almost_one = np.nextafter(1, 0)
    np.testing.assert_array_equal(cut(image, 0, 0), image[:224, :224])
    np.testing.assert_array_equal(cut(image, almost_one, almost_one), image[2:, 1:])


def test_places_of_testing_depend_on_the_seed_alone() -> None:
    np.testing.assert_array_equal(fixed_places(25, 3), fixed_places(25, 3))
    assert not np.array_equal(fixed_places(25, 3), fixed_places(25, 4))
    assert fixed_places(25, 0).min() >= 0
    assert fixed_places(25, 0).max() < 1
    np.testing.assert_array_equal(fixed_places(25, 0)[:5], fixed_places(5, 0))  # more crops, and the same before them


def test_an_epoch_has_every_image_as_often_and_another_one_other_places() -> None:
    images = [3, 5, 8, 13]
    first = training_places(images, 50, 0, 0)
    assert sorted(place.image for place in first) == sorted(images * 50)
    assert [place.image for place in first] != sorted(images * 50)
    assert 60 < sum(place.mirrored for place in first) < 140
    assert first == training_places(images, 50, 0, 0)
    assert len({(p.top, p.left) for p in first} & {(p.top, p.left) for p in training_places(images, 50, 0, 1)}) == 0


def test_pictures_give_the_crops_of_their_files(rated: Ratings, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [Place(2, 0.5, 0.2, False), Place(0, 0.0, 0.9, True), Place(2, 0.99, 0.0, False)]
    kept = Pictures(rated.paths)
    assert kept.look(progress=False) == {}
    monkeypatch.setattr(crops, "KEPT_BYTES", 230 * 240 * 3)  # room for one of the twelve
    once = Pictures(rated.paths)
    assert once.look(progress=False) == {}
    assert len(once._kept) == 1
    given = kept.crops(places)
    np.testing.assert_array_equal(given, once.crops(places))
    two, zero = (np.array(Image.open(rated.paths[i])) for i in (2, 0))
    np.testing.assert_array_equal(given[0], two[3 : 3 + 224, 3 : 3 + 224])
    np.testing.assert_array_equal(given[1], zero[:224, 15 : 15 + 224][:, ::-1])
    np.testing.assert_array_equal(given[2], two[6:230, :224])


def test_unusable_images_are_named(rated: Ratings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(rated.paths[0].read_bytes()[:500])
    reasons = Pictures([rated.paths[0], broken, tmp_path / "absent.png"]).look(progress=False)
    assert list(reasons) == [1, 2]
    assert reasons[2] == "no such file"
