"""``contrique dead-leaves``: images made of a seed alone, as files, or some of them on one page."""

import argparse
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUMMARY = "Make images of random shapes to pretrain on, without photographs."

EPILOG = """\
Dead leaves are shapes of any size that fall on each other until they cover everything; in size, edges and spectrum
they are like natural scenes, and textured leaves more so. A recipe makes them while it trains and needs no files
(dead_leaves = "textured", count = 20000): those are the images of seed 0. Needs the extra `learn`.

examples:
  contrique dead-leaves --sheet leaves.png                               twelve on one page
  contrique dead-leaves --kind textured --count 1000 -o leaves           a thousand PNG files
  contrique dead-leaves --kind textured --count 40 --sheet leaves.jpg    what a recipe with textured leaves looks at
"""

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("-o", "--output", metavar="DIR", help="write the images here, as KIND-SIZE-SEED-INDEX.png")
    parser.add_argument("--sheet", metavar="FILE", help="draw the images on one page, here: .png .jpg")
    parser.add_argument("--count", type=int, default=12, metavar="N", help="how many (default: 12)")
    parser.add_argument("--kind", choices=("plain", "textured"), default="plain", help="default: plain")
    parser.add_argument("--size", type=int, default=512, metavar="PIXELS", help="their side (default: 512)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other images (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Write the images, the page or both, and say where.

    Returns:
        0.

    Raises:
        ContriqueError: the size is out of range.
        MissingExtra: OpenCV is not installed.
        OSError: the output cannot be written.
    """
    if args.output is None and args.sheet is None:
        args.parser.error("needs -o DIR or --sheet FILE")
    if args.count < 1:
        args.parser.error(f"--count must be at least 1, got {args.count}")
    if args.seed < 0:
        args.parser.error(f"--seed must not be negative, got {args.seed}")
    ending = os.path.splitext(args.sheet)[1].lower() if args.sheet is not None else ".png"
    if ending not in _FORMATS:
        args.parser.error(f"{args.sheet}: expected an ending of {', '.join(_FORMATS)}")

    from contrique.errors import need

    need("cv2", "learn", "contrique dead-leaves")
    from PIL import Image
    from tqdm import tqdm

    from contrique.learning.corpora.dead_leaves import contact_sheet, image

    def write(path: Path, picture: "NDArray[np.uint8]", codec: str, **options: int) -> None:
        encoded = io.BytesIO()
        Image.fromarray(picture).save(encoded, codec, **options)
        path.write_bytes(encoded.getbuffer())

    if args.sheet is not None:
        page = contact_sheet(args.seed, args.count, args.size, args.kind)
        write(Path(args.sheet), page, _FORMATS[ending], **({"quality": 90} if ending != ".png" else {}))
        print(args.sheet)
    if args.output is not None:
        Path(args.output).mkdir(parents=True, exist_ok=True)
        for index in tqdm(range(args.count), unit="image", leave=False, disable=None):
            name = f"{args.kind}-{args.size}-{args.seed}-{index:06d}.png"
            picture = image(args.seed, index, args.size, args.kind)
            write(Path(args.output, name), picture, "PNG", compress_level=1)
        print(args.output)
    return 0
