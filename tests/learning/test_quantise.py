"""8-bit graphs: close to the float ones, their features their own, and never mixed up with them."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

import contrique
from contrique.card import read_card
from contrique.errors import ContriqueError, ModelError
from contrique.images import Preprocessing
from contrique.learning.encoders import build
from contrique.learning.export import export_onnx, save_encoder
from contrique.learning.quantise import quantise

PHOTOGRAPHS = sorted((Path(__file__).parents[2] / "demo" / "photographs").glob("*.jpg"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "encoder"
    sizes = Preprocessing(max_scored_pixels=16_384, scales=(1.0,))
    encoder = build("efficientnet-lite0", "imagenet").eval()  # type: ignore[attr-defined]
    save_encoder(encoder, folder, name="plain", training={}, preprocessing=sizes, features="blocks")
    export_onnx(folder)
    return folder


@pytest.fixture(scope="module")
def small(plain: Path) -> Path:
    folder = plain.parent / "small"
    shutil.copytree(plain, folder)
    quantise(folder, PHOTOGRAPHS[:4])
    return folder


def test_features_are_nearly_those_of_the_float_graph(plain: Path, small: Path) -> None:
    photographs = [str(path) for path in PHOTOGRAPHS[4:8]]
    float_ND, int_ND = (contrique.load(str(folder)).features(photographs) for folder in (plain, small))
    assert float_ND.shape == int_ND.shape == (4, 2 * sum(build("efficientnet-lite0").block_dims))  # type: ignore[attr-defined]
    assert not np.array_equal(float_ND, int_ND)
    for mine, its in zip(int_ND, float_ND, strict=True):
        assert np.corrcoef(mine, its)[0, 1] > 0.95
    graph = (small / "encoder.onnx").stat().st_size
    assert graph > 3_000_000  # 8-bit weights are in the graph


def test_batches_of_one_size_give_the_same_features(small: Path) -> None:
    model = contrique.load(str(small))
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 120, 3), dtype=np.uint8)
    together = model.features(list(images))
    np.testing.assert_allclose(together, [model.features(image) for image in images], rtol=1e-5, atol=1e-5)


def test_8_bit_features_are_another_digest_and_no_other_engines(plain: Path, small: Path) -> None:
    assert contrique.load(str(plain)).digest != contrique.load(str(small)).digest
    assert read_card(small)["encoder"]["precision"] == "int8"
    with pytest.raises(ModelError, match="8-bit, and only the onnx engine"):
        contrique.load(str(small), engine="torch")


def test_a_float_graph_can_be_made_again(plain: Path, small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(small, folder)
    export_onnx(folder)
    photograph = str(PHOTOGRAPHS[0])
    again, first = contrique.load(str(folder)), contrique.load(str(plain))
    assert again.digest == first.digest
    np.testing.assert_array_equal(again.features(photograph), first.features(photograph))


def test_a_programs_own_logging_stays_as_it_was(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, handler = logging.getLogger(), logging.StreamHandler()
    monkeypatch.setattr(root, "level", logging.INFO)
    monkeypatch.setattr(root, "handlers", [handler])
    with pytest.raises(ContriqueError, match=r"absent\.jpg"):
        quantise(plain, [plain / "absent.jpg"])
    assert (root.level, root.handlers) == (logging.INFO, [handler])


def test_refusals(plain: Path, small: Path) -> None:
    with pytest.raises(ContriqueError, match="got none"):
        quantise(plain, [])
    with pytest.raises(ContriqueError, match="expected a float graph"):
        quantise(small, PHOTOGRAPHS[:2])
    with pytest.raises(ContriqueError, match=r"absent\.jpg"):
        quantise(plain, [plain / "absent.jpg"])
    assert "precision" not in read_card(plain)["encoder"]
