"""A linear regressor: features to ratings, and how it lies in a file.

Shapes: N images, D features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contrique.errors import ContriqueError


@dataclass(frozen=True)
class Regressor:
    """A linear map from raw features to ratings, standardisation folded in.

    Attributes:
        coef_D: weights, float64.
        intercept: the rating of an all-zero feature vector.
    """

    coef_D: np.ndarray
    intercept: float

    def predict(self, features_ND: np.ndarray) -> np.ndarray:
        """Predict ratings on the ratings' own scale and in their own direction.

        Args:
            features_ND: raw features, (N, D), or (D,) for one image.

        Returns:
            float64, (N,), or a scalar array for one image.

        Raises:
            ContriqueError: the features have another width than the regressor.
        """
        features_ND = np.asarray(features_ND)
        if features_ND.ndim == 0 or features_ND.shape[-1] != self.coef_D.size:
            raise ContriqueError(f"expected {self.coef_D.size} features for each image, got shape {features_ND.shape}")
        return features_ND.astype(np.float64) @ self.coef_D + self.intercept

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays that make up the regressor, ready for a safetensors file."""
        return {"coef": self.coef_D, "intercept": np.array([self.intercept])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Regressor":
        """Build from what ``to_arrays`` gave.

        Raises:
            ContriqueError: an array is missing, has the wrong shape, or is not finite.
        """
        if not {"coef", "intercept"} <= set(arrays):
            raise ContriqueError(f"a regressor needs the arrays coef and intercept, got {sorted(arrays)}")
        coef_D = np.asarray(arrays["coef"], dtype=np.float64)
        intercept = np.asarray(arrays["intercept"], dtype=np.float64)
        if coef_D.ndim != 1 or intercept.size != 1:
            raise ContriqueError(f"expected coef (D,) and one intercept, got {coef_D.shape} and {intercept.shape}")
        if not (np.isfinite(coef_D).all() and np.isfinite(intercept).all()):
            raise ContriqueError("the regressor holds values that are not finite")
        return cls(coef_D, float(intercept.reshape(-1)[0]))


def needs_standardising(card: Mapping[str, Any]) -> bool:
    """Whether the features of a model are to be standardised before ridge.

    Statistics of several depths have units of their own and are. Last-stage means are L2-normalised vectors whose large
    components matter more, and the published method leaves them as they are: measured on live8 with ImageNet weights,
    standardising takes their SROCC from .92 down to .85 (on biq2021 it changes nothing beyond the spread).
    """
    return bool(card["encoder"].get("features") != "last-mean")
