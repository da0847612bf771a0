"""HyperIQA: a network whose last layers another network makes for each image, trained on rated images from pixels.

S. Su, Q. Yan, Y. Zhu, C. Zhang, X. Ge, J. Sun, Y. Zhang, "Blindly assess image quality in the wild guided by a
self-adaptive hyper network", CVPR 2020; the authors' code, which this follows: network.py has the formula, training.py
the training, crops.py what is seen of an image. In the table (contender.py) a network is trained in each split, from a
ResNet-50 that the user points to; one trained on all of a rated set (saved.py) scores photographs. Nothing ships: a
network has 110 MB, and no ResNet-50 with a free licence is known.

Known deviations:
    - The epoch that counts is the one of the greatest SROCC on validation. The published numbers are those of the best
      epoch on test.
    - The authors' solver makes the hyper network's list of parameters a generator, which is used up by the first
      epoch's optimiser: in all later epochs their hyper network stands still. Ours learns in all, at the rates that
      the solver means it to have.
    - Targets are standardised by the training ratings' mean and deviation, and predictions brought back; the authors
      train on the ratings as they are, on scales from 0–1 to 0–100.
    - Colour normalisation is what the ResNet-50 in use was made for; theirs is torchvision's, with mean and deviation.
    - The crops of a test image lie at fixed places, the same in every image (25 drawn once); theirs are drawn anew.
    - An image of more than 512 pixels on its shorter side is shrunk to 384 there, aspect kept. The authors bring
      KonIQ-10k to 384 × 512 (upright, whatever the image is) and BID to 512 × 512, and leave other sets as they are.
      A side of fewer than 224 pixels is mirrored out; theirs cannot be cropped.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from contrique.baselines.hyperiqa.contender import HyperIqa
from contrique.baselines.hyperiqa.settings import Settings

if TYPE_CHECKING:
    from contrique.baselines.hyperiqa.saved import TrainedHyperIqa

__all__ = ["HyperIqa", "Settings", "load"]


def load(parameters: Path | None = None) -> "TrainedHyperIqa":
    """A network that ``contrique.baselines.hyperiqa.saved.fit`` trained.

    Raises:
        ModelError: no folder is given, or it is missing, damaged or another method's.
        MissingExtra: torch is not installed.
    """
    from contrique.errors import ModelError, need

    if parameters is None:
        raise ModelError("hyperiqa ships no network: train one (docs/hyperiqa.md), and name its folder as parameters")
    need("torch", "learn", "HyperIQA")
    from contrique.baselines.hyperiqa.saved import load_trained

    return load_trained(parameters)
