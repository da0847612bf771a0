"""The networks that turn an image into maps, by name: ``ENCODERS``; and where their weights start."""

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from contrique.errors import ContriqueError
from contrique.learning.encoders.efficientnet_lite import EfficientNetLite0, EfficientNetLite2, imagenet_weights
from contrique.learning.encoders.resnet import ResNet50
from contrique.learning.encoders.side import SideLite0, SideLite2


class Encoder(Protocol):
    """What every encoder offers; all are ``torch.nn.Module``.

    Attributes:
        name: its name in recipes and model cards.
        stage_dims: channels of each map that ``stages`` returns.
        statistics: which of those maps the multi-stage features are made of.
        last: which of those maps are a last stage.
        patch_dim: channels of ``patch_map``.
    """

    name: str
    stage_dims: tuple[int, ...]
    statistics: tuple[int, ...]
    last: tuple[int, ...]
    patch_dim: int

    def stages(self, x_BCHW: Tensor) -> list[Tensor]: ...
    def patch_map(self, x_BCHW: Tensor) -> Tensor: ...
    def load_published(self, state: dict[str, Tensor]) -> None: ...


ENCODERS: dict[str, Any] = {
    encoder.name: encoder for encoder in (ResNet50, EfficientNetLite0, EfficientNetLite2, SideLite0, SideLite2)
}


def build(name: str, start: str = "random") -> Encoder:
    """Make an encoder.

    Args:
        name: one of ``ENCODERS``.
        start: ``"random"``; ``"imagenet"`` for EfficientNet-Lite's published ones (the trunk's, for
            the side network); else the path of a checkpoint: ``.safetensors``, or a PyTorch file, read without
            executing anything.

    Raises:
        ContriqueError: no such encoder, or the weights cannot be read or are not that encoder's.
    """
    if name not in ENCODERS:
        raise ContriqueError(f"expected an encoder among {', '.join(ENCODERS)}; got {name!r}")
    encoder = ENCODERS[name]()
    if start == "imagenet":
        if name == ResNet50.name:
            raise ContriqueError("no free ImageNet weights are known for resnet50: name a checkpoint file")
        encoder.load_published(imagenet_weights(name.removesuffix("-side")))
    elif start != "random":
        _load_file(encoder, Path(start))
    return encoder


def _load_file(encoder: Encoder, path: Path) -> None:
    """Load our own weights (all names agree) or a published checkpoint of the encoder (or of its trunk)."""
    import torch
    from safetensors.torch import load_file

    if not path.is_file():
        raise ContriqueError(f"start weights {path}: no such file")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state)
    except Exception as error:  # torch and safetensors each have their own
        raise ContriqueError(f"start weights {path}: cannot be read: {error}") from error
    state = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    own = set(encoder.state_dict())  # type: ignore[attr-defined]
    if own - {name for name in own if name.endswith("num_batches_tracked")} <= set(state):
        encoder.load_state_dict(state, strict=False)  # type: ignore[attr-defined]
    else:
        encoder.load_published(state)
