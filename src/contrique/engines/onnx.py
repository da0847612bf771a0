"""Features by ONNX Runtime on the CPU: the default engine, which needs no torch.

Shapes: N images of one size, H height, W width, D features of one scale.
"""

from pathlib import Path

import numpy as np

from contrique.errors import ModelError


class OnnxEngine:
    """Runs a model folder's ``encoder.onnx``.

    Args:
        graph: path of the graph; its weights lie beside it.

    Raises:
        ModelError: the graph or its weights cannot be read.
    """

    def __init__(self, graph: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only: they are raised too
        options.enable_mem_pattern = False  # sizes differ from call to call
        try:
            self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base class
            raise ModelError(f"{graph}: {error}") from error

    def features(self, images_NHWC: np.ndarray) -> np.ndarray:
        """Features of uint8 RGB images of one size: (N, H, W, 3) → (N, D) float32."""
        return self._session.run(None, {"images": images_NHWC})[0]
