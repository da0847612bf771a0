"""What ``contrique fit`` and ``contrique evaluate`` share: the words that say where ratings and images are."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import DATASETS, dataset_name, load_dataset

if TYPE_CHECKING:
    from contrique.evaluation.cache import FeatureCache
    from contrique.evaluation.ratings import Ratings

CSV_WORDS = (
    *("ratings", "images", "name_column", "score_column", "group_column", "lower_is_better"),
    *("references", "reference_column"),
)
"""Words that are about a CSV and so do not go with a published set."""


def add_test_argument(parser: argparse._ActionsContainer) -> None:
    """Declare ``--test-on``, for ``other_ratings_of``."""
    parser.add_argument(
        "--test-on",
        action="append",
        metavar="WHAT=DIR",
        help="fit on all of the ratings and test on these, never seen: a published set and its folder, or a CSV and "
        "the folder of its images; repeat it for more",
    )


def add_ratings_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the ratings or the published set, the columns, the images and the cache."""
    parser.add_argument(
        "ratings", nargs="?", metavar="RATINGS.csv", help="a CSV with a name and a score for each image"
    )
    parser.add_argument("--images", metavar="DIR", help="the folder of the images that RATINGS.csv rates")
    published = parser.add_argument_group("a published set in place of RATINGS.csv and --images")
    published.add_argument("--dataset", metavar="NAME", help=f"one of {', '.join(DATASETS)}")
    published.add_argument("--root", metavar="DIR", help="its folder, unpacked as its authors ship it")
    columns = parser.add_argument_group("columns, where their names do not say it")
    columns.add_argument("--name-column", metavar="NAME", help="file names (default: name, image, filename, …)")
    columns.add_argument("--score-column", metavar="NAME", help="scores (default: mos, dmos, score, …)")
    columns.add_argument(
        "--group-column",
        metavar="NAME",
        help="images of equal value share content and stay together (default: content_group, group, reference, …; "
        "without such a column each image is its own group)",
    )
    direction = columns.add_mutually_exclusive_group()
    direction.add_argument(
        "--lower-is-better",
        dest="lower_is_better",
        action="store_const",
        const=True,
        help="the scores count from good to bad (default: only where the column is called dmos)",
    )
    direction.add_argument(
        "--higher-is-better",
        dest="lower_is_better",
        action="store_const",
        const=False,
        help="the scores count from bad to good, whatever the column is called",
    )
    reference = parser.add_argument_group("full reference")
    reference.add_argument(
        "--full-reference",
        action="store_true",
        help="use |f(reference) − f(image)|; the references are those of the set, or in --references, or else in "
        "--images",
    )
    reference.add_argument("--references", metavar="DIR", help="the folder of the references; implies --full-reference")
    reference.add_argument(
        "--reference-column", metavar="NAME", help="references (default: reference, ref, ref_img, …)"
    )
    cache = parser.add_argument_group("features on disk")
    cache.add_argument(
        "--cache",
        metavar="DIR",
        help="where features are kept between runs (default: $CONTRIQUE_CACHE, else contrique in $XDG_CACHE_HOME or "
        "~/.cache)",
    )
    cache.add_argument("--no-cache", action="store_true", help="compute all features and keep none")


def ratings_of(args: argparse.Namespace) -> "Ratings":
    """Read the ratings that the words name: a CSV, or a published set."""
    from contrique.evaluation.ratings import read_ratings

    if args.dataset is not None or args.root is not None:
        for word in CSV_WORDS:
            if getattr(args, word) is not None:
                flags = {"ratings": "RATINGS.csv", "lower_is_better": "the scores' direction"}
                flag = flags.get(word, f"--{word.replace('_', '-')}")
                args.parser.error(f"{flag} does not go with --dataset: the set knows its own")
        if args.dataset is None or args.root is None:
            args.parser.error("--dataset NAME and --root DIR go together")
        return load_dataset(args.dataset, args.root, references=args.full_reference)
    if args.ratings is None or args.images is None:
        args.parser.error("expected RATINGS.csv and --images DIR, or --dataset NAME and --root DIR")
    full_reference = full_reference_asked(args)
    return read_ratings(
        args.ratings,
        images=args.images,
        name_column=args.name_column,
        score_column=args.score_column,
        group_column=args.group_column,
        lower_is_better=args.lower_is_better,
        references=(args.references or args.images) if full_reference else None,
        reference_column=args.reference_column,
    )


def full_reference_asked(args: argparse.Namespace) -> bool:
    """Whether the words ask for full-reference features."""
    return args.full_reference or args.references is not None or args.reference_column is not None


def other_ratings_of(args: argparse.Namespace, flag: str = "--test-on") -> "list[Ratings]":
    """Read what each ``WHAT=DIR`` of a flag names: a published set and its folder, or a CSV and its images.

    A CSV's columns and direction are found by their names; with full-reference features the references of a CSV are
    looked for in the folder of its images.

    Raises:
        ContriqueError: neither a set nor a CSV, or it cannot be read.
    """
    from contrique.evaluation.ratings import read_ratings

    full_reference = full_reference_asked(args)
    tests = []
    for word in getattr(args, flag.strip("-").replace("-", "_")) or []:
        what, _, folder = word.partition("=")
        if not what or not folder:
            args.parser.error(f"{flag} takes WHAT=DIR, a set or a CSV and its folder, not {word!r}")
        if dataset_name(what) is None and not Path(what).is_file():
            raise ContriqueError(f"{flag} {word}: {what} is no CSV, and no set among {', '.join(DATASETS)}")
        if dataset_name(what) is not None:
            tests.append(load_dataset(what, folder, references=full_reference))
        else:
            tests.append(read_ratings(what, images=folder, references=folder if full_reference else None))
    return tests


def cache_of(args: argparse.Namespace) -> "FeatureCache | None":
    """The feature cache that the words ask for."""
    from contrique.evaluation.cache import FeatureCache

    if args.no_cache and args.cache is not None:
        args.parser.error("--cache and --no-cache exclude each other")
    return None if args.no_cache else FeatureCache(args.cache)


def name_left_out(reasons: Mapping[str, str], total: int) -> None:
    """Say on standard error which images could not be used."""
    for path, reason in reasons.items():
        print(f"contrique: {path}: {reason}", file=sys.stderr)
    if reasons:
        print(f"contrique: {len(reasons)} of {total} images could not be read and were left out", file=sys.stderr)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as lines for people, without the place in the code that they come from."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        print(f"contrique: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
