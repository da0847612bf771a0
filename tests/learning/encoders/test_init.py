"""Encoders by name, and where their weights start."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from contrique.learning.encoders import ENCODERS, build


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_keeps_its_promises(name: str) -> None:
    encoder = build(name).eval()
    with torch.inference_mode():
        maps = encoder.stages(torch.rand(1, 3, 64, 64))
        patches = encoder.patch_map(torch.rand(1, 3, 64, 64))
    assert encoder.name == name
    assert tuple(m.shape[1] for m in maps) == encoder.stage_dims
    assert patches.shape[1] == encoder.patch_dim == encoder.stage_dims[encoder.last[-1]]
    assert set(encoder.statistics) | set(encoder.last) <= set(range(len(maps)))


def test_imagenet_weights_go_into_the_trunk() -> None:
    side, alone = build("efficientnet-lite0-side", "imagenet"), build("efficientnet-lite0", "imagenet")
    assert torch.equal(side.trunk._conv_stem.weight, alone._conv_stem.weight)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_own_weights_load_back(tmp_path: Path, suffix: str) -> None:
    encoder = build("efficientnet-lite0")
    state = encoder.state_dict()
    path = tmp_path / f"weights{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    again = build("efficientnet-lite0", str(path)).state_dict()
    assert all(torch.equal(again[name], state[name]) for name in state)


def test_what_cannot_be_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="vgg16"):
        build("vgg16")
    with pytest.raises(ValueError, match="resnet50"):
        build("resnet50", "imagenet")
    with pytest.raises(ValueError, match="no such file"):
        build("resnet50", str(tmp_path / "absent.pth"))
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="efficientnet-lite0"):
        build("efficientnet-lite0", str(tmp_path / "other.safetensors"))


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "owned",))

    torch.save({"x": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="cannot be read"):
        build("efficientnet-lite0", str(tmp_path / "evil.pth"))
    assert not (tmp_path / "owned").exists()
