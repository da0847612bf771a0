"""``contrique evaluate``: rated images in, a table of agreement out."""

import argparse
import sys
from pathlib import Path

from contrique.cli.ratings import add_ratings_arguments, cache_of, name_left_out, plain_warnings, ratings_of
from contrique.errors import ContriqueError

SUMMARY = "Measure how well models agree with ratings."

EPILOG = """\
The protocol of the field: random splits by group into 70 % training, 10 % validation and 20 % test; ridge on each
model's frozen features, its strength chosen on validation; medians over the splits on test. --as-fitted adds a row
with the scores that a model gives as it is, measured on the same test images: the way to see how a model does on
ratings it has never seen.

The table goes to standard output; --json FILE has all numbers of all splits (- for standard output in place of the
table). Rows of the CSV without a score or an image are left out with a warning. An image that is there and cannot be
read is named and left out too; the rest is measured, and the exit status is then 1.

examples:
  contrique evaluate scores.csv --images photos/
  contrique evaluate scores.csv --images photos/ --model runs/a --model runs/b --json result.json
  contrique evaluate dmos.csv --images distorted/ --references originals/ --splits 100
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    add_ratings_arguments(parser)
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        metavar="DIR",
        help="a model folder, fitted or not; repeat it to compare (default: the model that is shipped)",
    )
    parser.add_argument("--json", metavar="FILE", help="write all numbers there")
    parser.add_argument("--splits", type=int, default=10, metavar="N", help="how many random splits (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the splits (default: 0)")
    parser.add_argument(
        "--as-fitted",
        "--scores",
        action="store_true",
        help="also measure each model's own scores, with no fit to these",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and report.

    Returns:
        0; 1 where images that are there could not be read.

    Raises:
        ContriqueError: the ratings cannot be used.
        MissingExtra: SciPy is not installed.
    """
    cache = cache_of(args)
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    if args.splits < 1:
        args.parser.error(f"--splits is at least 1, not {args.splits}")
    if args.json not in (None, "-") and not Path(args.json).resolve().parent.is_dir():
        raise ContriqueError(f"{args.json}: there is no folder {Path(args.json).parent} to write to")
    from contrique.errors import need
    from contrique.evaluation.protocol import evaluate_models
    from contrique.evaluation.report import text_table, to_json, write_json
    from contrique.model import QualityModel

    need("scipy", "evaluate", "contrique evaluate")  # before the work, not after it
    with plain_warnings():
        ratings = ratings_of(args)
        result = evaluate_models(
            ratings,
            [QualityModel.load(folder) for folder in args.model or [None]],
            splits=args.splits,
            seed=args.seed,
            as_fitted=args.as_fitted,
            cache=cache,
            progress=sys.stderr.isatty(),
        )
    if args.json == "-":
        sys.stdout.write(to_json(result))
    else:
        print(text_table(result))
        if args.json is not None:
            write_json(result, args.json)
    name_left_out({row["path"]: row["error"] for row in result["left_out"]}, len(ratings))
    return 1 if result["left_out"] else 0
