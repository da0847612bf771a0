"""ResNet-50 with ImageNet weights: frozen features at two scales and ridge, a network that never saw a distortion.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016; as a row beside CONTRIQUE in
P. C. Madhusudana et al., "Image quality assessment using contrastive learning", IEEE TIP 2022: the same features and
the same regressor, so that the difference between the two rows is what contrastive learning on distortions adds.

    f(image) = [g(image), g(image at half scale)],   g = m / ‖m‖,   m the mean of the last map over its positions

4,096 numbers, and ridge on them with the strength chosen on validation. None of it is here: the network is a model
folder that ``contrique import-checkpoint`` makes of any torchvision checkpoint, with that checkpoint's normalisation
(learning/encoders/resnet.py, learning/features.py), and any other encoder makes the same row by ``--model``.

Known deviations:
    - The authors do not say which ImageNet weights theirs were. Nothing ships: no free ones are known.
    - An image of more pixels than the folder's card allows (2²⁴ as imported) is shrunk; theirs never is.
    - With a folder of ``--features statistics`` the row has mean and deviation at five depths; its card tells.
"""

import os

from contrique.errors import ModelError
from contrique.evaluation.contenders import ModelContender

NAME = "resnet50"


def contender(folder: str | os.PathLike[str]) -> ModelContender:
    """The row of a ResNet-50.

    Args:
        folder: its model folder.

    Raises:
        ModelError: the folder is no model, or holds another network.
    """
    from contrique.model import QualityModel

    model = QualityModel.load(folder)
    encoder = model.card["encoder"]["name"]
    if encoder != NAME:
        raise ModelError(f"{folder}: holds {encoder}, not a ResNet-50: --model gives any encoder a row of its own")
    return ModelContender(model, NAME)
