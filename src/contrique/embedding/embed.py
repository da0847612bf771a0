"""From images to a folder with the picture, the page, the table of points and the numbers."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.embedding.labels import Labelled
from contrique.embedding.layout import METHODS, components, moves, place
from contrique.embedding.measures import NEIGHBOURS, measure
from contrique.embedding.page import readable, write_page
from contrique.embedding.picture import draw
from contrique.embedding.points import (
    CONTENTS_FOLDER,
    MOST_CONTENTS,
    MOST_POINTS,
    UNDISTORTED,
    Points,
    Tick,
    distorted_points,
    labelled_points,
)
from contrique.errors import ContriqueError, need

if TYPE_CHECKING:
    from contrique.model import QualityModel

PICTURE, PAGE, TABLE, NUMBERS = "embedding.png", "embedding.html", "points.csv", "numbers.json"
COLUMNS = ("path", "type", "level", "content", "seed", "x", "y", "error")


def embed_distorted(
    model: "QualityModel",
    paths: Sequence[str],
    output: str | os.PathLike[str],
    *,
    contents: int = 20,
    side: int = 384,
    method: str = "tsne",
    keep_content: bool = False,
    seed: int = 0,
    tick: Tick = lambda n: None,
) -> dict[str, Any]:
    """Draw how the 25 distortions at five levels move some clean images.

    Args:
        model: whose features are drawn; it needs no regressor.
        paths: clean images.
        output: the folder to write to; files of an earlier picture there are replaced.
        contents: how many of the images to take, drawn by the seed, 1 to 80.
        side: pixels to which the longer side of each is shrunk first, 32 to 4096.
        method: ``"tsne"`` or ``"pca"``.
        keep_content: draw features as they are, rather than how they differ from those of the undistorted picture.
        seed: of everything random.
        tick: called with the number of points that were computed, now and then.

    Returns:
        What numbers.json holds; the errors are under ``"errors"``.

    Raises:
        ContriqueError: a number out of range, or no image can be used.
        MissingExtra: the extra ``embed`` is not installed.
        OSError: the folder cannot be written.
    """
    if not 1 <= contents <= MOST_CONTENTS:
        raise ContriqueError(f"contents must be from 1 to {MOST_CONTENTS}, got {contents}")
    if not 32 <= side <= 4096:
        raise ContriqueError(f"side must be from 32 to 4096 pixels, got {side}")
    folder = _prepare(output, method)
    shutil.rmtree(folder / CONTENTS_FOLDER, ignore_errors=True)
    count = min(contents, len(paths))
    points = distorted_points(model, paths, folder, contents=count, side=side, seed=seed, tick=tick)
    undistorted_N = np.array([name == UNDISTORTED for name in points.types])
    as_they_are = components(points.features_ND, seed)
    moved = components(moves(points.features_ND, points.contents, undistorted_N), seed)
    spaces = {"moves": moved, "features": as_they_are}
    what = "features" if keep_content else "moves"
    return _write(model, points, spaces, what, folder, method, seed)


def embed_labelled(
    model: "QualityModel",
    images: Sequence[Labelled],
    output: str | os.PathLike[str],
    *,
    method: str = "tsne",
    most: int = MOST_POINTS,
    level_name: str | None = "level",
    seed: int = 0,
    tick: Tick = lambda n: None,
) -> dict[str, Any]:
    """Draw images as they are, by the labels that they have.

    Where no image has a level and the model gives scores, its scores take the place of levels.

    Args:
        model: whose features are drawn.
        images: paths and labels, from :mod:`contrique.embedding.labels`.
        output: as above.
        method: as above.
        most: points at most, 1 to 10,080; of more images so many are drawn by the seed.
        level_name: what the levels are.
        seed: as above.
        tick: as above.

    Returns:
        As above.

    Raises:
        as above.
    """
    if not 1 <= most <= MOST_POINTS:
        raise ContriqueError(f"points must be from 1 to {MOST_POINTS}, got {most}")
    folder = _prepare(output, method)
    points = labelled_points(model, images, seed=seed, most=most, tick=tick)
    points.level_name = level_name
    if not np.isfinite(points.levels).any() and model.card.get("regressor") and not model.full_reference:
        points.levels = model.score_features(points.features_ND)[0].astype(np.float64)
        points.level_name = "score"
    spaces = {"features": components(points.features_ND, seed)}
    return _write(model, points, spaces, "features", folder, method, seed)


def _prepare(output: str | os.PathLike[str], method: str) -> Path:
    """Everything that can be wrong before the work is said before the work."""
    for module in ("sklearn", "matplotlib", "cv2", "scipy"):
        need(module, "embed", "contrique embed")
    if method not in METHODS:
        raise ContriqueError(f"expected a method among {', '.join(METHODS)}; got {method!r}")
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PICTURE).open("ab").close()
    return folder


def _write(
    model: "QualityModel",
    points: Points,
    spaces: dict[str, np.ndarray],
    what: str,
    folder: Path,
    method: str,
    seed: int,
) -> dict[str, Any]:
    """Lay out, measure and write the four files."""
    places_N2 = place(spaces[what], method, seed)
    measured = {
        name: measure(x_NK, points.types, points.levels, points.contents)
        for name, x_NK in [*spaces.items(), ("picture", places_N2)]
    }
    numbers: dict[str, Any] = {
        "model": model.name,
        "digest": model.digest,
        "drawn": what,
        "method": method,
        "seed": seed,
        "points": len(points),
        "contents": len(np.unique(points.contents)),
        "types": len(set(points.types)),
        "level": points.level_name,
        "neighbours": NEIGHBOURS,
        "measures": measured,
        "errors": [{"path": readable(path), "error": readable(error)} for path, error in points.errors],
    }
    title = f"{model.name}: {'distortions of ' if points.distorted else ''}{numbers['contents']:,} photographs"
    if not points.distorted:
        title = f"{model.name}: {len(points):,} images"
    caption = _caption(numbers, points)
    draw(points, places_N2, folder / PICTURE, title=title, caption=caption)
    write_page(points, places_N2, folder / PAGE, title=title, caption=caption, level_name=points.level_name)
    _write_table(points, places_N2, folder / TABLE)
    text = json.dumps(numbers, indent=2, ensure_ascii=True)
    (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
    return numbers


def _caption(numbers: dict[str, Any], points: Points) -> str:
    """Two lines for people: how it was made, and what neighbours tell."""
    how = "t-SNE" if numbers["method"] == "tsne" else "PCA"
    drawn = "features less those of the undistorted picture" if numbers["drawn"] == "moves" else "features as they are"
    lines = [f"{how} of {drawn}, {len(points):,} points. Nearest neighbours among other contents:"]
    found = numbers["measures"][numbers["drawn"]]
    parts = []
    if found["type_accuracy"] is not None:
        parts.append(f"type right {found['type_accuracy']:.0%} (chance {found['type_chance']:.0%})")
    if found["level_accuracy"] is not None:
        parts.append(f"level right {found['level_accuracy']:.0%} (chance {found['level_chance']:.0%})")
    if found["level_srocc"] is not None:
        parts.append(f"rank correlation of {numbers['level']} within a type {found['level_srocc']:.2f}")
    if found["silhouette"] is not None:
        parts.append(f"silhouette of types {found['silhouette']:.2f}")
    return "\n".join([*lines, "; ".join(parts) + "." if parts else "nothing to measure with these labels."])


def _write_table(points: Points, places_N2: np.ndarray, file: Path) -> None:
    """points.csv: a row for each point, then one for each image that could not be used; text is quoted."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(COLUMNS)
        for i, path in enumerate(points.paths):
            level = float(points.levels[i])
            shown = "" if np.isnan(level) else int(level) if level.is_integer() else level
            seed = points.seeds[i] if points.distorted else ""
            x, y = (round(float(value), 6) for value in places_N2[i])
            values = (points.types[i], shown, int(points.contents[i]), seed, x, y, "")
            writer.writerow([readable(path), *values])
        for path, error in points.errors:
            writer.writerow([readable(path), "", "", "", "", "", "", readable(error)])
