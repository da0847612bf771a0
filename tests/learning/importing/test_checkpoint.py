"""A ResNet-50 is found under every name it is published by, to the last bit, and other networks are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from contrique.learning.encoders.resnet import ResNet50
from contrique.learning.importing import checkpoint
from contrique.learning.importing.checkpoint import read_checkpoint, read_state

NUMBERS = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def trunk() -> State:
    torch.manual_seed(0)
    return ResNet50().state_dict()


def numbered(state: State, prefix: str) -> State:
    parts = ((name.partition("."), value) for name, value in state.items())
    return {f"{prefix}{NUMBERS[first]}.{rest}": value for (first, _, rest), value in parts}


def prefixed(state: State, prefix: str) -> State:
    return {f"{prefix}{name}": value for name, value in state.items()}


HEADS = {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
PROJECTOR = {"projector.0.weight": torch.zeros(2, 2), "projector.1.running_mean": torch.zeros(2)}
OTHER = {"conv1.weight": torch.zeros(48, 3, 11, 11), "conv1.bias": torch.zeros(48), "fc6.weight": torch.zeros(3, 3)}


@pytest.mark.parametrize(
    ("wrap", "kind", "left_out"),
    [
        (lambda state: {**state, **HEADS}, "torchvision", {"fc": 2}),
        (lambda state: prefixed({**state, **HEADS}, "module."), "torchvision", {"fc": 2}),
        (lambda state: {**numbered(state, "encoder."), **PROJECTOR}, "contrique", {"projector": 2}),
        (
            lambda state: prefixed({**numbered(state, "encoder."), **PROJECTOR}, "module."),
            "contrique",
            {"projector": 2},
        ),
        (lambda state: numbered(state, "encoder."), "unknown", {}),
        (lambda state: {**numbered(state, "features."), **OTHER}, "unknown", {"conv1": 2, "fc6": 1}),
        (lambda state: {**prefixed(state, "backbone."), **PROJECTOR}, "unknown", {"projector": 2}),
        (lambda state: {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}, "torchvision", {}),
    ],
    ids=["torchvision", "parallel", "release", "release in parallel", "no projector", "features", "backbone", "older"],
)
def test_every_name_it_goes_by(
    trunk: State, monkeypatch: pytest.MonkeyPatch, wrap: Callable[[State], State], kind: str, left_out: dict[str, int]
) -> None:
    monkeypatch.setattr(checkpoint, "read_state", lambda path: wrap(trunk))
    read = read_checkpoint(Path("x.pth"))
    assert (read.kind, read.left_out) == (kind, left_out)
    mine = read.encoder.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(mine[name], value) for name, value in trunk.items() if "num_batches" not in name)
    assert not read.encoder.training  # type: ignore[attr-defined]


def without(state: State, name: str) -> State:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (lambda state: without(state, "layer3.4.bn2.weight"), r"layer3\.4\.bn2\.weight is missing"),
        (lambda state: state | {"layer3.6.conv1.weight": torch.zeros(1)}, r"it has no layer3\.6\.conv1\.weight"),
        (lambda state: state | {"layer1.0.conv2.weight": torch.zeros(128, 128, 3, 3)}, r"\(128, 128, 3, 3\) and not"),
        (lambda state: without(state, "conv1.weight"), "holds no ResNet-50"),
        (lambda state: prefixed(state, "encoder_q.") | prefixed(state, "encoder_k."), "several networks.*encoder_q"),
        (lambda state: state | {"bn1.weight": torch.full((64,), torch.nan)}, "not finite"),
    ],
    ids=["a tensor missing", "deeper", "wider", "no first layer", "two networks", "not finite"],
)
def test_other_networks_are_refused_with_the_tensor_that_tells(
    trunk: State, monkeypatch: pytest.MonkeyPatch, wrap: Callable[[State], State], said: str
) -> None:
    monkeypatch.setattr(checkpoint, "read_state", lambda path: wrap(trunk))
    with pytest.raises(ValueError, match=f"x.pth: .*{said}"):
        read_checkpoint(Path("x.pth"))


SMALL = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.steps": torch.tensor(3)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 25, "optimizer": {"state": {}, "lr": 0.1}},
        lambda state: {"model": state, "arch": "resnet50"},
        lambda state: {"model": {"state_dict": state}},
    ],
)
@pytest.mark.parametrize("new", [True, False], ids=["zip", "before torch 1.6"])
def test_files_of_pytorch(tmp_path: Path, wrap: Callable[[State], object], new: bool) -> None:
    path = tmp_path / "checkpoint.tar"
    torch.save(wrap(SMALL), path, _use_new_zipfile_serialization=new)
    read = read_state(path)
    assert set(read) == set(SMALL)
    assert all(torch.equal(read[name], value) for name, value in SMALL.items())


def test_safetensors_and_halves(tmp_path: Path) -> None:
    save_file(
        {name: value.half() if "weight" in name else value for name, value in SMALL.items()}, tmp_path / "x.safetensors"
    )
    read = read_state(tmp_path / "x.safetensors")
    assert read["a.weight"].dtype == torch.float32
    assert torch.equal(read["a.weight"], SMALL["a.weight"])


class Touches:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return Path.touch, (self.path,)


def test_files_that_are_none_are_refused_and_act_not(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    torch.save({"state_dict": SMALL, "args": Touches(target)}, tmp_path / "acts.pth")
    (tmp_path / "text.pth").write_text("no checkpoint")
    (tmp_path / "x.safetensors").write_bytes(b"\xff" * 64)
    torch.save([1, 2], tmp_path / "list.pth")
    for name in ("acts.pth", "text.pth", "x.safetensors", "list.pth", "absent.pth"):
        with pytest.raises(ValueError, match=name) as caught:
            read_state(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not target.exists()


def test_another_encoder_has_names_of_its_own(tmp_path: Path) -> None:
    torch.save(SMALL, tmp_path / "x.pth")
    with pytest.raises(ValueError, match="expected a checkpoint of efficientnet-lite0"):
        read_checkpoint(tmp_path / "x.pth", "efficientnet-lite0")
