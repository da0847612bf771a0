"""Shifts of scores: changes that do what they say, and a model whose shifts are known beforehand."""

import math
from pathlib import Path

import numpy as np
import pytest
from fake_models import FakeModel
from PIL import Image

from contrique.errors import ContriqueError, ImageError
from contrique.evaluation.robustness import CHANGES, cropped, mirrored, resized, robustness, saved_again

RAMP_HWC = np.tile(np.arange(100, dtype=np.uint8)[None, :, None], (60, 1, 3))


def test_changes_keep_or_change_the_size_as_they_say() -> None:
    sizes = {name: change(RAMP_HWC).shape for name, change in CHANGES.items()}
    assert sizes == {
        "enlarged 10 %": (66, 110, 3),
        "enlarged 25 %": (75, 125, 3),
        "shrunk 10 %": (54, 90, 3),
        "shrunk 25 %": (45, 75, 3),
        "JPEG quality 95": (60, 100, 3),
        "mirrored": (60, 100, 3),
        "cropped 5 %": (56, 96, 3),
    }
    assert all(change(RAMP_HWC).dtype == np.uint8 for change in CHANGES.values())


def test_mirroring_twice_and_cropping_at_both_edges() -> None:
    assert np.array_equal(mirrored(mirrored(RAMP_HWC)), RAMP_HWC)
    assert mirrored(RAMP_HWC)[0, 0, 0] == 99
    assert cropped(0.1)(RAMP_HWC)[0, [0, -1], 0].tolist() == [5, 94]


def test_resizing_and_saving_hardly_change_a_smooth_picture() -> None:
    for change in (resized(1.25), resized(0.75), saved_again(95)):
        assert abs(change(RAMP_HWC).mean() - RAMP_HWC.mean()) < 0.5
    assert not np.array_equal(saved_again(50)(RAMP_HWC), RAMP_HWC)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Ramps of red from dark to bright, of different depth."""
    files = []
    for number in range(1, 6):
        image_HWC = np.zeros((80, 100, 3), np.uint8)
        image_HWC[..., 0] = np.linspace(0, 50 * number, 100)[None]
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(image_HWC).save(files[-1])
    return files


def test_a_model_of_the_mean_does_not_see_small_changes(photos: list[Path]) -> None:
    found = robustness(FakeModel("red"), photos)
    assert found["images"] == 5
    assert found["deviation"] == pytest.approx(np.std([100 * 25 * number / 255 for number in range(1, 6)]), abs=0.5)
    assert [row["change"] for row in found["shifts"]] == list(CHANGES)
    for row in found["shifts"]:
        assert 0 <= row["median"] <= row["p95"] < 1
        assert row["share"] == pytest.approx(row["median"] / found["deviation"], abs=1e-3)


def test_a_shift_with_its_sign(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that only sees the left edge: mirrored, the dark side becomes the bright one."""
    model = FakeModel("left")
    monkeypatch.setattr(model, "features_of", lambda images: np.array([one[0, 0] for one in images], np.float32))
    rows = {row["change"]: row for row in robustness(model, photos)["shifts"]}
    assert rows["mirrored"]["bias"] == pytest.approx(100 * 150 / 255, abs=6)  # scores are bent near 0 and 100
    assert rows["mirrored"]["median"] == pytest.approx(100 * 150 / 255, abs=6)
    assert rows["mirrored"]["p95"] > 75
    assert rows["cropped 5 %"]["bias"] > 0
    assert math.isnan(rows["mirrored"]["share"])  # unchanged, all score 0


def test_images_that_cannot_be_used(photos: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ContriqueError, match="at least two images, got 1"):
        robustness(FakeModel("red"), photos[:1])
    with pytest.raises(ImageError, match=r"gone\.jpg"):
        robustness(FakeModel("red"), [photos[0], tmp_path / "gone.jpg"])
