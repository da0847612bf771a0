"""A linear probe: from an image's features to which distortion it most likely has, and how strong.

One matrix-vector product for an image, beside the thousands that made its features. ``contrique probe`` fits it
(learning/probing); a model folder keeps it as ``probe.safetensors``.

Shapes: N images, D features, K kinds of distortion, "none" among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contrique.errors import ContriqueError
from contrique.result import Probed

NONE = "none"
"""The kind of an image without any of the distortions."""

LOWEST, HIGHEST = 1.0, 5.0
"""Ends of the scale of levels: what a straight line says beyond them is brought back."""


@dataclass(frozen=True)
class Probe:
    """Two linear maps from standardised features: to the kinds' logits, and to the level of each kind.

    Attributes:
        names: K different names.
        mean_D: float32, subtracted from features; and
        scale_D: float32, above 0, what they are divided by then.
        weight_2KD: float32 (float16 in a file); logits first, then levels.
        bias_2K: float32, likewise.
    """

    names: tuple[str, ...]
    mean_D: np.ndarray
    scale_D: np.ndarray
    weight_2KD: np.ndarray
    bias_2K: np.ndarray

    def predict(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What images most likely have.

        Args:
            features_ND: raw features, (N, D).

        Returns:
            probability_NK, float32, whose rows add up to 1; and level_NK, float32, 1 to 5 for each kind if the image
            has that one, and 0 for "none".
        """
        x_ND = (np.asarray(features_ND, np.float32) - self.mean_D) / self.scale_D
        logit_NK, level_NK = np.split(x_ND @ self.weight_2KD.T + self.bias_2K, 2, axis=1)
        likely_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
        none_K = np.array([name == NONE for name in self.names])
        level_NK = np.where(none_K, 0, np.clip(level_NK, LOWEST, HIGHEST))
        return likely_NK / likely_NK.sum(axis=1, keepdims=True), level_NK

    def read(self, features_D: np.ndarray) -> Probed:
        """The same for one image, (D,), as small as a score can keep it."""
        probability_NK, level_NK = self.predict(features_D[None])
        return Probed(self.names, np.concatenate([probability_NK[0], level_NK[0]]).astype(np.float32).tobytes())

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The arrays that make up the probe, ready for a safetensors file: 4 bytes for each feature and kind."""
        weight_2KD = self.weight_2KD.astype(np.float16)
        return {"mean": self.mean_D, "scale": self.scale_D, "weight": weight_2KD, "bias": self.bias_2K}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> "Probe":
        """Build from what ``to_arrays`` gave, and the names of the kinds.

        Raises:
            ContriqueError: an array is missing or of a wrong shape, a number is not finite, or names are not different
                texts.
        """
        texts = all(isinstance(name, str) and name for name in names)
        if not texts or not names or len(set(names)) < len(names):
            raise ContriqueError(f"expected different names for a probe's classes, got {list(names)}")
        if set(arrays) != {"mean", "scale", "weight", "bias"}:
            raise ContriqueError(f"a probe has the arrays mean, scale, weight and bias, not {sorted(arrays)}")
        if not all(np.issubdtype(array.dtype, np.floating) for array in arrays.values()):
            raise ContriqueError("a probe's arrays hold floating-point numbers")
        mean_D, scale_D, weight_2KD, bias_2K = (
            np.ascontiguousarray(arrays[name], np.float32) for name in ("mean", "scale", "weight", "bias")
        )
        wanted = {"mean": mean_D.shape[:1], "weight": (2 * len(names), *mean_D.shape[:1]), "bias": (2 * len(names),)}
        wanted["scale"] = wanted["mean"]
        for name, array in arrays.items():
            if array.shape != wanted[name]:
                raise ContriqueError(f"a probe of {len(names)} classes: {name} is {array.shape}, not {wanted[name]}")
        finite = all(np.isfinite(array).all() for array in (mean_D, scale_D, weight_2KD, bias_2K))
        if not finite or (scale_D <= 0).any():
            raise ContriqueError("the probe holds values that are not finite, or scales that are not above 0")
        return cls(tuple(names), mean_D, scale_D, weight_2KD, bias_2K)
