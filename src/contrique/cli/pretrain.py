"""``contrique pretrain``: an encoder learned from photographs that nobody has rated."""

import argparse
import sys

SUMMARY = "Learn an encoder from unrated photographs, as a recipe says."

EPILOG = """\
Writes into DIR: recipe.json (the recipe as carried out, with versions), log.jsonl (one line a step: step, loss, lr,
views_per_second, data_wait), checkpoints/ (the newest three) and, at the end, encoder/: a model folder to give to
`contrique fit`. Ctrl-C or SIGTERM stops after the step at hand, with a checkpoint; --resume goes on to the same weights
as a run that was never stopped. Needs the extra `learn`.

examples:
  contrique pretrain recipes/quick.toml -o runs/quick
  contrique pretrain recipes/quick.toml -o runs/quick --resume
  contrique pretrain recipes/quick.toml -o runs/mine --data ~/photographs --steps 50
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("recipe", metavar="RECIPE", help="a TOML file, see recipes/")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in DIR")
    parser.add_argument(
        "--data", metavar="DIR", help="folder that the recipe's sources lie in (default: the recipe's own)"
    )
    parser.add_argument("--steps", type=int, metavar="N", help="length of the run instead of the recipe's")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that make views instead of the recipe's")


def run(args: argparse.Namespace) -> int:
    """Train, and print the folder of the encoder.

    Returns:
        0 when the run is finished, 128 + the signal's number when a signal stopped it.
    """
    from contrique.errors import need

    for module in ("torch", "cv2", "scipy"):
        need(module, "learn", "contrique pretrain")
    from contrique.learning.pretrain import pretrain
    from contrique.learning.recipe import read_recipe

    words = {"steps": args.steps, "workers": args.workers}
    replaced = {key: value for key, value in words.items() if value is not None}
    recipe = read_recipe(args.recipe, data=args.data, **replaced)
    outcome = pretrain(recipe, args.output, resume=args.resume)
    if outcome.rank:  # another process of this run speaks for all
        return 128 + outcome.signal if outcome.signal else 0
    if outcome.broken:
        print(f"contrique: {len(outcome.broken)} images could not be used and were left out", file=sys.stderr)
    if outcome.finished:
        print(outcome.encoder)
        return 0
    print(f"contrique: stopped after step {outcome.step} of {recipe.run.steps}; go on with --resume", file=sys.stderr)
    return 128 + outcome.signal if outcome.signal else 0
