"""``contrique evaluate``: rated images in, a table of agreement out."""

import argparse
import sys
from typing import Any

from contrique.cli.ratings import (
    add_ratings_arguments,
    add_test_argument,
    cache_of,
    name_left_out,
    other_ratings_of,
    plain_warnings,
    ratings_of,
)
from contrique.cli.report import add_report_arguments, check_reports
from contrique.errors import ContriqueError

HYPERIQA = ("epochs", "patches", "test_patches", "batch", "seed")

SUMMARY = "Measure how well methods agree with ratings."

EPILOG = """\
The protocol of the field: random splits by group into 70 % training, 10 % validation and 20 % test; each method fitted
to training, its settings chosen on validation; medians over the splits on test. A set with a published split is
measured on that one, unless --splits or --split random ask for random ones.

--methods takes any of brisque, niqe, cornia, hosa, hyperiqa, resnet50 and contrique (the default; one row for each
--model). BRISQUE, CORNIA, HOSA and HyperIQA learn anew in each split; NIQE learns nothing from ratings; resnet50 and
contrique are ridge on frozen features. --parameters DIR has official files of the classic methods, to be used in place
of the shipped ones. resnet50 and hyperiqa need --resnet50, an ImageNet ResNet-50 as a model folder, made from any
torchvision checkpoint by `contrique import-checkpoint`. --as-fitted adds a row with the scores that a model gives as it
is: the way to see how it does on ratings it has never seen.

--test-on WHAT=DIR fits to the set named first and tests on another: WHAT is the name of a set or a CSV of ratings, DIR
its folder or that of its images. Repeat it for more sets.

The table goes to standard output; --json, --csv, --latex and --html write it to files (- for standard output in place
of the table; with several sets the files hold all of them). `contrique report` makes tables of several JSON files.

Rows of the CSV without a score or an image are left out with a warning. An image that is there and cannot be read is
named and left out for all methods; the rest is measured, and the exit status is then 1. Features and predictions are
kept in the cache: a run that was interrupted goes on where it was.

examples:
  contrique evaluate scores.csv --images photos/
  contrique evaluate scores.csv --images photos/ --model runs/a --model runs/b --json result.json
  contrique evaluate dmos.csv --images distorted/ --references originals/ --splits 100
  contrique evaluate --dataset koniq10k --root KonIQ/ --methods brisque,niqe,cornia,hosa,contrique --html report.html
  contrique evaluate --dataset koniq10k --root KonIQ/ --test-on clive=ChallengeDB_release/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    add_ratings_arguments(parser)
    rows = parser.add_argument_group("rows of the table")
    rows.add_argument(
        "--methods", default="contrique", metavar="A,B,…", help="which methods, in this order (default: contrique)"
    )
    rows.add_argument(
        "-m",
        "--model",
        action="append",
        metavar="DIR",
        help="a model folder, fitted or not, or default or accurate; repeat it to compare (default: default)",
    )
    rows.add_argument(
        "--as-fitted",
        "--scores",
        action="store_true",
        help="also measure each model's own scores, with no fit to these",
    )
    rows.add_argument("--parameters", metavar="DIR", help="official files of the classic methods")
    rows.add_argument("--resnet50", metavar="DIR", help="the ImageNet ResNet-50 of resnet50 and hyperiqa")
    rows.add_argument(
        "--hyperiqa",
        metavar="A=N,…",
        help="a shorter training of hyperiqa than its authors' 16 epochs of 25 crops in batches of 96, which takes "
        "a GPU: epochs=N, patches=N (crops of an image an epoch), test_patches=N, batch=N, seed=N",
    )
    protocol = parser.add_argument_group("protocol")
    protocol.add_argument(
        "--split",
        choices=("official", "random"),
        help="the split the set was published with, or random ones (default: official where there is one)",
    )
    protocol.add_argument("--splits", type=int, metavar="N", help="how many random splits (default: 10)")
    protocol.add_argument("--seed", type=int, default=0, metavar="N", help="of the splits (default: 0)")
    add_test_argument(protocol)
    files = parser.add_argument_group("files")
    files.add_argument("--json", metavar="FILE", help="write all numbers there, for contrique report too")
    add_report_arguments(files)


def run(args: argparse.Namespace) -> int:
    """Measure and report.

    Returns:
        0; 1 where images that are there could not be read.

    Raises:
        ContriqueError: the ratings or a method cannot be used.
        MissingExtra: a package that is needed is not installed.
    """
    cache = cache_of(args)
    names = [name.strip() for name in args.methods.split(",") if name.strip()]
    _check(args)
    if "contrique" not in names and (args.model or args.as_fitted):
        args.parser.error("--model and --as-fitted are of the method contrique, which --methods leaves out")
    from contrique.errors import need
    from contrique.evaluation.contenders import contenders
    from contrique.evaluation.report import merged, text_table, to_json, write_json, write_reports
    from contrique.evaluation.table import measure, measure_across
    from contrique.model import QualityModel

    need("scipy", "evaluate", "contrique evaluate")  # before the work, not after it
    with plain_warnings():
        rows = contenders(
            names,
            models=[QualityModel.load(folder) for folder in args.model or ()],
            parameters=args.parameters,
            resnet50=args.resnet50,
            hyperiqa=_settings(args.hyperiqa),
            as_fitted=args.as_fitted,
        )
        ratings = ratings_of(args)
        tests = other_ratings_of(args)
        common: dict[str, Any] = {"splits": args.splits, "seed": args.seed, "cache": cache}
        common["progress"] = sys.stderr.isatty()
        if tests:
            results = measure_across(ratings, tests, rows, **common)
        else:
            results = [measure(ratings, rows, split=args.split, **common)]
    results = merged(results, progress=sys.stderr.isatty())
    if args.json == "-":
        sys.stdout.write(to_json(results if tests else results[0]))
    elif args.json is not None:
        write_json(results if tests else results[0], args.json)
    pictures = {one.digest: dict(zip(one.names, one.paths, strict=True)) for one in (ratings, *tests)}
    write_reports(results, csv=args.csv, latex=args.latex, html=args.html, pictures=pictures)
    if "-" not in (args.json, args.csv, args.latex, args.html):
        print("\n\n".join(text_table(result) for result in results))
    left_out = {row["path"]: row["error"] for result in results for row in result["left_out"]}
    name_left_out(left_out, len(ratings) + sum(map(len, tests)))
    return 1 if left_out else 0


def _check(args: argparse.Namespace) -> None:
    """Refuse wrong words before the work begins, not after it."""
    if args.seed < 0:
        args.parser.error(f"--seed is at least 0, not {args.seed}")
    if args.splits is not None and args.splits < 1:
        args.parser.error(f"--splits is at least 1, not {args.splits}")
    if args.test_on and args.split is not None:
        args.parser.error("--split is of one set, --test-on of several: leave one of them out")
    check_reports(args, args.json)


def _settings(words: str | None) -> dict[str, int]:
    """``epochs=4,patches=1`` as a mapping.

    Raises:
        ContriqueError: not of this form, or a setting that there is not.
    """
    settings = {}
    for word in (words or "").split(",") if words else ():
        name, _, value = word.strip().partition("=")
        if name not in HYPERIQA or not value.isdecimal():
            raise ContriqueError(f"--hyperiqa: expected {'=N, '.join(HYPERIQA)}=N, got {word.strip()!r}")
        settings[name] = int(value)
    return settings
