"""From a model folder's float graph to an 8-bit one: half the time on a plain CPU, for features a little coarser.

Static quantisation by ONNX Runtime (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018): ranges of activations are measured on sample images, half of them
distorted; weights get 7 bits and a scale for each channel, so that sums of products cannot overflow on processors
without 8-bit dot products, and all processors give the same integers. Statistics are taken in float32.

Shapes: H height, W width.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from contrique.card import ENCODER_GRAPH, read_card, write_card
from contrique.errors import ContriqueError, need
from contrique.images import Preprocessing, fit_size, read_image, scaled

OPERATORS = ("Conv", "Add", "Clip", "Relu")
SIDE = 384
"""Sample images are cut to at most so many pixels a side: activations of all of them are measured one by one."""


def quantise(folder: str | Path, images: Sequence[str | Path]) -> Path:
    """Replace a model folder's graph by an 8-bit one; its float weights stay beside it.

    The card's ``encoder`` says ``precision`` ``int8``: such features are not those of the float graph, so a regressor
    has to be fitted after this.

    Args:
        folder: has a float graph and no regressor.
        images: photographs without visible distortion, some dozens.

    Returns:
        The graph's path.

    Raises:
        ContriqueError: no images, or the folder's graph is 8-bit already, or it has a regressor.
        ImageError: an image cannot be read.
        MissingExtra: onnx is not installed.
    """
    need("onnx", "learn", "8-bit graphs")
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folder = Path(folder)
    card = read_card(folder)
    if not images:
        raise ContriqueError("expected some photographs to measure the ranges of activations on, got none")
    if "precision" in card["encoder"] or {"regressor", "probe"} & set(card):
        raise ContriqueError(f"{folder}: expected a float graph, no regressor and no probe (8-bit ones differ)")
    graph = folder / ENCODER_GRAPH
    with _quiet(), tempfile.TemporaryDirectory() as temporary:
        plain, small = Path(temporary) / "plain.onnx", Path(temporary) / "small.onnx"
        quant_pre_process(graph, plain, skip_symbolic_shape=True)
        quantize_static(
            plain,
            small,
            _Samples(images, Preprocessing.from_dict(card["preprocessing"])),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        graph.write_bytes(small.read_bytes())
    card["encoder"] |= {"precision": "int8", "calibration": f"{len(images)} photographs, every other one distorted"}
    write_card(folder, card)
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    """ONNX Runtime's advice for authors of graphs goes to the root logger, and adds a handler: not in here."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


class _Samples:
    """What ONNX Runtime draws sample images from: each at every scale the model sees."""

    def __init__(self, images: Sequence[str | Path], preprocessing: Preprocessing) -> None:
        self._pictures = _pictures(images, preprocessing)

    def get_next(self) -> dict[str, Any] | None:
        image_HWC = next(self._pictures, None)
        return None if image_HWC is None else {"images": image_HWC[None]}


def _pictures(images: Sequence[str | Path], preprocessing: Preprocessing) -> Iterator[np.ndarray]:
    from contrique.learning.distortions import LEVELS, NAMES, distort

    for number, path in enumerate(images):
        image_HWC = np.ascontiguousarray(read_image(path)[:SIDE, :SIDE])
        if number % 2:
            kind = number // 2
            image_HWC = distort(image_HWC, NAMES[kind % len(NAMES)], LEVELS[kind % len(LEVELS)], number)
        full_HWC = fit_size(image_HWC, preprocessing)
        for scale in preprocessing.scales:
            yield np.ascontiguousarray(scaled(full_HWC, scale))
