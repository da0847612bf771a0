"""Any image - a file, bytes, an open file, a Pillow image, an array - to uint8 RGB, and on to what an encoder sees.

Steps, each a function: ``read_image`` decodes (rules in decode.py), ``fit_size`` brings the size into the range a model
scores, ``scaled`` makes the picture of one scale, and ``find_images`` (finding.py) turns what a user names into paths.
All are safe to call from many threads at once.

Shapes: image_HWC is height, width, 3 channels; uint8, 0 to 255, R G B, sRGB.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, Union

import numpy as np

from contrique.decode import HEAD_BYTES, decode_bytes, decode_pillow, sniff
from contrique.errors import ImageError
from contrique.finding import IMAGE_SUFFIXES, find_images

if TYPE_CHECKING:
    import PIL.Image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Preprocessing",
    "Source",
    "find_images",
    "fit_size",
    "half_scale",
    "read_image",
    "scaled",
    "size_before_mirroring",
    "source_name",
]

Source: TypeAlias = Union[str, os.PathLike[str], bytes, BinaryIO, "PIL.Image.Image", np.ndarray]

MAX_PIXELS = 200_000_000
"""Width × height above which an image is refused before decoding: the largest phone sensors' 16,320 × 12,240 passes.
Decoding takes about 10 bytes of memory a pixel at its peak, 18 with transparency: 2 to 3.6 GB at the limit."""

LEAST_SIDE = 32
"""Least pixels of a side that an encoder takes: the networks' stride."""

MAX_BYTES = 2**31
"""File size above which a file is refused unread: MAX_PIXELS of 16-bit RGBA fit, uncompressed."""


