"""``contrique pretrain``: an encoder learned from photographs that nobody has rated."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contrique.learning.recipe import Recipe

SUMMARY = "Learn an encoder from unrated photographs, as a recipe says."

EPILOG = """\
Writes into DIR: recipe.json (the recipe as carried out, with versions), log.jsonl (one line a step: step, loss, lr,
views_per_second, data_wait), probe.jsonl (if the recipe has a [probe]: how well a linear probe tells distortion type
and level on held-out images, and how often the nearest of other images is of the same class), tensorboard/ (both, for
`tensorboard --logdir DIR`), broken.csv (images that could not be used, if any), checkpoints/ (the newest three, and the
first ones from a quarter, half and three quarters of the run on) and, at the end, encoder/: a model folder to give to
`contrique fit`. Ctrl-C or SIGTERM stops after the step at hand, with a checkpoint; --resume goes on from the newest
whole checkpoint, also after kill -9 or a full disk, to the same weights as a run that was never stopped. Exit status:
0 finished, 1 stopped by an error, 128 + the signal's number stopped by a signal. --dry-run tries a few steps and prints
to stdout what would be trained, from which images, how long it will take and how much memory. Needs the extra `learn`.

examples:
  contrique pretrain recipes/quick.toml --dry-run
  contrique pretrain recipes/quick.toml -o runs/quick
  contrique pretrain recipes/quick.toml -o runs/quick --resume
  contrique pretrain recipes/quick.toml -o runs/mine --data ~/photographs --steps 50
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("recipe", metavar="RECIPE", help="a TOML file, see recipes/")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the run; needed but for --dry-run")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--resume", action="store_true", help="go on from the newest checkpoint in DIR; start if there is none"
    )
    how.add_argument(
        "--dry-run",
        action="store_true",
        help="try a few steps (a minute or two), print what the run would be, and leave no file; exit status 1 if it "
        "needs more memory than is free",
    )
    parser.add_argument(
        "--data", metavar="DIR", help="folder that the recipe's sources lie in (default: the recipe's own)"
    )
    parser.add_argument("--steps", type=int, metavar="N", help="length of the run instead of the recipe's")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that make views instead of the recipe's")


def run(args: argparse.Namespace) -> int:
    """Train, and print the folder of the encoder.

    Returns:
        0 when the run is finished, 128 + the signal's number when a signal stopped it; 1 when a dry run finds that it
        does not fit into memory.
    """
    from contrique.errors import need

    if not (args.output or args.dry_run):
        args.parser.error("the folder of the run is missing: -o DIR (or --dry-run, to look what it would be)")
    for module in ("torch", "cv2", "scipy"):
        need(module, "learn", "contrique pretrain")
    from contrique.learning.pretrain import pretrain
    from contrique.learning.recipe import read_recipe

    words = {"steps": args.steps, "workers": args.workers}
    replaced = {key: value for key, value in words.items() if value is not None}
    recipe = read_recipe(args.recipe, data=args.data, **replaced)
    if args.dry_run:
        return _dry_run(recipe)
    outcome = pretrain(recipe, args.output, resume=args.resume)
    if outcome.rank:  # another process of this run speaks for all
        return 128 + outcome.signal if outcome.signal else 0
    if outcome.unusable:
        print(f"contrique: {outcome.unusable} images could not be used, see broken.csv", file=sys.stderr)
    if outcome.finished:
        print(outcome.encoder)
        return 0
    print(f"contrique: stopped after step {outcome.step} of {recipe.run.steps}; go on with --resume", file=sys.stderr)
    return 128 + outcome.signal if outcome.signal else 0


def _dry_run(recipe: "Recipe") -> int:
    """Print what a recipe would do."""
    from contrique.learning.run.plan import dry_run

    plan = dry_run(recipe)
    if not plan.rank:
        print(plan.text)
    return 0 if plan.fits else 1
