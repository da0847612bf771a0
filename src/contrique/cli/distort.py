"""``contrique distort``: one distortion of an image, or the sheet of all 25 at five levels."""

import argparse
import io
import os
import sys
import textwrap

from contrique.learning.distortions import LEVELS, NAMES, distort

SUMMARY = "Distort an image in one of 25 ways, or draw all of them on one page."

EPILOG = f"""\
types, KADID-10k's 25:
{textwrap.fill(", ".join(NAMES), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)}

Needs the extra `learn`.

examples:
  contrique distort photo.jpg --type motion_blur --level 3 -o blurred.png
  contrique distort photo.jpg --type white_noise --level 5 --seed 7 -o noisy.png
  contrique distort photo.jpg --sheet sheet.png          all 25 types at all five levels
"""

_FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".jpg": "JPEG", ".jpeg": "JPEG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("image", metavar="IMAGE", help="the image to distort; it is not changed")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--type", metavar="NAME", choices=NAMES, help="the distortion, one of the types below")
    what.add_argument("--sheet", metavar="FILE", help="draw all 25 types at all five levels on one page, here")
    parser.add_argument("--level", type=int, choices=LEVELS, help="strength, from 1 (mild) to 5 (strong); with --type")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random distortions (default: 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="the distorted image: .png .tif .bmp .jpg; with --type")


def run(args: argparse.Namespace) -> int:
    """Write the distorted image or the sheet, and say where.

    Returns:
        0.

    Raises:
        ContriqueError: the image cannot be used.
        MissingExtra: OpenCV is not installed.
        OSError: the output cannot be written.
    """
    if args.type is not None and (args.level is None or args.output is None):
        args.parser.error("--type needs --level 1 to 5 and -o FILE")
    if args.sheet is not None and (args.level is not None or args.output is not None):
        args.parser.error("--sheet FILE draws every level and takes neither --level nor -o")
    if args.seed < 0:
        args.parser.error(f"--seed must not be negative, got {args.seed}")
    file = args.sheet if args.sheet is not None else args.output
    codec = _FORMATS.get(os.path.splitext(file)[1].lower())
    if codec is None:
        args.parser.error(f"{file}: expected an ending of {', '.join(_FORMATS)}")
    if codec == "JPEG":
        print(f"contrique: warning: {file}: JPEG distorts once more; .png keeps what was made", file=sys.stderr)

    from PIL import Image

    from contrique.errors import need
    from contrique.images import read_image

    need("cv2", "learn", "contrique distort")
    image = read_image(args.image)
    if args.sheet is not None:
        from contrique.learning.distortions.sheet import contact_sheet

        result = contact_sheet(image, seed=args.seed)
    else:
        result = distort(image, args.type, args.level, args.seed)
    encoded = io.BytesIO()
    Image.fromarray(result).save(encoded, codec, **({"quality": 95} if codec == "JPEG" else {}))
    with open(file, "wb") as stream:
        stream.write(encoded.getbuffer())
    print(file)
    return 0
