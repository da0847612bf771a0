"""What did pretraining add? Start weights against pretrained ones, for both kinds of features, on rated images.

    python benchmarks/features.py ENCODER --start efficientnet-lite0 --ratings scores.csv --images DIR [...]

ENCODER is a model folder with pretrained weights; --start names the encoder whose ImageNet weights it started from.
``last-mean`` is the paper's feature (mean of the last stage, L2-normalised), ``statistics`` the mean and deviation at
several depths. All rows see the same splits; features are cached, so a second run is quick. Repeat --ratings and
--images for more sets.
"""

import argparse
import tempfile
from pathlib import Path

import contrique
from contrique.card import ENCODER_WEIGHTS, read_card
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.contenders import contenders
from contrique.evaluation.ratings import read_ratings
from contrique.evaluation.report import text_table
from contrique.evaluation.table import measure
from contrique.learning.encoders import build
from contrique.learning.export import export_onnx, save_encoder
from contrique.learning.features import KINDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--start", required=True, help="an encoder's name, for its ImageNet weights")
    parser.add_argument("--ratings", action="append", required=True, type=Path)
    parser.add_argument("--images", action="append", required=True, type=Path)
    args = parser.parse_args()
    name = read_card(args.encoder)["encoder"]["name"]
    with tempfile.TemporaryDirectory() as folder:
        models = []
        for weights, encoder in (
            ("start", build(args.start, "imagenet")),
            ("pretrained", build(name, str(args.encoder / ENCODER_WEIGHTS))),
        ):
            for kind in reversed(KINDS):
                target = Path(folder) / f"{weights}-{kind}"
                save_encoder(encoder.eval(), target, name=f"{weights}, {kind}", training={}, features=kind)
                export_onnx(target)
                models.append(contrique.load(target))
        for ratings, images in zip(args.ratings, args.images, strict=True):
            rows = contenders(["contrique"], models=models)
            result = measure(read_ratings(ratings, images=images), rows, cache=FeatureCache(), progress=True)
            print(text_table(result))


if __name__ == "__main__":
    main()
