"""``contrique embed``: images in, a picture and a page of what the encoder sees in them out."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from contrique.errors import ContriqueError

if TYPE_CHECKING:
    from contrique.embedding.labels import Labelled

SUMMARY = "Draw what an encoder learned: images as points, coloured by distortion type and level."

EPILOG = """\
Two ways:

  distorted (default)  IMAGES are clean; up to --contents of them go through the 25 distortions at five levels, and
                       what is drawn is how far each distortion moves the features of its undistorted picture
  --as-they-are        IMAGES are drawn as they are, called after their sub-folder; with --labels FILE.csv (one folder
                       of IMAGES), by what the columns say; without levels the colour is the model's score

DIR gets embedding.png, embedding.html (a page that needs no network: zoom, point at a mark, trace it to its file),
points.csv, numbers.json, and the clean pictures in contents/. The numbers are printed too: how often the ten nearest
points of other contents tell type and level. An image that cannot be used is a row with an error in points.csv, and
the exit status is then 1. Needs the extra `embed`.

examples:
  contrique embed photos/ -o picture
  contrique embed photos/ --model runs/quick/encoder -o picture --contents 40
  contrique embed sorted/ --as-they-are -o picture              sorted/sharp/*.jpg, sorted/blurred/*.jpg, …
  contrique embed photos/ --labels scores.csv --type-column camera --level-column mos -o picture
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("images", nargs="+", metavar="IMAGES", help="files, folders with all below them, quoted globs")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="the folder to write to; made if needed")
    parser.add_argument(
        "-m", "--model", metavar="DIR", help="a model folder, fitted or not, or default or accurate (default: default)"
    )
    parser.add_argument("--method", choices=("tsne", "pca"), default="tsne", help="the layout (default: tsne)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random (default: 0)")
    distorted = parser.add_argument_group("distorted")
    distorted.add_argument(
        "--contents",
        type=int,
        metavar="N",
        help="images to take, drawn by the seed: 1 to 80, 126 points each (default: 20)",
    )
    distorted.add_argument(
        "--side", type=int, metavar="PIXELS", help="their longer side is shrunk to this first (default: 384)"
    )
    distorted.add_argument(
        "--keep-content", action="store_true", help="draw the features themselves, in which content shows as well"
    )
    labelled = parser.add_argument_group("as they are")
    labelled.add_argument("--as-they-are", action="store_true", help="no distortion; types are sub-folders")
    labelled.add_argument("--labels", metavar="FILE.csv", help="types and levels; implies --as-they-are")
    labelled.add_argument("--name-column", metavar="NAME", help="file names (default: name, image, filename, …)")
    labelled.add_argument("--type-column", metavar="NAME", help="types (default: type, distortion, label, class, …)")
    labelled.add_argument("--level-column", metavar="NAME", help="numbers (default: level, mos, dmos, score, …)")
    labelled.add_argument(
        "--group-column", metavar="NAME", help="contents (default: content_group, group, reference, …)"
    )
    labelled.add_argument(
        "--points", type=int, metavar="N", help="of more images draw so many, by the seed (default and most: 10080)"
    )


def run(args: argparse.Namespace) -> int:
    """Draw, and print the numbers and where the picture is.

    Returns:
        0; 1 where an image could not be used.

    Raises:
        ContriqueError: nothing can be drawn, or an argument is out of range.
        MissingExtra: the extra ``embed`` is not installed.
        OSError: the folder cannot be written.
    """
    _check(args)
    from tqdm import tqdm

    from contrique.embedding.embed import PAGE, PICTURE, embed_distorted, embed_labelled
    from contrique.embedding.points import MOST_POINTS
    from contrique.images import find_images
    from contrique.learning.distortions import N_CLASSES
    from contrique.model import QualityModel

    shared: dict[str, Any] = {"method": args.method, "seed": args.seed}
    if args.as_they_are:
        images, level_name = _labelled(args)
        most = MOST_POINTS if args.points is None else args.points
        total = min(most, len(images))
    else:
        paths = list(find_images(args.images))
        contents = 20 if args.contents is None else args.contents
        total = min(contents, len(paths)) * N_CLASSES
    if not total > 0:
        raise ContriqueError(f"no images in {', '.join(args.images)}")
    model = QualityModel.load(args.model)
    with tqdm(total=total, unit="picture", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
        if args.as_they_are:
            numbers = embed_labelled(
                model, images, args.output, most=most, level_name=level_name, tick=bar.update, **shared
            )
        else:
            numbers = embed_distorted(
                model,
                paths,
                args.output,
                contents=contents,
                side=384 if args.side is None else args.side,
                keep_content=args.keep_content,
                tick=bar.update,
                **shared,
            )
    if args.as_they_are and len(images) > total:
        print(f"contrique: warning: {total} of {len(images)} images are drawn", file=sys.stderr)
    print(_table(numbers))
    print(f"{args.output}/{PICTURE}\n{args.output}/{PAGE}")
    for row in numbers["errors"]:
        print(f"contrique: {row['path']}: {row['error']}", file=sys.stderr)
    return 1 if numbers["errors"] else 0


def _check(args: argparse.Namespace) -> None:
    """Words that do not go together are wrong usage."""
    columns = {f"--{name}-column": getattr(args, f"{name}_column") for name in ("name", "type", "level", "group")}
    for flag, value in columns.items():
        if value is not None and args.labels is None:
            args.parser.error(f"{flag} names a column of --labels FILE.csv")
    if args.labels is not None and len(args.images) > 1:
        args.parser.error("--labels takes one folder of IMAGES, which its names are relative to")
    args.as_they_are = args.as_they_are or args.labels is not None
    for flag, given, wanted in (
        ("--contents", args.contents is not None, False),
        ("--side", args.side is not None, False),
        ("--keep-content", args.keep_content, False),
        ("--points", args.points is not None, True),
    ):
        if given and wanted != args.as_they_are:
            args.parser.error(f"{flag} goes {'only' if wanted else 'not'} with --as-they-are")
    for flag, value, least in (
        ("--seed", args.seed, 0),
        ("--contents", args.contents, 1),
        ("--points", args.points, 1),
    ):
        if value is not None and value < least:
            args.parser.error(f"{flag} is at least {least}, not {value}")


def _labelled(args: argparse.Namespace) -> "tuple[list[Labelled], str | None]":
    from contrique.embedding.labels import labels_by_csv, labels_by_folder

    if args.labels is None:
        return labels_by_folder(args.images), None
    return labels_by_csv(
        args.labels,
        args.images[0],
        name_column=args.name_column,
        type_column=args.type_column,
        level_column=args.level_column,
        group_column=args.group_column,
    )


_ROWS = {"moves": "less undistorted", "features": "features as they are", "picture": "the picture"}
_MEASURES = {
    "type_accuracy": "type right",
    "type_chance": "chance",
    "level_accuracy": "level right",
    "level_chance": "chance",
    "level_srocc": "level SROCC",
    "silhouette": "silhouette",
}


def _table(numbers: dict[str, Any]) -> str:
    """The numbers for people, one row for each set of places."""
    count, contents, near = numbers["points"], numbers["contents"], numbers["neighbours"]
    lines = [
        f"{count} points, contents: {contents}; told by the {near} nearest points of other contents:",
        " " * 22 + "".join(f"{title:>13}" for title in _MEASURES.values()),
    ]
    for name, row in numbers["measures"].items():
        cells = ("–" if row[key] is None else f"{row[key]:.3f}" for key in _MEASURES)
        lines.append(f"{_ROWS[name]:22}" + "".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines)
