"""``contrique import-checkpoint``: a published network, and its regressor, made into a model folder."""

import argparse
import sys

from contrique.learning import FEATURES

SUMMARY = "Make a model of a published checkpoint."

EPILOG = """\
CHECKPOINT is the authors' CONTRIQUE_checkpoint25.tar; or any ResNet-50 with torchvision's tensors, from .pth, .pt, .tar
or .safetensors, under whatever prefix, or numbered in a Sequential; its classifier and other parts are left out and
named. Tensors alone are read, nothing in the file is executed. The word `imagenet` stands for the published weights of
--encoder efficientnet-lite0 or efficientnet-lite2.

--regressor is a pickled scikit-learn Ridge, as the authors publish them: LIVE.save, CSIQ.save, CLIVE.save, Koniq.save,
and LIVE_FR.save and CSIQ_FR.save, which score against a reference. Its arrays are read without unpickling; a file that
holds anything else is refused. Without it the model has features and no scores: fit it, or compare it with
`contrique evaluate --model MODEL` or `--resnet50 MODEL`.

Images are scored at the size they have, up to 16.8 megapixels. Needs the extra `learn`.

examples:
  contrique import-checkpoint CONTRIQUE_checkpoint25.tar --regressor LIVE.save -o models/contrique-live
  contrique import-checkpoint resnet50.pth -o models/resnet50
  contrique import-checkpoint trunk.pt --normalise none --features statistics -o models/trunk
  contrique import-checkpoint CONTRIQUE_checkpoint25.tar --regressor mine.save --higher-is-better \\
      --scale-min 1 --scale-max 5 -o models/mine
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="the published weights")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="the model folder to write")
    parser.add_argument("--regressor", metavar="FILE", help="a pickled scikit-learn Ridge for these features")
    parser.add_argument("--encoder", metavar="NAME", default="resnet50", help="whose weights they are (resnet50)")
    parser.add_argument(
        "--features",
        choices=FEATURES,
        default="last-mean",
        help="mean of the last stage, as in the paper, or mean and deviation at several depths, or of every block of "
        "an EfficientNet-Lite (last-mean)",
    )
    parser.add_argument(
        "--normalise",
        choices=("imagenet", "none"),
        help="what is taken out of the input (default: none for CONTRIQUE's release, imagenet for torchvision's names)",
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--lower-is-better", action="store_true", help="the regressor's ratings count so (as DMOS does)")
    way.add_argument("--higher-is-better", action="store_true", help="... or so (as MOS does)")
    parser.add_argument("--scale-min", type=float, metavar="R", help="the lower end of its ratings' scale")
    parser.add_argument("--scale-max", type=float, metavar="R", help="the upper end")
    parser.add_argument(
        "--full-reference", action="store_true", help="it was fitted to |reference − image| (known by a name in _FR)"
    )
    parser.add_argument("--name", metavar="NAME", help="the model's name (default: that of the folder)")
    parser.add_argument("--licence", metavar="TEXT", default="as its authors say", help="of the weights, for the card")


def run(args: argparse.Namespace) -> int:
    """Import and print the folder; what was left out and what the numbers mean go to standard error.

    Raises:
        ContriqueError: a file cannot be used, or something has to be said about it.
        MissingExtra: torch or onnx is not installed.
    """
    from contrique.errors import need

    told = args.lower_is_better or args.higher_is_better or args.full_reference
    if args.regressor is None and (told or args.scale_min is not None or args.scale_max is not None):
        args.parser.error("--lower-is-better, --higher-is-better, --scale-* and --full-reference are for --regressor")
    for module in ("torch", "onnx"):
        need(module, "learn", "contrique import-checkpoint")
    from contrique.learning.importing.folder import import_checkpoint

    model, checkpoint = import_checkpoint(
        args.checkpoint,
        args.output,
        encoder=args.encoder,
        features=args.features,
        normalise=args.normalise,
        regressor=args.regressor,
        name=args.name,
        licence=args.licence,
        lower_is_better=True if args.lower_is_better else False if args.higher_is_better else None,
        scale_min=args.scale_min,
        scale_max=args.scale_max,
        full_reference=args.full_reference or None,
    )
    for line in _lines(model.card, checkpoint.left_out):
        print(f"contrique: {line}", file=sys.stderr)
    print(args.output)
    return 0


def _lines(card: dict, left_out: dict[str, int]) -> list[str]:
    """What the user should know."""
    origin, encoder, about = card["training"]["origin"], card["encoder"], card.get("regressor")
    lines = [f"{origin}: {encoder['name']}, {'ImageNet' if 'mean' in encoder else 'no'} mean and deviation taken out"]
    if left_out:
        parts = ", ".join(f"{name} ({count} tensor{'s' * (count > 1)})" for name, count in left_out.items())
        lines.append(f"left out, no part of the encoder: {parts}")
    if about:
        against = "against a reference, " if about["full_reference"] else ""
        lines.append(f"raw numbers: {against}{about['ratings']}, {about['direction']}; {about['scale']}")
    return lines
