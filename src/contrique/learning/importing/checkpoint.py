"""A published network checkpoint as an encoder: found inside whatever it is wrapped in, loaded by name, never guessed.

A ResNet-50 is known by its first convolution (64 × 3 × 7 × 7), under ``conv1.weight`` as torchvision names it, or
under ``0.weight`` where the network was cut and put into a Sequential (0 conv1, 1 bn1, 4–7 the layers): CONTRIQUE's
release has ``encoder.0.weight``, others ``features.0.weight``. What comes before is the prefix of all its names.

What the input is to be normalised with is not written in any checkpoint. It is known for two kinds:
    - CONTRIQUE's release (``encoder.`` numbered, beside ``projector.``): nothing, RGB in [0, 1] (``demo_score.py``).
    - torchvision's own names without a prefix: ImageNet's mean and deviation, as torchvision's weights expect.
For any other the user has to say.
"""

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from contrique.errors import ContriqueError
from contrique.learning.encoders import ENCODERS, Encoder
from contrique.learning.encoders.resnet import ResNet50

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of ImageNet's red, green and blue in [0, 1]: torchvision's ``ImageClassification`` preset."""

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
SEQUENTIAL = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
FIRST = (64, 3, 7, 7)


@dataclass(frozen=True)
class Checkpoint:
    """An encoder with published weights.

    Attributes:
        encoder: in eval mode, float32.
        kind: ``"contrique"``, ``"torchvision"`` or ``"unknown"``.
        left_out: how many tensors of the file are no part of the encoder, by the first part of their names.
    """

    encoder: Encoder
    kind: str
    left_out: dict[str, int]


def read_checkpoint(path: Path, encoder: str = ResNet50.name) -> Checkpoint:
    """Read a checkpoint: ``.safetensors``, or a PyTorch file, of which tensors alone are read.

    Args:
        path: the file.
        encoder: ``"resnet50"``, or another of ``ENCODERS`` whose checkpoint has that encoder's own names.

    Raises:
        ContriqueError: the file cannot be read or holds more than tensors, or no such network or several, or one
            with other layers, or weights that are not finite.
    """
    state = read_state(path)
    made = ENCODERS[encoder]()
    kind, left_out = "unknown", dict[str, int]()
    if encoder == ResNet50.name:
        own, prefix, numbered = _resnet50_of(state, path)
        others = set(state) - set(own.values())
        left_out = dict(sorted(Counter(name.removeprefix("module.").partition(".")[0] for name in others).items()))
        if numbered and prefix.removeprefix("module.") == "encoder." and "projector" in left_out:
            kind = "contrique"
        elif not numbered and prefix in ("", "module."):
            kind = "torchvision"
        state = {name: state[theirs] for name, theirs in own.items()}
        _check(state, made.state_dict(), path)
    try:
        made.load_published(state)
    except ContriqueError as error:
        raise ContriqueError(f"{path}: {' '.join(str(error).split())[:300]}") from None
    if not all(bool(value.isfinite().all()) for value in made.state_dict().values()):
        raise ContriqueError(f"{path}: holds weights that are not finite")
    return Checkpoint(made.eval(), kind, left_out)


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, floating ones as float32, unwrapped; other values are left out.

    Raises:
        ContriqueError: no such file, not a checkpoint, or one that holds more than plain tensors and numbers.
    """
    if not path.is_file():
        raise ContriqueError(f"{path}: no such file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            with warnings.catch_warnings():  # of the protocol of pickles that are no checkpoints
                warnings.simplefilter("ignore")
                state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors each have their own
        words = " ".join(str(error).split("\n\n")[0].split())[:300]
        raise ContriqueError(f"{path}: cannot be read as a checkpoint of tensors alone: {words}") from None
    while isinstance(state, dict) and (inner := [state[key] for key in WRAPPERS if isinstance(state.get(key), dict)]):
        state = inner[0]
    found = state.items() if isinstance(state, dict) else ()
    tensors = {name: value for name, value in found if isinstance(name, str) and isinstance(value, Tensor)}
    if not tensors:
        raise ContriqueError(f"{path}: holds no tensors by name")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}


def _resnet50_of(state: dict[str, Tensor], path: Path) -> tuple[dict[str, str], str, bool]:
    """torchvision's names of the network's tensors and theirs in the file, their prefix, and whether they are numbered.

    Whatever lies under the prefix and is no part of the trunk (a classifier, further heads) is not among them.
    """
    found = []
    for first, numbered in (("conv1.weight", False), ("0.weight", True)):
        for name, value in state.items():
            if tuple(value.shape) == FIRST and (name == first or name.endswith(f".{first}")):
                found.append((name.removesuffix(first), numbered))
    if len(found) != 1:
        places = ", ".join(repr(prefix) for prefix, _ in found)
        what = f"several networks, under {places}: keep one" if found else "no ResNet-50: no 64 × 3 × 7 × 7 convolution"
        raise ContriqueError(f"{path}: holds {what}")
    (prefix, numbered) = found[0]
    own = {}
    for theirs in state:
        if not theirs.startswith(prefix):
            continue
        part, _, rest = theirs.removeprefix(prefix).partition(".")
        name = SEQUENTIAL.get(part, "") if numbered else part
        if name in SEQUENTIAL.values():
            own[f"{name}.{rest}"] = theirs
    return own, prefix, numbered


def _check(state: dict[str, Tensor], expected: dict[str, Tensor], path: Path) -> None:
    """Name the first tensor that makes it another network."""
    needed = {name for name in expected if not name.endswith("num_batches_tracked")}
    if needed - set(state):
        raise ContriqueError(f"{path}: not a ResNet-50: {min(needed - set(state))} is missing")
    if set(state) - set(expected):
        raise ContriqueError(f"{path}: not a ResNet-50: it has no {min(set(state) - set(expected))}")
    for name in sorted(needed):
        if state[name].shape != expected[name].shape:
            shapes = " and not ".join(str(tuple(one.shape)) for one in (state[name], expected[name]))
            raise ContriqueError(f"{path}: not a ResNet-50: {name} is {shapes}")
