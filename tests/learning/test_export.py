"""Export: one weights file for both engines, whose numbers agree on images of any size."""

from pathlib import Path

import numpy as np
import onnx as onnx_format
import pytest
import torch

import contrique
from contrique.card import read_card, write_card
from contrique.errors import ContriqueError, ModelError
from contrique.learning.encoders import build
from contrique.learning.export import choose_features, export_onnx, load_extractor, save_encoder
from contrique.model import SHIPPED
from contrique.probe import Probe


def trained_like(name: str) -> torch.nn.Module:
    """An encoder with batch statistics and weights as training leaves them, so that a wrong fold or cast shows."""
    torch.manual_seed(0)
    encoder = build(name)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    return encoder.eval()


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("efficientnet-lite0-side", "statistics", {}),
        ("efficientnet-lite2-side", "blocks", {}),
        ("resnet50", "last-mean", {"normalise": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), "exact": True}),
    ],
)
def test_both_engines_give_the_same_features(tmp_path: Path, name: str, kind: str, more: dict) -> None:
    folder = save_encoder(trained_like(name), tmp_path / "encoder", name="test", training={}, features=kind, **more)
    graph = export_onnx(folder)
    assert graph.stat().st_size < 500_000  # the weights stay in encoder.safetensors
    nodes = onnx_format.load(str(graph), load_external_data=False).graph.node
    assert "Pad" not in {node.op_type for node in nodes}  # one-sided padding is the convolutions' own
    onnx, torch_ = (contrique.load(folder, engine=engine) for engine in ("onnx", "torch"))
    rng = np.random.default_rng(0)
    for height, width in ((64, 64), (97, 131), (200, 64)):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        mine, its = onnx.features(image), torch_.features(image)
        assert mine.shape == (onnx.dim,)
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4 * np.abs(its).max())


def test_weights_are_halved_and_norms_are_not(tmp_path: Path) -> None:
    encoder = trained_like("efficientnet-lite0")
    folder = save_encoder(encoder, tmp_path / "encoder", name="test", training={})
    again = load_extractor(folder).encoder.state_dict()
    for name, value in encoder.state_dict().items():
        expected = value.half().float() if value.dim() > 1 else value
        assert torch.equal(again[name], expected), name


def test_exact_weights_are_what_they_were(tmp_path: Path) -> None:
    encoder = trained_like("efficientnet-lite0")
    folder = save_encoder(encoder, tmp_path / "encoder", name="test", training={}, exact=True)
    again = load_extractor(folder).encoder.state_dict()
    assert all(torch.equal(again[name], value) for name, value in encoder.state_dict().items())


def test_means_and_deviations_are_read_from_the_card(tmp_path: Path) -> None:
    encoder, normalise = trained_like("efficientnet-lite0"), ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    folder = save_encoder(encoder, tmp_path / "encoder", name="test", training={}, normalise=normalise)
    assert load_extractor(folder).normalise == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    card = read_card(folder)
    card["encoder"]["std"] = [1, 0, 1]
    write_card(folder, card)
    with pytest.raises(ModelError, match="std: expected three numbers above 0"):
        load_extractor(folder)


def test_damage_is_noticed(tmp_path: Path) -> None:
    folder = save_encoder(trained_like("efficientnet-lite0"), tmp_path / "encoder", name="test", training={})
    weights = folder / "encoder.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        contrique.load(folder)
    weights.write_bytes(content[:1000])
    write_card(folder, read_card(folder))  # a card that vouches for the cut file
    with pytest.raises(ModelError):
        contrique.load(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        contrique.load(folder)


def test_features_and_scales_are_chosen_before_a_fit(tmp_path: Path) -> None:
    folder = save_encoder(trained_like("efficientnet-lite0"), tmp_path / "encoder", name="test", training={})
    before = contrique.load(folder).dim
    choose_features(folder, "blocks", (0.75,))
    export_onnx(folder)
    model = contrique.load(folder)
    assert model.dim == 2 * sum(build("efficientnet-lite0").block_dims) != before  # type: ignore[attr-defined]
    image = np.random.default_rng(0).integers(0, 256, (128, 160, 3), dtype=np.uint8)
    assert model.features(image).shape == (model.dim,)
    card = read_card(folder)
    with pytest.raises(ContriqueError, match="scales"):
        choose_features(folder, None, (0.5, 1.0))
    with pytest.raises(ContriqueError, match=r"at its smallest scale, 0\.49, .* less than the 32 pixels"):
        choose_features(folder, None, (1.0, 0.49))
    assert read_card(folder) == card
    with pytest.raises(ModelError, match="fitted"):
        choose_features(SHIPPED, "blocks", None)


def test_features_that_a_probe_was_fitted_to_stay_as_they_are(tmp_path: Path) -> None:
    from tiny_model import write_tiny_model

    model = contrique.load(write_tiny_model(tmp_path / "tiny", regressor=False))
    arrays = {"mean": np.ones(model.dim), "scale": np.ones(model.dim), "bias": np.ones(2)}
    probe = Probe.from_arrays({**arrays, "weight": np.ones((2, model.dim))}, ["none"])
    model.with_probe(probe, {"classes": ["none"]}, name="probed").save(tmp_path / "tiny")
    with pytest.raises(ModelError, match="a probe that was fitted"):
        choose_features(tmp_path / "tiny", None, (1.0,))
