"""``contrique fit``: rated images in, a model that scores out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contrique.cli.photographs import photographs_of
from contrique.cli.ratings import (
    add_ratings_arguments,
    cache_of,
    name_left_out,
    other_ratings_of,
    plain_warnings,
    ratings_of,
)

if TYPE_CHECKING:
    from contrique.model import QualityModel

SUMMARY = "Fit an encoder to your own ratings."

EPILOG = """\
Ridge regression on frozen features; its strength by cross-validation that keeps groups together. The model gives
scores from 0 to 100, higher is better, whatever the scale and direction of the ratings, with an interval whose
coverage was measured on images held out of the fit. `contrique info MODEL` prints all of it.

--and WHAT=DIR fits to further ratings at the same time: WHAT is the name of a set or a CSV of ratings, DIR its folder
or that of its images; repeat it for more. The scale and the direction of the ratings named first are the model's;
those of the others may be what they like: each set is brought to that scale by a straight line, found together with
the regressor. The interval is wide enough for each of the sets. Columns of a further CSV are found by their names; a
score column whose name begins with dmos counts from good to bad.

--pristine DIR also learns from photographs that nobody rated: distorted more, each must not score better. Give some
that show no distortion of their own, 80 are enough; features take as long as scoring 38 images for each (needs the
extra `learn`). Scores then fall with distortions that no rated image has. --resized learns that a rated image enlarged
or shrunk a little scores the same; it takes as long again as the rated images do (as 2,000 of them where there are
more), and some agreement.

Rows of the CSV without a score or an image are left out with a warning. An image that is there and cannot be read is
named and left out too; the model is written all the same, and the exit status is then 1.

examples:
  contrique fit scores.csv --images photos/ -o mine
  contrique fit scores.csv --images photos/ -o mine --score-column quality --scale-min 1 --scale-max 5
  contrique fit dmos.csv --images distorted/ --references originals/ -o mine-fr
  contrique fit mos.csv --images photos/ --and dmos.csv=distorted/ --and csiq=CSIQ/ -o mine
  contrique fit mos.csv --images photos/ --pristine sharp-photos/ --resized -o mine
  contrique score holiday/ --model mine
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    add_ratings_arguments(parser)
    parser.add_argument(
        "--and",
        action="append",
        metavar="WHAT=DIR",
        help="fit to these ratings too, whatever their scale: a published set and its folder, or a CSV and the folder "
        "of its images; repeat it for more",
    )
    parser.add_argument(
        "--pristine", metavar="DIR", help="a folder of photographs without ratings and without distortions of their "
        "own: distorting them more must not raise the score",
    )  # fmt: skip
    parser.add_argument(
        "--list", metavar="CSV", help="only the photographs named here, relative to DIR of --pristine, in a column "
        "path or name",
    )  # fmt: skip
    parser.add_argument(
        "--licence", action="append", metavar="NAME", help="only rows of the list with this licence; repeat it for more"
    )
    parser.add_argument(
        "--resized", action="store_true", help="a rated image enlarged or shrunk a little must score the same"
    )
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model folder to write")
    parser.add_argument(
        "-m", "--model", metavar="DIR", help="whose encoder is used: a folder, default or accurate (default: default)"
    )
    parser.add_argument("--name", help="what the model calls itself (default: the folder's name)")
    parser.add_argument(
        "--about",
        action="append",
        metavar="TEXT",
        help="whose ratings they are and under which licence, for the card; with --and, repeat it in the order of the "
        "sets",
    )
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
    if len(args.about or ()) > 1 + len(getattr(args, "and") or ()):
        args.parser.error("--about is given more often than there are sets")
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    if not 0 < args.interval < 1:
        args.parser.error(f"--interval is a share between 0 and 1, not {args.interval:g}")
    if args.list and not args.pristine:
        args.parser.error("--list names photographs of --pristine DIR")
    if args.licence and not args.list:
        args.parser.error("--licence chooses rows of --list CSV")
    from contrique.evaluation.fitting import check_before, fit_model
    from contrique.model import QualityModel, check_free

    target = Path(args.output)
    check_free(target)  # before the work, not after it
    pairs = None
    photographs: list[Path] = []
    from_where: dict[str, Any] = {}
    unread: dict[Path, str] = {}
    with plain_warnings():
        rated = [ratings_of(args), *other_ratings_of(args, "--and")]
        check_before(rated, level=args.interval, pairs=args.resized or args.pristine is not None)
        encoder = QualityModel.load(args.model)
        if args.pristine:
            from contrique.learning.ordering import ordered_pairs

            photographs, from_where = photographs_of(args.pristine, args.list, args.licence)
            pairs, unread = ordered_pairs(
                encoder, photographs, seed=args.seed, cache=cache, progress=sys.stderr.isatty()
            )
        model, left_out = fit_model(
            rated,
            encoder,
            name=args.name or target.resolve().name,
            about=args.about,
            level=args.interval,
            scale_min=args.scale_min,
            scale_max=args.scale_max,
            resized=args.resized,
            pairs=pairs,
            seed=args.seed,
            cache=cache,
            progress=sys.stderr.isatty(),
        )
    if pairs is not None:
        if "licences" in from_where:  # of the list's rows, more than were used: without their numbers
            from_where["licences"] = list(from_where["licences"])
        model.card["regressor"]["pairs"].update(from_where)
    model.save(target)
    paths = [path for ratings in rated for path in ratings.paths]
    name_left_out({str(paths[index]): left_out[index] for index in sorted(left_out)}, len(paths))
    name_left_out({str(path): unread[path] for path in sorted(unread)}, len(photographs))
    print("\n".join(summary(model, target)))
    return 1 if left_out or unread else 0


