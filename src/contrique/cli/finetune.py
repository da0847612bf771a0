"""``contrique finetune``: rated images in, a model out whose encoder, too, has learned from them."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contrique.cli.ratings import (
    add_ratings_arguments,
    cache_of,
    full_reference_asked,
    name_left_out,
    plain_warnings,
    ratings_of,
)

if TYPE_CHECKING:
    from contrique.model import QualityModel

SUMMARY = "Tune an encoder on your own ratings, and fit a model."

EPILOG = """\
`contrique fit` leaves the encoder as it is and takes a minute; this moves the encoder's weights as well, in small
steps, and takes hours without a GPU. It is for a thousand rated images or more that are like those to be scored.
A part of the images (--validation, whole groups) is not trained on: it chooses the epoch and measures agreement, which
is printed next to that of the frozen encoder. If it is no better, `contrique fit` is the better choice.

MODEL.run/ beside the model holds log.jsonl (a line a step and an epoch), checkpoints and the best epoch's weights.
Ctrl-C or SIGTERM stops after the step at hand, with a checkpoint; the same words with --resume go on, also after
kill -9, to the same weights as a run that was never stopped. When the model is written, only log.jsonl stays. Exit
status: 0 finished, 1 an image or the run failed, 128 + the signal's number stopped. Needs the extra `learn`.

examples:
  contrique finetune scores.csv --images photos/ -o tuned
  contrique finetune scores.csv --images photos/ -m mine -o tuned --epochs 5 --about "our panel, 2026, CC BY 4.0"
  contrique finetune scores.csv --images photos/ -o tuned --resume
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    add_ratings_arguments(parser)
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model folder to write")
    parser.add_argument(
        "-m", "--model", metavar="DIR", help="whose encoder is tuned: a folder, default or accurate (default: default)"
    )
    parser.add_argument("--name", help="what the model calls itself (default: the folder's name)")
    parser.add_argument("--about", metavar="TEXT", help="whose ratings they are and under which licence, for the card")
    parser.add_argument("--scale-min", type=float, metavar="X", help="least possible rating (default: as found)")
    parser.add_argument("--scale-max", type=float, metavar="X", help="greatest possible rating (default: as found)")
    parser.add_argument(
        "--interval", type=float, default=0.8, metavar="SHARE", help="how often the interval is right (default: 0.8)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in MODEL.run")
    how = parser.add_argument_group("how to tune")
    how.add_argument("--epochs", type=int, default=3, metavar="N", help="how often each image is seen (default: 3)")
    how.add_argument("--batch", type=int, default=8, metavar="N", help="crops a step (default: 8)")
    how.add_argument("--crop", type=int, default=256, metavar="PX", help="side of a crop (default: 256)")
    how.add_argument("--lr", type=float, default=1e-4, metavar="X", help="peak rate of the last layer (default: 1e-4)")
    how.add_argument(
        "--frozen", type=float, default=0.2, metavar="SHARE", help="first layers that stay as they are (default: 0.2)"
    )
    how.add_argument(
        "--correlation", type=float, default=0.5, metavar="X", help="weight of 1 - PLCC in the loss (default: 0.5)"
    )
    how.add_argument(
        "--validation", type=float, default=0.15, metavar="SHARE", help="images not trained on (default: 0.15)"
    )
    how.add_argument("--seed", type=int, default=0, metavar="N", help="of split, order and crops (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Tune, write, and say what came out.

    Returns:
        0; 1 where images that are there could not be read; 128 + the signal's number when a signal stopped it.

    Raises:
        ContriqueError: the ratings cannot be used, the output is something else than a model, or a run lies there.
    """
    from contrique.errors import ContriqueError, need

    cache = cache_of(args)
    if not 0 < args.interval < 1:
        args.parser.error(f"--interval is a share between 0 and 1, not {args.interval:g}")
    if full_reference_asked(args):
        args.parser.error("an encoder is tuned without references; fit the tuned model to them with contrique fit")
    for module in ("torch", "onnx", "scipy"):
        need(module, "learn", "contrique finetune")
    from contrique.learning.run.durable import sole_user
    from contrique.learning.tuning.fitted import finetune
    from contrique.learning.tuning.settings import Settings
    from contrique.learning.tuning.tune import BEST, CHECKPOINTS
    from contrique.model import QualityModel, check_free

    words = ("epochs", "batch", "crop", "lr", "frozen", "correlation", "validation", "seed")
    settings = Settings(**{word: getattr(args, word) for word in words})
    target = Path(args.output)
    check_free(target)
    state = target.with_name(f"{target.resolve().name}.run")
    if (state / CHECKPOINTS).exists() and not args.resume:
        raise ContriqueError(f"{state}: holds a run already; go on with it (--resume) or remove it")
    with plain_warnings():
        ratings = ratings_of(args)
        start = QualityModel.load(args.model)
        state.mkdir(parents=True, exist_ok=True)
        with sole_user(state):
            result = finetune(
                ratings,
                start,
                target,
                settings,
                name=args.name or target.resolve().name,
                run=state,
                about=args.about,
                level=args.interval,
                scale_min=args.scale_min,
                scale_max=args.scale_max,
                cache=cache,
                progress=True,
            )
    name_left_out({str(ratings.paths[at]): result.left_out[at] for at in sorted(result.left_out)}, len(ratings))
    if result.model is None:
        print(f"contrique: stopped after step {result.run.steps}; go on with --resume", file=sys.stderr)
        return 128 + (result.run.signal or 0)
    shutil.rmtree(state / CHECKPOINTS)
    (state / BEST).unlink()
    print("\n".join(summary(result.model, target)))
    return 1 if result.left_out else 0


def summary(model: "QualityModel", target: Path) -> list[str]:
    """What a person wants to know afterwards, line by line."""
    from contrique.cli.fit import summary as fitted

    frozen, tuned = model.card["training"]["frozen_srocc"], model.card["agreement"]["srocc"]
    lines = fitted(model, target)
    lines.insert(2, f"  of the encoder as it was           SROCC {frozen:.3f}")
    if tuned <= frozen:
        lines.append("  tuning did not help: contrique fit gives as good a model")
    return lines
