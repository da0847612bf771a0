"""A probe from photographs: it tells what its features can tell, is measured on others, and is the same every time."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import contrique
from contrique.errors import ContriqueError
from contrique.learning.distortions import NAMES, distort
from contrique.learning.probing.fitting import fit_probe
from contrique.model import QualityModel

pytest.importorskip("cv2")
pytest.importorskip("scipy")
pytest.importorskip("onnx")
COUNT = 20


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(COUNT):
        coarse = np.random.default_rng(seed).integers(40, 216, (10, 12, 3), np.uint8)
        Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC).save(folder / f"{seed}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> QualityModel:
    from tiny_model import write_tiny_model

    return contrique.load(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture(scope="module")
def probed(model: QualityModel, photographs: list[Path]) -> QualityModel:
    made, left_out = fit_probe(model, photographs, name="probed", about={"source": "drawn"})
    assert left_out == {}
    return made


def test_the_card_says_what_was_done_and_measured(probed: QualityModel, model: QualityModel) -> None:
    about = probed.card["probe"]
    assert probed.name == "probed"
    assert about["classes"] == [*NAMES, "none"]
    assert (about["source"], about["images"], about["views"]) == ("drawn", COUNT, COUNT * 29)
    held = about["held_out"]
    assert (held["images"], held["views"]) == (COUNT // 5, COUNT // 5 * 29)
    assert held["kind"] > 4 * held["kind_chance"]
    assert held["level_within_1"] > held["level_within_1_chance"]
    assert probed.card["regressor"] == model.card["regressor"]


def test_it_tells_clear_distortions_of_photographs_it_has_not_seen(probed: QualityModel) -> None:
    rng = np.random.default_rng(1000)
    coarse = Image.fromarray(rng.integers(40, 216, (10, 12, 3), np.uint8))
    image = np.asarray(coarse.resize((96, 80), Image.Resampling.BICUBIC))
    for name in ("impulse_noise", "darken", "color_saturation_2"):
        found = probed.score(distort(image, name, 5)).distortions
        assert name in [one.name for one in found[:2]], name
        assert sum(one.probability for one in found) == pytest.approx(1, abs=1e-5)
        assert len(found) == 26


def test_a_level_rises_with_the_distortion(probed: QualityModel) -> None:
    image = np.full((80, 96, 3), 128, np.uint8)
    said = [
        {one.name: one.level for one in probed.score(distort(image, "impulse_noise", level)).distortions}
        for level in (1, 3, 5)
    ]
    levels = [one["impulse_noise"] for one in said]
    assert levels == sorted(levels)
    assert levels[0] < levels[2]
    assert all(one["none"] == 0 for one in said)


def test_the_same_seed_makes_the_same_probe(
    probed: QualityModel, model: QualityModel, photographs: list[Path], tmp_path: Path
) -> None:
    again, _ = fit_probe(model, photographs[::-1], name="probed", about={"source": "drawn"})
    assert again.card["probe"] == probed.card["probe"]
    for name, array in again.probe.to_arrays().items():
        np.testing.assert_array_equal(array, probed.probe.to_arrays()[name])
    saved = contrique.load(again.save(tmp_path / "saved"))
    for name, array in saved.probe.to_arrays().items():  # the probe in memory is the one in the file
        np.testing.assert_array_equal(array, probed.probe.to_arrays()[name])


def test_too_few_photographs_are_refused(model: QualityModel, photographs: list[Path]) -> None:
    with pytest.raises(ContriqueError, match="at least 10 photographs that can be used, got 9"):
        fit_probe(model, photographs[:9], name="x", about={})
