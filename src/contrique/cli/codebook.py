"""``contrique codebook``: learns what CORNIA or HOSA knows of pictures before any rating."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.cli.output import readable
from contrique.errors import ContriqueError, ImageError

if TYPE_CHECKING:
    import numpy as np

SUMMARY = "Learn a codebook for CORNIA or HOSA from pictures without ratings."

METHODS = ("cornia", "hosa")

MOST_WORDS = 100_000
"""Ten times the most of the papers: 5,000,000 patches, some gigabytes."""

EPILOG = """\
Pictures should show the distortions that are to be told apart: the papers take all distorted pictures of CSIQ, a rated
set other than those they are measured on. Undistorted photographs can be distorted first with `contrique distort`.

DIR then holds card.json and parameters.safetensors, for --parameters of `contrique evaluate`, where each split fits a
regressor of its own. There is none in DIR: `contrique score` says so.

CORNIA's 10,000 words are learned from half a million patches, which takes some minutes of all cores; HOSA's 100 from
200,000, in seconds. The same pictures, words and seed give the same codebook.

examples:
  contrique codebook distorted/ -o codebooks/hosa --method hosa
  contrique codebook distorted/ -o codebooks/cornia --method cornia --words 2000
  contrique evaluate scores.csv --images photos/ --methods cornia --parameters codebooks/cornia
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument(
        "paths", nargs="+", metavar="IMAGES", help="files, folders (with all below them) or quoted globs"
    )
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder for the codebook")
    parser.add_argument("--method", required=True, choices=METHODS, help="the method it is for")
    parser.add_argument("--words", type=int, metavar="N", help="how many (default: the paper's, 10000 and 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Learn a codebook, write it and print its folder.

    Returns:
        0; 1 where a picture could not be used.

    Raises:
        ContriqueError: too few pictures for so many words, or the folder holds something already.
        OSError: it cannot be written.
    """
    least = 5 if args.method == "hosa" else 1
    if args.words is not None and args.words < least:
        args.parser.error(f"--words is at least {least} for {args.method}, not {args.words}")
    if args.words is not None and args.words > MOST_WORDS:
        args.parser.error(f"--words is at most {MOST_WORDS}, not {args.words}")
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    folder = Path(args.output)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ContriqueError(f"{folder} is there already, and not empty: name a new folder")

    from contrique import __version__
    from contrique.baselines import codebook
    from contrique.baselines.parameters import write_shipped
    from contrique.images import find_images

    words = codebook.WORDS[args.method] if args.words is None else args.words
    found = list(find_images(args.paths))
    if not found:
        raise ContriqueError("nothing to learn from: none of the paths names an image")
    left_out: list[str] = []
    show = sys.stderr.isatty()
    patches = codebook.draw(
        _greys(found, left_out, show),
        -(-codebook.patch_count(words) // len(found)),
        down=args.method == "cornia",
        seed=args.seed,
    )
    arrays = codebook.learn(args.method, patches, words, seed=args.seed, progress=show)
    training = {
        "pictures": len(found) - len(left_out),
        "patches": len(patches),
        "words": words,
        "seed": args.seed,
        "about": "a codebook learned by contrique codebook, without ratings and without a regressor",
    }
    name = f"{args.method}-{folder.resolve().name}"
    card = {"name": name, "method": args.method.upper(), "version": __version__, "training": training, "raw": None}
    write_shipped(folder, card, arrays)
    print(folder)
    return 1 if left_out else 0


def _greys(paths: list[str], left_out: list[str], show: bool) -> "Iterator[np.ndarray]":
    """Luminance of each image; what cannot be used is said and counted in ``left_out``."""
    from tqdm import tqdm

    from contrique.baselines import nss
    from contrique.baselines.patches import SIDE
    from contrique.images import read_image

    for path in tqdm(paths, desc="patches", unit="image", disable=not show, file=sys.stderr):
        try:
            grey_HW = nss.grey(read_image(path))
            if min(grey_HW.shape) < SIDE:
                raise ImageError(path, f"has less than {SIDE} pixels a side")
        except ImageError as error:
            left_out.append(path)
            print(f"contrique: warning: {readable(str(error))}", file=sys.stderr)
            continue
        yield grey_HW
