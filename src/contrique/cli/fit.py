"""``contrique fit``: rated images in, a model that scores out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.cli.ratings import add_ratings_arguments, cache_of, name_left_out, plain_warnings, ratings_of

if TYPE_CHECKING:
    from contrique.model import QualityModel

SUMMARY = "Fit an encoder to your own ratings."

EPILOG = """\
Ridge regression on frozen features; its strength by cross-validation that keeps groups together. The model gives
scores from 0 to 100, higher is better, whatever the scale and direction of the ratings, with an interval whose
coverage was measured on images held out of the fit. `contrique info MODEL` prints all of it.

Rows of the CSV without a score or an image are left out with a warning. An image that is there and cannot be read is
named and left out too; the model is written all the same, and the exit status is then 1.

examples:
  contrique fit scores.csv --images photos/ -o mine
  contrique fit scores.csv --images photos/ -o mine --score-column quality --scale-min 1 --scale-max 5
  contrique fit dmos.csv --images distorted/ --references originals/ -o mine-fr
  contrique score holiday/ --model mine
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    add_ratings_arguments(parser)
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model folder to write")
    parser.add_argument(
        "-m", "--model", metavar="DIR", help="the model whose encoder is used (default: the model that is shipped)"
    )
    parser.add_argument("--name", help="what the model calls itself (default: the folder's name)")
    parser.add_argument("--about", metavar="TEXT", help="whose ratings they are and under which licence, for the card")
    parser.add_argument(
        "--scale-min", type=float, metavar="X", help="least possible rating (default: the least there is)"
    )
    parser.add_argument("--scale-max", type=float, metavar="X", help="greatest possible rating (default: as found)")
    parser.add_argument(
        "--interval", type=float, default=0.8, metavar="SHARE", help="how often the interval is right (default: 0.8)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of folds and splits (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Fit, write, and say what came out.

    Returns:
        0; 1 where images that are there could not be read.

    Raises:
        ContriqueError: the ratings cannot be used, or the output is something else than a model.
    """
    cache = cache_of(args)
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    if not 0 < args.interval < 1:
        args.parser.error(f"--interval is a share between 0 and 1, not {args.interval:g}")
    from contrique.evaluation.fitting import fit_model
    from contrique.model import QualityModel, check_free

    target = Path(args.output)
    check_free(target)  # before the work, not after it
    with plain_warnings():
        ratings = ratings_of(args)
        model, left_out = fit_model(
            ratings,
            QualityModel.load(args.model),
            name=args.name or target.resolve().name,
            about=args.about,
            level=args.interval,
            scale_min=args.scale_min,
            scale_max=args.scale_max,
            seed=args.seed,
            cache=cache,
            progress=sys.stderr.isatty(),
        )
    model.save(target)
    name_left_out({str(ratings.paths[index]): left_out[index] for index in sorted(left_out)}, len(ratings))
    print("\n".join(summary(model, target)))
    return 1 if left_out else 0


def summary(model: "QualityModel", target: Path) -> list[str]:
    """What a person wants to know after a fit, line by line."""
    about, agreement = model.card["regressor"], model.card["agreement"]
    interval, mapping = about["interval"], about["mapping"]
    ends = [mapping["low"], mapping["high"]]
    worst, best = reversed(ends) if mapping["lower_is_better"] else ends
    groups = f"{about['groups']} groups" + (f" by {about['grouped_by']}" if about["grouped_by"] else "")
    lines = [
        f"{model.name}: fitted to {about['images']} images in {groups} of {about['ratings']} ({about['direction']})",
        f"  agreement on held-out groups   SROCC {agreement['srocc']:.3f}, PLCC {agreement['plcc']:.3f}",
        f"  scores                         rating {worst:g} is near 0, {best:g} near 100",
        f"  {interval['level']:.0%} interval                   about ± {interval['half_width_points']:.1f} points",
    ]
    if interval["coverage"] is not None:
        lines.append(
            f"  its coverage on held-out groups {interval['coverage']:.1%} "
            f"({interval['coverage_low']:.1%} to {interval['coverage_high']:.1%}, {interval['coverage_splits']} splits)"
        )
    return [*lines, f"  written to {target}"]
