"""The points to be drawn: images as they are, or a few contents put through every distortion at every level.

One pass over the images, a few decoded at a time: what stays of each is its features, its labels and a thumbnail, so
memory is bounded by the number of points: 25 kB of features each for the shipped model.

Shapes: N points, D features.
"""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contrique.embedding.labels import Labelled
from contrique.errors import ContriqueError, ImageError
from contrique.images import read_image
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES, distort
from contrique.scoring import feature_stream

if TYPE_CHECKING:
    from contrique.model import QualityModel

UNDISTORTED = "undistorted"
CONTENTS_FOLDER = "contents"
MOST_CONTENTS = 80
MOST_POINTS = MOST_CONTENTS * N_CLASSES
"""Points drawn at most: 10,080."""

Tick = Callable[[int], object]


@dataclass
class Points:
    """What is drawn, by position.

    Attributes:
        features_ND: float32.
        paths: the image file that a point is, or was made from.
        types: what it is called.
        levels: float64 (N,); nan where there is none.
        contents: int64 (N,), equal where points share content.
        thumbnails: WebP files.
        seeds: of the distortion, by position; empty for images as they are.
        errors: images that could not be used: (path, reason).
        level_name: what the level is.
    """

    features_ND: np.ndarray
    paths: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    levels: np.ndarray = field(default_factory=lambda: np.empty(0))
    contents: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    thumbnails: list[bytes] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    level_name: str | None = "level"

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def distorted(self) -> bool:
        """Whether the points are distortions of a few contents."""
        return bool(self.seeds)


@dataclass(frozen=True)
class _Row:
    """A point on its way through the encoder."""

    path: str
    type: str
    level: float
    content: int
    thumbnail: bytes
    seed: int | None = None


def distorted_points(
    model: "QualityModel",
    paths: Sequence[str],
    output: Path,
    *,
    contents: int,
    side: int,
    seed: int = 0,
    tick: Tick = lambda n: None,
) -> Points:
    """Put some images through the 25 distortions at five levels.

    The images are drawn without replacement; one that cannot be read is an error and another takes its place. Each is
    shrunk until its longer side is ``side``, written to ``contents/000.png`` and so on in the output folder, and
    distorted then; so ``distort(read_image(that file), type, level, seed)`` gives the very picture of a point.

    Args:
        model: whose features are drawn.
        paths: images without visible distortion.
        output: the folder to write to.
        contents: how many images to draw at most, 1 to 80.
        side: pixels, at least 32.
        seed: of the draw; the distortions of content i are drawn with seed + i.
        tick: called with the number of points that were computed, now and then.

    Returns:
        126 points for each content: undistorted first, then type by type, level by level.

    Raises:
        ContriqueError: no image could be used.
        OSError: the folder cannot be written.
    """
    rows: list[_Row] = []
    errors: list[tuple[str, str]] = []
    thumb = thumbnail_side(contents * N_CLASSES)

    def pictures() -> Iterator[np.ndarray]:
        done = 0
        for index in np.random.default_rng(seed).permutation(len(paths)):
            if done == contents:
                return
            try:
                image_HWC = _at_most(read_image(paths[index]), side)
            except ImageError as error:
                errors.append((error.path, error.reason))
                continue
            _write_png(output / CONTENTS_FOLDER / f"{done:03d}.png", image_HWC)
            for name, level in [(UNDISTORTED, 0), *((name, level) for name in NAMES for level in LEVELS)]:
                picture = image_HWC if level == 0 else distort(image_HWC, name, level, seed + done)
                value = float("nan") if level == 0 else float(level)
                crop = _encode(_centre(picture, thumb))
                rows.append(_Row(paths[index], name, value, done, crop, seed + done))
                yield picture
            done += 1

    return _collect(model, pictures(), rows, contents * N_CLASSES, errors, tick)


def labelled_points(
    model: "QualityModel",
    images: Sequence[Labelled],
    *,
    seed: int = 0,
    most: int = MOST_POINTS,
    tick: Tick = lambda n: None,
) -> Points:
    """Images as they are.

    Args:
        model: whose features are drawn.
        images: what is known of each; where there are more than ``most``, so many are drawn by the seed.
        seed: of that draw.
        most: points at most.
        tick: as above.

    Raises:
        ContriqueError: no image could be used.
    """
    if len(images) > most:
        images = [images[i] for i in sorted(np.random.default_rng(seed).choice(len(images), most, replace=False))]
    rows: list[_Row] = []
    numbers: dict[object, int] = {}
    thumb = thumbnail_side(len(images))

    def pictures() -> Iterator[np.ndarray | str]:
        for one in images:
            key = one.path if one.content is None else ("content", one.content)
            content = numbers.setdefault(key, len(numbers))
            try:
                picture = read_image(one.path)
            except ImageError:
                rows.append(_Row(one.path, one.type, one.level, content, b""))
                yield one.path  # the stream fails to read it for the same reason, which becomes its error
                continue
            rows.append(_Row(one.path, one.type, one.level, content, _encode(_at_most(picture, thumb))))
            yield picture

    return _collect(model, pictures(), rows, len(images), [], tick)


def _collect(
    model: "QualityModel",
    pictures: Iterator[np.ndarray] | Iterator[np.ndarray | str],
    rows: list[_Row],
    count: int,
    errors: list[tuple[str, str]],
    tick: Tick,
) -> Points:
    """Compute the features of pictures whose rows are appended as the pictures are given."""
    features_ND = np.empty((count, model.dim), np.float32)
    kept: list[_Row] = []
    for position, (_, features_D, error) in enumerate(feature_stream(model, pictures)):
        row = rows[position]
        if features_D is not None and np.isfinite(features_D).all():
            features_ND[len(kept)] = features_D
            kept.append(row)
        else:
            errors.append((row.path, error or "its features are not finite numbers"))
        tick(1)
    if not kept:
        first = f"; the first: {errors[0][0]}: {errors[0][1]}" if errors else ""
        raise ContriqueError(f"nothing to draw: none of the images could be used{first}")
    return Points(
        features_ND=features_ND[: len(kept)],
        paths=[row.path for row in kept],
        types=[row.type for row in kept],
        levels=np.array([row.level for row in kept]),
        contents=np.array([row.content for row in kept], np.int64),
        thumbnails=[row.thumbnail for row in kept],
        seeds=[row.seed for row in kept if row.seed is not None],
        errors=errors,
    )


def thumbnail_side(count: int) -> int:
    """Side of thumbnails, in pixels, so that a page of 10,000 stays near 20 MB: 112 for up to 3,000, at least 64."""
    return 112 if count <= 3000 else 88 if count <= 6000 else 64


def _at_most(image_HWC: np.ndarray, side: int) -> np.ndarray:
    """The image shrunk, aspect kept, until its longer side is at most ``side``."""
    from PIL import Image

    height, width = image_HWC.shape[:2]
    if max(height, width) <= side:
        return image_HWC
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.array(Image.fromarray(image_HWC).resize(size, Image.Resampling.LANCZOS))


def _centre(image_HWC: np.ndarray, side: int) -> np.ndarray:
    """The middle of an image, pixel for pixel: shrinking would hide what a distortion did."""
    y, x = (max(0, (size - side) // 2) for size in image_HWC.shape[:2])
    return np.ascontiguousarray(image_HWC[y : y + side, x : x + side])


def _encode(image_HWC: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image_HWC).save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def _write_png(path: Path, image_HWC: np.ndarray) -> None:
    from PIL import Image

    os.makedirs(path.parent, exist_ok=True)
    Image.fromarray(image_HWC).save(path)
