"""``contrique export``: gives a trained model the ONNX graph that lets it score without torch."""

import argparse
import sys
import tempfile
from pathlib import Path

from contrique.learning import FEATURES

SUMMARY = "Make a trained model score without torch."

EPILOG = """\
Reads MODEL/encoder.safetensors and writes MODEL/encoder.onnx, a graph that takes its weights from that same file.
Needs the extra `learn`.

--int8 DIR makes an 8-bit graph of an encoder that is not fitted yet: about 1.5 times as fast on a CPU, with features a
little coarser. DIR holds some dozens of photographs without visible distortion, on which ranges are measured. Fit it
afterwards: 8-bit features are not the float ones.

--features and --scales choose what an encoder that is not fitted yet gives, and at which sizes, relative to the
image's, it sees it (default: as its card says; pretraining writes statistics and 1,0.5).

examples:
  contrique export runs/mine
  contrique export runs/mine --features blocks --scales 1 -o models/every-block
  contrique export runs/mine --int8 photos/ -o models/quick
  contrique export runs/mine -o models/mine        leaves runs/mine as it is
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument(
        "model", metavar="MODEL", help="a model folder, as written by pretrain or fit; or, with -o, one that ships"
    )
    parser.add_argument("--features", choices=FEATURES, help="which features it gives")
    parser.add_argument("--scales", type=_scales, metavar="S,S", help="at which scales it sees an image, largest first")
    parser.add_argument("--int8", metavar="DIR", help="make an 8-bit graph, with ranges from the photographs there")
    parser.add_argument("-o", "--output", metavar="DIR", help="put a copy of the model there and export that")


def run(args: argparse.Namespace) -> int:
    """Export one model and print the path of its graph.

    Raises:
        ContriqueError: the model cannot be exported so; what is at --output stays as it was.
        MissingExtra: torch or onnx is not installed.
    """
    from contrique.card import ENCODER_GRAPH
    from contrique.errors import ContriqueError, need

    for module in ("torch", "onnx"):
        need(module, "learn", "contrique export")
    from contrique.model import MODELS, QualityModel, check_free, model_folder

    folder = model_folder(args.model)
    if args.output is None:
        if args.model in MODELS:
            raise ContriqueError(f"{args.model}: ships with contrique and stays as it is; name a folder with -o")
        _export(folder, args)
        print(folder / ENCODER_GRAPH)
        return 0
    target = Path(args.output)
    check_free(target)  # before the work, not after it
    with tempfile.TemporaryDirectory() as scratch:
        copy = QualityModel.load(folder).save(Path(scratch) / "model")
        try:
            _export(copy, args)
        except ContriqueError as error:  # it speaks of the copy
            raise ContriqueError(str(error).replace(str(copy), str(folder))) from None
        QualityModel.load(copy).save(target)
    print(target / ENCODER_GRAPH)
    return 0


def _export(folder: Path, args: argparse.Namespace) -> None:
    """Change the model in a folder as the words say, and write its graph."""
    from contrique.learning.export import choose_features, export_onnx

    if args.features is not None or args.scales is not None:
        choose_features(folder, args.features, args.scales)
    export_onnx(folder)
    if args.int8 is not None:
        from contrique.finding import find_images
        from contrique.learning.quantise import quantise

        images = list(find_images([args.int8]))
        print(f"contrique: measuring ranges on {len(images)} photographs", file=sys.stderr)
        quantise(folder, images)


def _scales(word: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in word.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers with commas between, such as 1,0.5; got {word!r}") from None
