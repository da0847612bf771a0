"""A model whose opinion can be computed by hand: the brighter an image, the better."""

from typing import Any

import numpy as np

from contrique.images import Preprocessing, fit_size
from contrique.result import Score
from contrique.scale import to_hundred


class Brightness:
    """The rating is the mean of all samples, 0 to 255; brighter is better."""

    name, full_reference = "brightness", False
    card: dict[str, Any] = {"regressor": {"mapping": {"low": 0.0, "high": 255.0}}}  # noqa: RUF012

    def __init__(self, **preprocessing: int) -> None:
        self.preprocessing = Preprocessing(**preprocessing)
        self.probe = None
        self.sizes: list[tuple[int, ...]] = []

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        return fit_size(image_HWC, self.preprocessing)

    def features_of(self, images: list[np.ndarray]) -> np.ndarray:
        self.sizes += [image.shape for image in images]
        return np.array([[image.mean()] for image in images], np.float32)

    def predict(self, features_ND: np.ndarray) -> np.ndarray:
        return features_ND[:, 0].astype(np.float64)

    def to_score(self, path: str, features_D: np.ndarray) -> Score:
        value = float(to_hundred(self.predict(features_D[None])[0], self.card["regressor"]["mapping"]))
        return Score(path, value, value - 5, value + 5)
