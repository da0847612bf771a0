"""ResNet-50: the encoder of the paper, with torchvision's parameter names so that its checkpoints load by name.

Paper: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; as in torchvision the stride of a
bottleneck sits on its 3×3 convolution ("ResNet v1.5"). CONTRIQUE feeds it RGB in [0, 1] without mean and deviation
(authors' ``demo_score.py``).

Shapes: B batch, C channels, H height, W width.
"""

from torch import Tensor, nn
from torch.nn import functional

from contrique.errors import ContriqueError

EXPANSION = 4
BLOCKS = (3, 4, 6, 3)
WIDTHS = (64, 128, 256, 512)


class Bottleneck(nn.Module):
    """1×1 reduce, 3×3, 1×1 expand, added to the input (projected where the shapes differ)."""

    def __init__(self, channels_in: int, width: int, stride: int) -> None:
        super().__init__()
        channels_out = width * EXPANSION
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.downsample = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x_BCHW)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        shortcut = x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return functional.relu(y + shortcut)


class ResNet50(nn.Module):
    """The network without its classifier.

    Attributes:
        stage_dims: channels of each map that ``stages`` returns.
        statistics: which of those maps the multi-stage features are made of.
        last: which of those maps is the last stage.
        patch_dim: channels of ``patch_map``.
    """

    name = "resnet50"
    stage_dims = (64, *(width * EXPANSION for width in WIDTHS))
    statistics = (0, 1, 2, 3, 4)
    last = (4,)
    patch_dim = WIDTHS[-1] * EXPANSION

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for number, (width, blocks) in enumerate(zip(WIDTHS, BLOCKS, strict=True), start=1):
            layer = []
            for index in range(blocks):
                stride = 2 if index == 0 and number > 1 else 1
                layer.append(Bottleneck(channels, width, stride))
                channels = width * EXPANSION
            self.add_module(f"layer{number}", nn.Sequential(*layer))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stages(self, x_BCHW: Tensor) -> list[Tensor]:
        """Maps at five depths: the stem (stride 2) and the four layers (strides 4 to 32).

        Args:
            x_BCHW: RGB in [0, 1], at least 32×32.
        """
        x = functional.relu(self.bn1(self.conv1(x_BCHW)))
        maps = [x]
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        for number in range(1, len(BLOCKS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
            maps.append(x)
        return maps

    def patch_map(self, x_BCHW: Tensor) -> Tensor:
        """The last map, whose 2×2 pooled vectors the contrastive loss sees."""
        return self.stages(x_BCHW)[-1]

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a torchvision checkpoint, or the encoder of the authors' one, by name; a classifier is left out.

        torchvision's keys are ``conv1.weight``, ``layer1.0.conv1.weight`` …; the authors' release wraps the same
        network in a Sequential, so its keys are ``encoder.0.weight`` (conv1), ``encoder.1.*`` (bn1), ``encoder.4.*``
        (layer1) to ``encoder.7.*`` (layer4), beside ``projector.*``, which is left out.

        Raises:
            ContriqueError: names or shapes are not those of a ResNet-50.
        """
        sequential = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
        own = {}
        for name, value in state.items():
            if name.startswith(("fc.", "projector.")):
                continue
            if name.startswith("encoder."):
                index, _, rest = name.removeprefix("encoder.").partition(".")
                name = f"{sequential.get(index, index)}.{rest}"
            own[name] = value
        try:
            self.load_state_dict(own)
        except RuntimeError as error:
            raise ContriqueError(f"expected a ResNet-50 checkpoint with torchvision's names: {error}") from None
