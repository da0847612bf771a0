"""Who computes features: ONNX Runtime by default, PyTorch where it is wanted or where a model has no graph.

Shapes: N images of one size, H height, W width, D features of one scale.
"""

from pathlib import Path
from typing import Protocol

import numpy as np

from contrique.card import ENCODER_GRAPH
from contrique.errors import ModelError

ENGINES = ("onnx", "torch")


class Engine(Protocol):
    """Turns uint8 RGB images of one size, (N, H, W, 3) with H, W ≥ 32, into float32 features (N, D)."""

    def features(self, images_NHWC: np.ndarray) -> np.ndarray: ...


def load_engine(folder: Path, name: str | None) -> Engine:
    """The engine of a model folder.

    Args:
        folder: the model.
        name: ``"onnx"``, ``"torch"``, or ``None`` for ONNX where the model has a graph.

    Raises:
        ModelError: no such engine, or the model has no graph for it.
        MissingExtra: torch is not installed.
    """
    if name is None:
        name = "onnx" if (folder / ENCODER_GRAPH).is_file() else "torch"
    if name == "onnx":
        if not (folder / ENCODER_GRAPH).is_file():
            raise ModelError(f"{folder} has no {ENCODER_GRAPH}: run contrique export {folder}")
        from contrique.engines.onnx import OnnxEngine

        return OnnxEngine(folder / ENCODER_GRAPH)
    if name == "torch":
        from contrique.engines.torch import TorchEngine

        return TorchEngine(folder)
    raise ModelError(f"expected an engine among {', '.join(ENGINES)}; got {name!r}")
