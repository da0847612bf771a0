"""``contrique export``: gives a trained model the ONNX graph that lets it score without torch."""

import argparse

SUMMARY = "Make a trained model score without torch."

EPILOG = """\
Reads MODEL/encoder.safetensors and writes MODEL/encoder.onnx, a graph that takes its weights from that same file.
Needs the extra `learn`.

examples:
  contrique export runs/mine
  contrique export runs/mine -o models/mine        leaves runs/mine as it is
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="a model folder, as written by pretrain or fit")
    parser.add_argument("-o", "--output", metavar="DIR", help="put a copy of the model there and export that")


def run(args: argparse.Namespace) -> int:
    """Export one model and print the path of its graph."""
    from contrique.errors import need

    for module in ("torch", "onnx"):
        need(module, "learn", "contrique export")
    from contrique.learning.export import export_onnx
    from contrique.model import QualityModel

    folder = args.model
    if args.output is not None:
        folder = QualityModel.load(folder, engine="torch").save(args.output)
    print(export_onnx(folder))
    return 0