def summary(model: "QualityModel", target: Path) -> list[str]:
    """What a person wants to know after a fit, line by line."""
    about, agreement = model.card["regressor"], model.card["agreement"]
    interval, mapping = about["interval"], about["mapping"]
    ends = [mapping["low"], mapping["high"]]
    worst, best = reversed(ends) if mapping["lower_is_better"] else ends
    sets = about.get("sets", [])
    if sets:
        lines = [f"{model.name}: fitted to {about['images']} images of {len(sets)} sets on the scale of the first"]
        for one, agreed in zip(sets, agreement["sets"], strict=True):
            scores = f"its ratings are scores from {one['worst_score']:.0f} to {one['best_score']:.0f}"
            lines += [f"  {_of(one)}", f"    {_agreed(agreed)} on held-out groups; {scores}"]
            if one["coverage"] is not None:
                lines.append(f"    the interval held {_held(one)} of its ratings on held-out groups")
    else:
        lines = [f"{model.name}: fitted to {_of(about)}", f"  agreement on held-out groups   {_agreed(agreement)}"]
    lines.append(f"  scores                         rating {worst:g} is near 0, {best:g} near 100")
    lines.append(
        f"  {interval['level']:.0%} interval                   about ± {interval['half_width_points']:.1f} points"
    )
    if interval["coverage"] is not None:
        splits = f", {interval['coverage_splits']} splits"
        lines.append(f"  its coverage on held-out groups {_held(interval, splits)}")
    pairs = about.get("pairs", {})
    if pairs.get("resized"):
        lines.append(f"  resized copies                 {pairs['resized']} rated images, to score like them")
    if pairs.get("ordered"):
        made_of = f"pairs of {pairs['photographs']} photographs"
        lines.append(f"  {made_of:<30} {pairs['ordered']}, the less distorted better: {_order(pairs)}")
    return [*lines, f"  written to {target}"]


def _order(pairs: dict[str, Any]) -> str:
    without, held_out = f"{pairs['in_order_without']:.1%} by ratings alone", pairs["in_order"]
    return without if held_out is None else f"{held_out:.1%} where held out, {without}"


def _of(part: dict[str, Any]) -> str:
    groups = f"{part['groups']} groups" + (f" by {part['grouped_by']}" if part["grouped_by"] else "")
    return f"{part['images']} images in {groups} of {part['ratings']} ({part['direction']})"


def _agreed(part: dict[str, Any]) -> str:
    return f"SROCC {part['srocc']:.3f}, PLCC {part['plcc']:.3f}"


def _held(part: dict[str, Any], more: str = "") -> str:
    return f"{part['coverage']:.1%} ({part['coverage_low']:.1%} to {part['coverage_high']:.1%}{more})"
