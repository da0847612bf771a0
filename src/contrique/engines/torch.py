"""Features by PyTorch: for models that have no graph yet, and on a GPU where there is one.

Shapes: N images of one size, H height, W width, D features of one scale.
"""

from pathlib import Path

import numpy as np

from contrique.errors import need


class TorchEngine:
    """Runs a model folder's ``encoder.safetensors``.

    Args:
        folder: the model.

    Raises:
        MissingExtra: torch is not installed.
        ModelError: the weights are damaged or not the encoder's.
    """

    def __init__(self, folder: Path) -> None:
        torch = need("torch", "learn", "the torch engine")
        from contrique.learning.export import load_extractor

        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._extractor = load_extractor(folder).to(self._device)
        self._extractor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, images_NHWC: np.ndarray) -> np.ndarray:
        """Features of uint8 RGB images of one size: (N, H, W, 3) → (N, D) float32."""
        import torch

        with torch.inference_mode():
            images = torch.from_numpy(np.ascontiguousarray(images_NHWC)).to(self._device)
            return self._extractor(images).cpu().numpy()
