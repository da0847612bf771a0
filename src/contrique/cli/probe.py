"""``contrique probe``: pristine photographs in, a model that tells which distortion an image has out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.cli.photographs import photographs_of
from contrique.cli.ratings import cache_of, name_left_out, plain_warnings

if TYPE_CHECKING:
    from contrique.model import QualityModel

SUMMARY = "Teach a model to tell which distortion an image has."

EPILOG = """\
Every photograph is distorted in 25 ways, each at one of five levels (or at more: --levels), and left as it is; a
linear probe of the model's features learns to tell the 26 classes apart, and how strong each is. The photographs should
show no distortion of their own. A fifth of them measures what was learned and is printed; the probe that is kept is
fitted to all. Scores of the model that is written have `distortions` (`contrique score --distortions`).

Features take as long as scoring 29 images for each photograph. They are kept (see --cache), so a run that was stopped
goes on where it was. Needs the extra `learn`, but no torch for a model with a graph.

A photograph that cannot be read is named and left out; the model is written all the same, and the exit status is
then 1.

examples:
  contrique probe runs/mine --images pristine/ -o runs/mine-probed
  contrique probe runs/mine --images pristine/ --list pristine/images.csv --licence 'CC BY 4.0' -o runs/mine-probed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="a model folder, or the name of a shipped model")
    parser.add_argument("--images", required=True, metavar="DIR", help="the folder of the photographs")
    parser.add_argument(
        "--list", metavar="CSV", help="only those named here, relative to DIR, in a column path or name; for the card "
        "also columns source and licence",
    )  # fmt: skip
    parser.add_argument(
        "--licence", action="append", metavar="NAME", help="only rows of the list with this licence; repeat it for more"
    )
    parser.add_argument("--most", type=int, metavar="N", help="use N of the photographs at most, drawn at random")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the model folder to write; may be MODEL")
    parser.add_argument("--name", help="what the model calls itself (default: as before)")
    parser.add_argument("--about", metavar="TEXT", help="whose photographs they are, for the card")
    parser.add_argument(
        "--levels", type=int, choices=range(1, 6), default=1, metavar="N", help="levels of each type (default: 1 of 5)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")
    parser.add_argument("--cache", metavar="DIR", help="where features are kept (default: as for fit)")
    parser.add_argument("--no-cache", action="store_true", help="compute all features and keep none")


def run(args: argparse.Namespace) -> int:
    """Fit a probe, write the model, and say what came out.

    Returns:
        0; 1 where photographs could not be read.

    Raises:
        ContriqueError: too few photographs, or the output is something else than a model.
        MissingExtra: OpenCV or scipy is not installed.
    """
    if args.licence and args.list is None:
        args.parser.error("--licence chooses rows of --list CSV")
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    from contrique.learning.probing.fitting import LEAST, fit_probe
    from contrique.model import QualityModel, check_free

    if args.most is not None and args.most < LEAST:
        args.parser.error(f"--most is at least {LEAST}, not {args.most}")
    cache = cache_of(args)
    target = Path(args.output)
    check_free(target)  # before the work, not after it
    model = QualityModel.load(args.model)
    paths, about = photographs_of(args.images, args.list, args.licence)
    if args.about is not None:
        about["about"] = args.about
    with plain_warnings():
        model, left_out = fit_probe(
            model,
            paths,
            name=args.name or model.name,
            about=about,
            most=args.most,
            levels=args.levels,
            seed=args.seed,
            cache=cache,
            progress=sys.stderr.isatty(),
        )
    model.save(target)
    name_left_out({str(path): left_out[path] for path in sorted(left_out)}, len(paths))
    print("\n".join([*summary(model), f"  written to {target}"]))
    return 1 if left_out else 0


def summary(model: "QualityModel") -> list[str]:
    """What a person wants to know of a probe, line by line."""
    about = model.card["probe"]
    held = about["held_out"]
    kinds = sorted(held["by_kind"].items(), key=lambda item: -item[1])
    lines = [
        f"{model.name}: a probe of {len(about['classes'])} kinds from {about['views']:,} views of {about['images']} "
        "photographs",
        f"  on {held['views']:,} views of {held['images']} photographs held out:",
        f"  kind right                  {held['kind']:.1%} (chance {held['kind_chance']:.1%}), among the first three "
        f"{held['kind_in_3']:.1%}",
        f"  level right                 {held['level']:.1%} (chance {held['level_chance']:.1%})",
        f"  level right within 1        {held['level_within_1']:.1%} (chance {held['level_within_1_chance']:.1%})",
        "  kind right by level         " + ", ".join(f"{k}: {v:.0%}" for k, v in held["by_level"].items()),
        "  kind right by kind          " + ", ".join(f"{kind} {share:.0%}" for kind, share in kinds),
    ]
    return [*lines, *(f"  confused                    {pair}" for pair in held["confused"])]