def read_image(source: Source, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read one image, whatever it comes as.

    Args:
        source: a path; a file's content as bytes; a binary file object, read from where it stands to its end and left
            there, open; a Pillow image, whose orientation and colour profile count as they would in a file; or a uint8
            array, (H, W, 3) in RGB order or (H, W) grey, taken as sRGB and not copied if it is contiguous RGB.
        max_pixels: width × height above which a file or Pillow image is refused before decoding.

    Returns:
        image_HWC: uint8 RGB, contiguous.

    Raises:
        ImageError: the image cannot be used; it names the path (or a stand-in) and the reason. Nothing else is raised
            for a bad image or an unsuitable source.
    """
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        return decode_bytes(_read_file(name), name, max_pixels)
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_bytes(bytes(source), name, max_pixels)
    if isinstance(source, np.ndarray):
        return _check_array(source, name)
    if hasattr(source, "read"):
        return decode_bytes(_read_object(source, name), name, max_pixels)
    if _is_pillow(source):
        return decode_pillow(source, name, max_pixels)
    raise ImageError(
        name, f"expected a path, bytes, a binary file object, a Pillow image or an array, got {type(source).__name__}"
    )


def source_name(source: Source) -> str:
    """What to call an image: its path, a file object's or Pillow image's file name, or a stand-in like ``<array>``."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    if isinstance(source, np.ndarray):
        return "<array>"
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return name if isinstance(name, str) and name else "<file>"
    if _is_pillow(source):
        name = getattr(source, "filename", None)
        return os.fsdecode(name) if isinstance(name, str | bytes) and name else "<image>"
    return f"<{type(source).__name__}>"


def half_scale(image_HWC: np.ndarray) -> np.ndarray:
    """Shrink to half the width and half the height, rounded down but at least one pixel.

    Pillow's antialiased bicubic, the filter of the authors' published test code (``Image.resize`` by its default). It
    is part of every score: successors' ports with other filters give other scores.
    """
    return scaled(image_HWC, 0.5)


def scaled(image_HWC: np.ndarray, scale: float) -> np.ndarray:
    """Shrink both sides by one factor, rounded down but at least one pixel, with the filter of ``half_scale``.

    Args:
        image_HWC: uint8 RGB.
        scale: above 0, at most 1; 1 gives the image itself.
    """
    if scale == 1:
        return image_HWC
    height, width = image_HWC.shape[:2]
    return _resize(image_HWC, max(1, int(height * scale)), max(1, int(width * scale)))


@dataclass(frozen=True)
class Preprocessing:
    """How an image is brought to the sizes a model scores; part of the model and of its card.

    Attributes:
        max_scored_pixels: an image with more pixels is shrunk, aspect kept, to at most so many (default 2^19, half
            a megapixel, twice the size of the photographs the shipped model was fitted to: see docs/experiments.md 4;
            also a bound on time and memory).
        min_side: a side with fewer pixels is mirrored out to so many (default 64: at half scale still the network's
            stride of 32).
        scales: at which sizes, relative to that, the encoder sees the image: features of each, one after the other
            (default full and half, as published; above 0, at most 1, largest first).
    """

    max_scored_pixels: int = 524_288
    min_side: int = 64
    scales: tuple[float, ...] = (1.0, 0.5)

    def __post_init__(self) -> None:
        for name in ("max_scored_pixels", "min_side"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{name}: expected a positive whole number, got {value!r}")
        good = isinstance(self.scales, tuple) and bool(self.scales)
        if not good or not all(type(scale) in (int, float) and 0 < scale <= 1 for scale in self.scales):
            raise ValueError(f"scales: expected numbers above 0 and at most 1, got {self.scales!r}")
        if list(self.scales) != sorted(set(self.scales), reverse=True):
            raise ValueError(f"scales: expected the largest first and none twice, got {self.scales!r}")
        if self.min_side**2 > self.max_scored_pixels:
            raise ValueError(
                f"min_side: a square of {self.min_side} is more than max_scored_pixels = {self.max_scored_pixels}"
            )

    def check_encoder(self) -> None:
        """Raise ValueError where the shortest side, at the smallest scale, is shorter than any encoder takes."""
        if int(self.min_side * self.scales[-1]) < LEAST_SIDE:
            raise ValueError(
                f"preprocessing: at its smallest scale, {self.scales[-1]:.4g}, a side of min_side = {self.min_side} "
                f"is less than the {LEAST_SIDE} pixels that an encoder needs"
            )

    def in_words(self) -> str:
        """How small and large images are treated, for the card."""
        return (
            f"An image of more than {self.max_scored_pixels:,} pixels is shrunk to so many before it is scored; "
            f"a side of fewer than {self.min_side} pixels is mirrored out to so many. "
            f"The encoder sees it at {' and '.join(f'{scale:.4g}' for scale in self.scales)} of that size."
        )

    def to_dict(self) -> dict[str, Any]:
        """The plain dictionary that a card stores."""
        return asdict(self) | {"scales": list(self.scales)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """Read what ``to_dict`` wrote.

        Raises:
            ValueError: a name that is not known, or a value out of its range. Cards without ``scales`` have two.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"preprocessing: unknown {', '.join(sorted(unknown))}")
        scales = values.get("scales", cls.scales)
        return cls(**{**values, "scales": tuple(scales) if isinstance(scales, list) else scales})


def fit_size(image_HWC: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Bring an image to the size it is scored at.

    An image of more than ``max_scored_pixels`` is shrunk with the filter of ``half_scale``. Sides below ``min_side``
    are then mirrored out, evenly at both ends; an image so narrow that this would exceed ``max_scored_pixels`` (more
    than 256 : 1 by default) is shrunk further first, so the limit always holds. An image in the range is left as it is.

    Returns:
        full_HWC: the input itself where nothing was to do.
    """
    full_HWC = image_HWC
    given_height, given_width = image_HWC.shape[:2]
    height, width = size_before_mirroring(given_height, given_width, preprocessing)
    if (height, width) != (given_height, given_width):
        full_HWC = _resize(full_HWC, height, width)
    missing = [max(0, preprocessing.min_side - size) for size in (height, width)]
    if any(missing):
        pads = [(pad // 2, pad - pad // 2) for pad in missing]
        full_HWC = np.pad(full_HWC, [*pads, (0, 0)], mode="symmetric")
    return full_HWC


def size_before_mirroring(height: int, width: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """Height and width to which ``fit_size`` shrinks an image of these, before it mirrors out sides that are too short.

    What is mirrored out is the rest of ``min_side``, half of it (rounded down) at the top and at the left.
    """
    limit, side = preprocessing.max_scored_pixels, preprocessing.min_side
    scale = min(1.0, (limit / (height * width)) ** 0.5)
    if min(height, width) * scale < side:
        scale = min(1.0, limit / side / max(height, width))
    return (max(1, int(height * scale)), max(1, int(width * scale))) if scale < 1 else (height, width)


def _resize(image_HWC: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    return np.array(Image.fromarray(image_HWC).resize((width, height), Image.Resampling.BICUBIC))


def _is_pillow(source: object) -> bool:
    from PIL import Image

    return isinstance(source, Image.Image)


def _read_file(path: str) -> bytes:
    """A regular file's content, read only if it begins like an image and is not absurdly large."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(path, "is a folder, not an image")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(path, "is not a regular file")
        if status.st_size > MAX_BYTES:
            raise ImageError(path, f"{status.st_size} bytes is more than the limit of {MAX_BYTES} bytes")
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
            sniff(head, path)
            return head + file.read()
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(path, "no such file") from error
    except PermissionError as error:
        raise ImageError(path, "permission denied") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL or an unencodable character in the path
        raise ImageError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _read_object(file: Any, name: str) -> bytes:
    """What is left in a file object."""
    try:
        data = file.read(MAX_BYTES + 1)
    except Exception as error:  # a file object is the caller's own code and may raise anything
        raise ImageError(name, f"cannot be read: {error}") from error
    if not isinstance(data, bytes):
        raise ImageError(name, f"expected a file object opened for bytes, its read() gave {type(data).__name__}")
    if len(data) > MAX_BYTES:
        raise ImageError(name, f"more than the limit of {MAX_BYTES} bytes")
    return data


def _check_array(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype != np.uint8:
        raise ImageError(name, f"expected a uint8 array with values 0 to 255, got {array.dtype}")
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ImageError(name, f"expected an array of shape (H, W, 3) or (H, W), got {array.shape}")
    if array.size == 0:
        raise ImageError(name, f"the image is empty ({array.shape[1]} x {array.shape[0]} pixels)")
    return np.ascontiguousarray(array)
