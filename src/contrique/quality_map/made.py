"""A finished quality map: what it says, and how it becomes a picture.

Shapes: H, W the image at the size it is scored at, without mirrored margins.
"""

import io
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from contrique.errors import ContriqueError
from contrique.images import Source, read_image, source_name
from contrique.quality_map.overlay import draw
from contrique.result import Score

KINDS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""Pictures that ``save`` writes, by ending."""

QUALITY = 90
"""Of JPEG and WebP: letters stay clean."""


@dataclass(frozen=True, eq=False)
class QualityMap:
    """Where one image looks good and where bad; ``QualityModel.map`` makes one.

    Attributes:
        score: the image's.
        quality_HW: float32, 0 to 100, higher is better: the local quality. Its mean is ``score.value``.
        image_HWC: uint8 RGB, the image at the size it was scored at, which is the map's.
    """

    score: Score
    quality_HW: np.ndarray = field(repr=False)
    image_HWC: np.ndarray = field(repr=False)

    @property
    def badness_HW(self) -> np.ndarray:
        """Float32, 0 and above: by how many points each place lies below what is usual in the same image.

        max(0, m − ``quality_HW``), m being the median of ``quality_HW``: half of the image has none, and an image that
        looks the same all over has hardly any, however good or bad it is.
        """
        return np.maximum(np.median(self.quality_HW) - self.quality_HW, 0)

    def overlay(self, image: Source | None = None) -> np.ndarray:
        """Draw where the image looks bad: in grey, coloured by badness, with a legend in a strip below.

        Args:
            image: the image that was mapped, for a picture of its full size; None for one of the size it is scored at.

        Returns:
            uint8 RGB: the image, at least as wide as its legend, and the strip.

        Raises:
            ImageError: the image cannot be used.
            ContriqueError: it is not the image that was mapped: height and width are not in the same proportion.
        """
        if image is None:
            return draw(self.image_HWC, self.badness_HW, self.score.value)
        picture_HWC = read_image(image)
        (height, width), (mapped_height, mapped_width) = picture_HWC.shape[:2], self.quality_HW.shape
        scale = max(mapped_height, mapped_width) / max(height, width)
        if abs(height * scale - mapped_height) > 1 or abs(width * scale - mapped_width) > 1:
            raise ContriqueError(
                f"{source_name(image)}: {width} × {height} pixels are of another image than "
                f"the map of {self.score.path}, {mapped_width} × {mapped_height}"
            )
        return draw(picture_HWC, self.badness_HW, self.score.value)

    def save(self, path: str | os.PathLike[str], image: Source | None = None) -> Path:
        """Write ``overlay`` as a picture, in the format that the file's ending names; an older file is replaced.

        Raises:
            ContriqueError: the ending names no format, the picture is too long for it (WebP: 16,383 pixels a side), or
                the image is not the one that was mapped.
            ImageError: the image cannot be used.
            OSError: the file cannot be written.
        """
        from PIL import Image

        path = Path(path)
        if path.suffix.lower() not in KINDS:
            raise ContriqueError(f"{path}: expected a name that ends in {', '.join(KINDS)}")
        file = io.BytesIO()
        picture = Image.fromarray(self.overlay(image))
        try:
            picture.save(file, KINDS[path.suffix.lower()], quality=QUALITY)
        except ValueError as error:  # WebP's limit
            raise ContriqueError(f"{path}: {picture.width} × {picture.height} pixels: {error}") from error
        partial = path.with_name(f".{path.name[:100]}.{os.getpid()}.partial")
        try:
            partial.write_bytes(file.getbuffer())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(path)) from error
        return path
