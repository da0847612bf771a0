"""Pictures and image files made for tests."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from contrique.decode import decode_bytes

MAX_PIXELS = 1_000_000


def decode(data: bytes) -> np.ndarray:
    return decode_bytes(data, "test", MAX_PIXELS)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(height: int = 24, width: int = 40) -> np.ndarray:
    """A smooth picture with three different channels, none of its rotations equal."""
    y, x = np.mgrid[0:height, 0:width]
    channels = x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 255 // (height + width - 2)
    return np.stack(channels, axis=-1).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(values: np.ndarray, colour_type: int, extra: bytes = b"") -> bytes:
    """A 16-bit PNG written by the specification; values are (H, W) or (H, W, channels) uint16."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
