"""``QualityModel.map`` of real photographs, by the shipped model."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from contrique.errors import ImageError, ModelError
from contrique.images import read_image
from contrique.model import QualityModel

PHOTOGRAPHS = Path(__file__).resolve().parents[2] / "demo" / "photographs"


@pytest.fixture(scope="module")
def pagoda() -> np.ndarray:
    return read_image(PHOTOGRAPHS / "pagoda.jpg")


def worst(image_HWC: np.ndarray, what: str) -> np.ndarray:
    """The image, all of it so blurred or noisy that nobody misses it."""
    if what == "noise":
        drawn_HWC = np.random.default_rng(3).normal(0, 60, image_HWC.shape)
        return np.clip(image_HWC + drawn_HWC, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(image_HWC).filter(ImageFilter.GaussianBlur(6)))


@pytest.mark.parametrize("what", ["blur", "noise"])
def test_the_map_points_to_the_bad_corner(what: str, model: QualityModel, pagoda: np.ndarray) -> None:
    height, width = pagoda.shape[:2]
    corner = np.s_[height // 2 :, : width // 2]
    spoiled = pagoda.copy()
    spoiled[corner] = worst(pagoda, what)[corner]
    before, after = (model.map(image).badness_HW for image in (pagoda, spoiled))
    assert after[corner].sum() / after.sum() > 0.5
    assert after[corner].sum() / after.sum() > before[corner].sum() / before.sum()
    y, x = np.unravel_index(after.argmax(), after.shape)
    assert y >= height // 2
    assert x < width // 2


def test_the_score_is_the_scores_and_the_maps_mean(model: QualityModel) -> None:
    path = PHOTOGRAPHS / "coffee.jpg"
    made, plain = model.map(path), model.score(path)
    assert made.score == plain
    assert made.quality_HW.mean(dtype=np.float64) == pytest.approx(plain.value, abs=1e-3)
    assert 0 <= made.quality_HW.min() <= made.quality_HW.max() <= 100


def test_a_mirrored_photograph_has_a_mirrored_map(model: QualityModel, pagoda: np.ndarray) -> None:
    straight, mirrored = (model.map(np.ascontiguousarray(image)).quality_HW for image in (pagoda, pagoda[:, ::-1]))
    assert np.corrcoef(straight.ravel(), mirrored[:, ::-1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (70, 50), (2000, 3)])
def test_small_and_narrow_images_have_maps(size: tuple[int, int], model: QualityModel) -> None:
    made = model.map(np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8))  # grey
    assert made.quality_HW.shape == size
    assert made.overlay().shape[0] > size[0]


def test_a_photograph_lying_on_its_side_is_mapped_upright(model: QualityModel, pagoda: np.ndarray) -> None:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x112] = 6
    Image.fromarray(pagoda[:100, :200]).save(file, "JPEG", exif=exif)
    assert model.map(file.getvalue()).quality_HW.shape == (200, 100)


def test_bad_images_are_named(model: QualityModel, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no image")
    with pytest.raises(ImageError, match=r"bad\.jpg: not an image"):
        model.map(tmp_path / "bad.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        model.map(tmp_path)


def test_a_model_without_a_regressor_has_no_map(model: QualityModel) -> None:
    bare = QualityModel(model.folder, model.card, model._engine, None)
    with pytest.raises(ModelError, match="has no regressor yet"):
        bare.map(np.zeros((64, 64, 3), np.uint8))


def test_scoring_does_not_import_what_only_maps_need() -> None:
    words = "import contrique, sys; contrique.load(); print([m for m in sys.modules if 'quality_map' in m])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_photograph_of_24_megapixels_has_a_map_of_the_size_it_is_scored_at(
    model: QualityModel, pagoda: np.ndarray
) -> None:
    large = np.asarray(Image.fromarray(pagoda).resize((6000, 4003)))
    made = model.map(large)
    assert made.quality_HW.size <= model.preprocessing.max_scored_pixels
    assert made.overlay(large).shape[1] == 6000
