"""``contrique score``: photographs in, one row each out."""

import argparse
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.baselines import METHODS, load_baseline
from contrique.cli.output import (
    COLUMNS,
    DISTORTION_COLUMNS,
    FORMATS,
    LISTING,
    METHOD_COLUMNS,
    Row,
    Writer,
    choose_format,
    open_writer,
    readable,
)
from contrique.errors import ContriqueError, ModelError

if TYPE_CHECKING:
    from contrique.baselines.baseline import Baseline
    from contrique.model import QualityModel
    from contrique.result import Score
    from contrique.scoring import Scorer

SUMMARY = "Score photographs from 0 to 100."

PROGRESS_AFTER_SECONDS = 2.0
"""Work that is done sooner shows no progress bar."""

EPILOG = """\
A row has the columns path, score, low, high, error and model. The interval from low to high covers the opinion of
people as often as the model's card says (see `contrique info`). A file that cannot be scored is a row with an error;
the others are scored all the same, and the exit status is then 1.

--method brisque, niqe, cornia or hosa scores with that published method instead, also from 0 to 100, higher is better.
Rows then have a seventh column, raw: the method's own number, lower is better (NIQE: a distance, from 0 upwards,
photographs have about 2 to 10; the others: DMOS, about 0 to 100). NIQE has no interval, nor has a method by its
authors' files. --parameters DIR scores with those, if it has brisque_allmodel.libsvm and brisque_allrange.txt, or
niqe_modelparameters.mat, or hosa_codebook_hosa.mat, hosa_whitening_param.mat and hosa_hosa_live_model.mat.
--method hyperiqa ships no network: --parameters DIR is one trained on rated images (see docs/hyperiqa.md); raw is then
a rating like theirs.

--distortions adds the columns distortion, distortion_level and distortion_probability: which of 25 distortions the
image most likely has, or none; how strong, from 1 to 5; and how likely, from 0 to 1. JSON and JSON Lines have all 26 in
a further column, distortions. The model must have a probe (`contrique info` tells; `contrique probe` makes one).

--map DIR also draws where each image looks bad, as DIR/photo.jpg.map.jpg (docs/maps.md); DIR is made where it is
missing, with the folders that the images lie in below the one that holds them all. It takes about four times as long.

Without -o and --format the rows are a table on a terminal and CSV into a pipe. CSV and JSON Lines are written row by
row; JSON and Parquet at the end, also after Ctrl-C. Parquet needs the extra `parquet`.

examples:
  contrique score photo.jpg
  contrique score holiday/ portraits/*.jpg -o scores.csv
  contrique score 'holiday/**/*.png' --format jsonl
  contrique score holiday/ --method niqe -o niqe.json
  contrique score holiday/ --distortions -o why.csv
  contrique score holiday/ --map maps/
  find . -name '*.jpg' -mtime -1 -print0 | contrique score - --null
  contrique score holiday/ | tail -n +2 | sort -t, -k2,2g | head -5      the five worst
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, a folder (with all below it), a quoted glob such as 'a/**/*.jpg', or - for a list of paths "
        "on standard input, one a line",
    )
    parser.add_argument(
        "-m",
        "--model",
        metavar="DIR",
        help="a model folder, or a model that ships: default or accurate (a folder called so is ./default)",
    )
    parser.add_argument(
        "--method",
        choices=("contrique", *METHODS),
        default="contrique",
        help="another published method than contrique",
    )
    parser.add_argument(
        "--parameters", metavar="DIR", help="that method's official files (default: the parameters that are shipped)"
    )
    parser.add_argument("--distortions", action="store_true", help="tell which distortion each image most likely has")
    parser.add_argument("--map", metavar="DIR", help="draw there where each image looks bad, one picture an image")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the rows there: .csv .json .jsonl .parquet .txt")
    parser.add_argument("-f", "--format", choices=FORMATS, help="say the format instead of leaving it to the ending")
    parser.add_argument("-0", "--null", action="store_true", help="a NUL ends each path on standard input")
    parser.add_argument(
        "--max-pixels", type=_pixels, metavar="N", help="refuse images of more pixels than this, before decoding them"
    )


def run(args: argparse.Namespace) -> int:
    """Score what the words name.

    Returns:
        0 if every image was scored, else 1.

    Raises:
        ContriqueError: no image was named at all, or the model cannot score.
        OSError: the output cannot be written.
    """
    try:
        kind = choose_format(args.format, args.output, sys.stdout.isatty())
    except ContriqueError as error:
        args.parser.error(str(error))
    if args.method == "contrique" and args.parameters is not None:
        others = ", ".join(METHODS)
        args.parser.error(f"--parameters is for --method {others}; a model of contrique is named with --model")
    if args.method != "contrique" and args.model is not None:
        args.parser.error(f"--model is for contrique; {args.method} takes --parameters")
    if args.method != "contrique" and args.distortions:
        args.parser.error(f"--distortions is for contrique; {args.method} tells none")
    if args.method != "contrique" and args.map is not None:
        args.parser.error(f"--map is for contrique; {args.method} has no map")
    paths, complete = _find(args.paths, args.null)

    model = _load_baseline(args.method, args.parameters) if args.method in METHODS else _load_model(args.model)
    limit = {} if args.max_pixels is None else {"max_pixels": args.max_pixels}
    columns: tuple[str, ...] = METHOD_COLUMNS if args.method in METHODS else COLUMNS
    if args.distortions:
        columns += (*DISTORTION_COLUMNS, *(("distortions",) if kind in LISTING else ()))
        if getattr(model, "probe", None) is None:
            raise ModelError(f"{model.name} tells no distortions: it has no probe, which contrique probe makes")
    scores = _scores(model, paths, args.map, limit)
    with open_writer(kind, args.output, columns) as writer:
        failed = _write_rows(scores, len(paths), writer, model, args.output, distortions=args.distortions)
    if failed:
        print(f"contrique: {failed} of {len(paths)} images could not be scored", file=sys.stderr)
    return 0 if complete and not failed else 1


def _scores(model: "Scorer", paths: list[str], folder: str | None, limit: dict[str, int]) -> "Iterator[Score]":
    """Scores as they come; a map of each image is drawn below ``folder`` on the way, if there is one."""
    from contrique.model import QualityModel

    if folder is not None and isinstance(model, QualityModel):
        from contrique.quality_map.files import map_stream

        return map_stream(model, paths, Path(folder), **limit)
    from contrique.scoring import score_stream

    return score_stream(model, paths, **limit)


def _load_baseline(method: str, parameters: str | None) -> "Baseline":
    baseline = load_baseline(method, parameters)
    baseline.check_scores()
    return baseline


def _load_model(folder: str | None) -> "QualityModel":
    from contrique.model import QualityModel

    model = QualityModel.load(folder)
    if not model.card.get("regressor"):
        raise ModelError(f"{model.name} gives features but no scores yet: fit it to ratings with contrique fit")
    if model.full_reference:
        raise ModelError(
            f"{model.name} scores an image against its reference, in Python: model.score(image, reference)"
        )
    return model


def _find(words: list[str], null: bool) -> tuple[list[str], bool]:
    """All images that the words name, in order, and whether every word named at least one."""
    from contrique.images import find_images

    complete = True
    found: list[str] = []
    for word in words:
        here = list(find_images(_standard_input(null) if word == "-" else [word]))
        if not here:
            complete = False
            place = "standard input" if word == "-" else readable(word)
            print(f"contrique: warning: no images in {place}", file=sys.stderr)
        found += here
    if not found:
        raise ContriqueError("nothing to score: none of the paths names an image")
    return found, complete


def _standard_input(null: bool) -> list[str]:
    names = sys.stdin.buffer.read().split(b"\0" if null else b"\n")
    return [os.fsdecode(name if null else name.removesuffix(b"\r")) for name in names if name.strip()]


def _write_rows(
    scores: "Iterator[Score]", total: int, writer: Writer, model: "Scorer", file: str | None, *, distortions: bool
) -> int:
    """Write the rows as they come and count the failed; a progress bar shows where the rows do not."""
    rows_show = file is None and sys.stdout.isatty()
    if sys.stderr.isatty() and not rows_show:
        from tqdm import tqdm

        scores = tqdm(scores, total=total, unit="image", delay=PROGRESS_AFTER_SECONDS, file=sys.stderr)
    failed = 0
    for score in scores:
        failed += score.error is not None
        row = as_row(score, model.name)
        writer.write(with_distortions(row, score) if distortions else row)
    return failed


def as_row(score: "Score", model: str) -> Row:
    """One row of the output: numbers rounded to six decimals, None in place of a number that is not one."""
    value, low, high, raw = (_rounded(x) for x in (score.value, score.low, score.high, score.raw))
    error = None if score.error is None else readable(score.error)
    path = readable(score.path)
    return {"path": path, "score": value, "low": low, "high": high, "error": error, "model": model, "raw": raw}


def with_distortions(row: Row, score: "Score") -> Row:
    """The row with the columns that tell distortions; None for an image that could not be scored."""
    found = [(one.name, _rounded(one.level), _rounded(one.probability)) for one in score.distortions]
    row["distortion"], row["distortion_level"], row["distortion_probability"] = found[0] if found else (None,) * 3
    listed = [{"name": name, "level": level, "probability": probability} for name, level, probability in found]
    row["distortions"] = listed or None
    return row


def _rounded(number: float) -> float | None:
    return None if math.isnan(number) else round(float(number), 6)


def _pixels(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of pixels is expected, not {word!r}")
    return int(word)
