"""A map beside each score: where their pictures are written, and a stream of scores that writes them.

Unlike ``score_stream``, one image after the other: a map takes several times as long as decoding.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.errors import ImageError, MissingExtra, ModelError
from contrique.images import MAX_PIXELS, read_image
from contrique.quality_map.windows import quality_map
from contrique.result import Score

if TYPE_CHECKING:
    from contrique.model import QualityModel

ENDING = ".map.jpg"
"""Behind an image's whole name, ending included: ``x.jpg.map.jpg`` and ``x.png.map.jpg`` are two files."""


def map_files(paths: Sequence[str], folder: Path) -> list[Path]:
    """Where the map of each image goes: below ``folder`` as the image lies below the folder that holds all of them.

    Two images never share a map: their places below that folder differ, and so do their maps'.

    Args:
        paths: of images, absolute or not.
        folder: for the maps.

    Returns:
        For each path a file below ``folder``.
    """
    whole = [os.path.abspath(path) for path in paths]
    root = os.path.commonpath([os.path.dirname(path) for path in whole]) if whole else ""
    return [folder / (os.path.relpath(path, root) + ENDING) for path in whole]


def map_stream(
    model: "QualityModel", paths: Sequence[str], folder: Path, *, max_pixels: int = MAX_PIXELS
) -> Iterator[Score]:
    """Score images and write a picture of the map of each.

    Args:
        model: makes the maps.
        paths: of images.
        folder: for the maps, see ``map_files``; made where it is missing.
        max_pixels: as in ``read_image``.

    Returns:
        One ``Score`` for each path, in order; with ``error`` set where the image cannot be scored, its map cannot be
        written, or would take the place of another of the images.

    Raises:
        ModelError: the model scores against a reference or has no regressor; raised with the first score.
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _mapped(model, paths, map_files(paths, folder), max_pixels)


def _mapped(model: "QualityModel", paths: Sequence[str], files: list[Path], max_pixels: int) -> Iterator[Score]:
    images = {os.path.realpath(path) for path in paths}
    for path, file in zip(paths, files, strict=True):
        try:
            if os.path.realpath(file) in images:
                raise ImageError(path, f"its map would take the place of {file}, an image to be scored")
            image_HWC = read_image(path, max_pixels=max_pixels)
            made = quality_map(model, image_HWC, path)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                made.save(file, image_HWC)
            except OSError as error:
                raise ImageError(path, f"its map cannot be written: {file}: {error.strerror or error}") from error
            yield made.score
        except ImageError as error:
            yield Score.failed(path, error.reason)
        except (ModelError, MissingExtra):
            raise  # the model's fault, not an image's
        except Exception as error:  # one image, whatever is wrong with it, never ends the run
            yield Score.failed(path, f"cannot be mapped: {' '.join(str(error).split()) or type(error).__name__}")
