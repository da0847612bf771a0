"""KADID-10k types 9 and 10: JPEG 2000 and JPEG, through the real codecs (OpenJPEG and libjpeg in Pillow)."""

import io
from typing import Any

import numpy as np
from PIL import Image, features

from contrique.errors import ContriqueError


def jpeg2000(image_HWC: np.ndarray, ratio: float) -> np.ndarray:
    """Type 9: JPEG 2000 at a compression ratio.

    The lossy mode (9/7 wavelet, colour transform) of ``imwrite(…, 'jp2', 'CompressionRatio', ratio)`` in
    ``imcompressjp2k.m``. An image of a few pixels has no room for the ratio: OpenJPEG then writes the least it can,
    which may be a single colour.

    Args:
        image_HWC: uint8 RGB.
        ratio: uncompressed bytes over compressed bytes, > 1; KADID levels 16, 32, 45, 120, 400.

    Returns:
        The decoded image.

    Raises:
        ContriqueError: this Pillow was built without JPEG 2000.
    """
    if not features.check("jpg_2000"):
        raise ContriqueError("jpeg2000 needs a Pillow with OpenJPEG; this one was built without it")
    # Pillow leaves the colour transform off unless asked (mct), which costs quality and time at a given ratio.
    options = {"quality_mode": "rates", "quality_layers": [ratio], "irreversible": True, "mct": 1, "no_jp2": True}
    return _round_trip(image_HWC, "JPEG2000", **options)


def jpeg(image_HWC: np.ndarray, quality: int) -> np.ndarray:
    """Type 10: baseline JPEG with 4:2:0 chroma, as MATLAB's ``imwrite(…, 'jpg', 'quality', q)`` writes it.

    Args:
        image_HWC: uint8 RGB.
        quality: libjpeg's quality, 1–100; KADID levels 43, 36, 24, 7, 4.

    Returns:
        The decoded image.
    """
    return _round_trip(image_HWC, "JPEG", quality=int(quality), subsampling="4:2:0")


def _round_trip(image_HWC: np.ndarray, codec: str, **options: Any) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image_HWC).save(file, codec, **options)
    with Image.open(file) as decoded:
        return np.array(decoded.convert("RGB"))
