"""How good is a model? Agreement with people, robustness, failures, bias and speed, as one table and one JSON.

    python benchmarks/judge.py MODEL... --ratings CSV --images DIR [--ratings CSV --images DIR ...]
        [--aside SEED [--final]] [--parts agreement,robustness,...] [--categories FILE] [--json FILE] [--write-card]

MODEL is a folder, the name of a shipped model, or one of both with features of another kind ("runs/mine@last-mean"), or
an encoder's ImageNet weights ("efficientnet-lite0@statistics"). Features are cached, so a second run is quick.

agreement    within each set `--splits` random splits by content, the model's features with ridge as in the paper;
             across sets, fitted to one and tested on another; and the model's own scores as they are. Medians
             [10th, 90th percentile] over splits or draws; of a single fit over 999 resamples of the groups tested
             on (agreement.py)
robustness   how far its own scores move when photographs of the first set are changed in ways people hardly see
failures     the images of the first set that held-out predictions (ten folds by group) get most wrong
bias         errors of the same predictions by content and look (bias.py)
speed        against a ResNet-50, and the size on disk (timing.py)

--aside SEED leaves a tenth of each set's groups, at least two, out of everything (drawn in the order of the sets from
one generator, so name the sets in the same order). With --final agreement is that of the images set aside and no
others, each model fitted once to the rest: for the report at the very end. A model whose encoder has learned from the
first set's ratings has no held-out predictions there but these: its failures and bias are of the images set aside.

--write-card puts what was measured into the models' cards. Agreement is added to what a card has of other kinds.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import bias
import numpy as np
import timing
from agreement import agreement, final, held_out

import contrique
from contrique.card import ENCODER_WEIGHTS, add_parts, read_card
from contrique.evaluation.failures import largest_errors
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.evaluation.robustness import robustness
from contrique.evaluation.splits import set_aside
from contrique.images import Preprocessing

VERSIONS = ("contrique", "numpy", "onnxruntime", "torch", "pillow")
PARTS = ("agreement", "robustness", "failures", "bias", "speed")


def opened(word: str, place: Path) -> Any:
    """The model that a word means; one that has to be made is made in a folder of its own below ``place``."""
    name, _, kind = word.partition("@")
    if not kind:
        return contrique.load(name)
    from contrique.learning.encoders import ENCODERS, build
    from contrique.learning.export import export_onnx, save_encoder

    if name in ENCODERS:
        encoder, options = build(name, "imagenet"), {}
    else:
        folder = contrique.load(name).folder
        card = read_card(folder)
        encoder = build(card["encoder"]["name"], str(folder / ENCODER_WEIGHTS))
        options = {"preprocessing": Preprocessing.from_dict(card["preprocessing"])}
    folder = place / word.replace("/", "_")
    save_encoder(encoder.eval(), folder, name=word, training={}, features=kind, **options)
    export_onnx(folder)
    return contrique.load(folder)


def judged(model: Any, rests: Sequence[Ratings], asides: Sequence[Ratings], args: argparse.Namespace) -> dict[str, Any]:
    """The parts of one model but its speed, as its card takes them."""
    found: dict[str, Any] = {}
    first = rests[0]
    if "agreement" in args.parts:
        found["agreement"] = final(model, rests, asides) if args.final else agreement(model, rests, args.splits)
    if "robustness" in args.parts and model.card.get("regressor"):
        sample = np.random.default_rng(0).permutation(len(first))[: args.sample]
        measured = robustness(model, [first.paths[at] for at in sorted(sample)], progress=True)
        found["robustness"] = {"ratings": first.source, **measured}
    held = held_out(model, rests, asides) if {"failures", "bias"} & set(args.parts) else None
    if held is not None:
        ratings, predicted_N, how = held
        about = {"ratings": ratings.source, "protocol": how, "images": len(ratings)}
        if "failures" in args.parts:
            worst = largest_errors(ratings.names, predicted_N, ratings.scores, lower_is_better=ratings.lower_is_better)
            found["failures"] = {**about, **worst}
        if "bias" in args.parts:
            known = bias.categories(ratings, args.categories)
            found["bias"] = {**about, "by": bias.bias(predicted_N, ratings, known)}
    return found


def spread(row: dict[str, Any], name: str) -> str:
    """A correlation with its percentiles."""
    median, low, high = (f"{row[name + end]:.3f}".replace("0.", ".", 1) for end in ("", "_low", "_high"))
    return f"{median} [{low}, {high}]"


def report(found: dict[str, Any]) -> str:
    """The parts of one model as Markdown."""
    text = [f"\n## {found['model']} ({found['dim']} features, {found['megabytes']:.1f} MB)\n"]
    if "agreement" in found:
        text += ["| set | images | how | SROCC | PLCC |", "| --- | --- | --- | --- | --- |"]
        for row in found["agreement"]:
            pair = " | ".join(spread(row, name) for name in ("srocc", "plcc"))
            text.append(f"| {row['set']} | {row['images']} | {row['how']} | {pair} |")
    if "robustness" in found:
        about = found["robustness"]
        text.append(f"\n{about['images']} images of {about['ratings']}, scores deviate by {about['deviation']:.1f}\n")
        text.append("| change | shift, median | 95th percentile | bias | median by deviation |")
        text.append("| --- | --- | --- | --- | --- |")
        for row in about["shifts"]:
            shares = f"{row['median']:.2f} | {row['p95']:.2f} | {row['bias']:+.2f} | {row['share']:.1%}"
            text.append(f"| {row['change']} | {shares.replace('-', '−')} |")
    for kind in ("overrated", "underrated"):
        if "failures" in found:
            images = [f"{one['name']} ({one['rated']:g}, {one['predicted']:g})" for one in found["failures"][kind]]
            text.append(f"\n{kind} most (rated, predicted): {', '.join(images)}")
    if "bias" in found:
        text += ["", bias.table(found["bias"]["by"])]
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--ratings", action="append", required=True, type=Path)
    parser.add_argument("--images", action="append", required=True, type=Path)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--sample", type=int, default=100, help="photographs for robustness")
    parser.add_argument("--rounds", type=int, default=3, help="of timing")
    parser.add_argument("--aside", type=int, metavar="SEED")
    parser.add_argument("--final", action="store_true", help="agreement on the images set aside")
    parser.add_argument("--parts", default=PARTS, type=lambda words: words.split(","), help=",".join(PARTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--categories", type=Path, help="a JSON that keeps the categories of the first set's images")
    parser.add_argument("--write-card", action="store_true")
    args = parser.parse_args()
    if args.final and args.aside is None:
        parser.error("--final needs --aside SEED")
    if set(args.parts) - set(PARTS) or len(args.ratings) != len(args.images):
        parser.error(f"--parts takes some of {', '.join(PARTS)}, and each --ratings an --images")
    sets = [read_ratings(csv, images=images) for csv, images in zip(args.ratings, args.images, strict=True)]
    rng = np.random.default_rng(args.aside)
    away = [np.zeros(len(one), bool) if args.aside is None else set_aside(one.groups, rng) for one in sets]
    rests = [one.only(~away_N) for one, away_N in zip(sets, away, strict=True)]
    asides = [one.only(away_N) for one, away_N in zip(sets, away, strict=True) if away_N.any()]
    installed = {name for names in packages_distributions().values() for name in names}
    versions = {name: version(name) for name in VERSIONS if name in installed}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(machine, *(f"{name} {number}" for name, number in versions.items()), sep=", ")
    print("; ".join(f"{one.source}: {len(one)} images" for one in rests), end="")
    print(f", and set aside {', '.join(str(len(one)) for one in asides)}" if asides else "")
    if "bias" in args.parts and args.categories is not None:
        bias.categories(sets[0], args.categories)  # of all images, whichever are judged
    results = []
    with tempfile.TemporaryDirectory() as place:
        models = {word: opened(word, Path(place)) for word in args.models}
        for word, model in models.items():
            size = sum(file.stat().st_size for file in model.folder.iterdir()) / 1e6
            found = {"model": model.name, "word": word, "digest": model.digest, "dim": model.dim, "megabytes": size}
            parts = judged(model, rests, asides, args)
            results.append(found | parts)
            print(report(results[-1]), flush=True)
            if args.write_card:
                add_parts(model.folder, parts)
        folders = {word: str(model.folder) for word, model in models.items()}
        times = timing.speed(folders, args.rounds) if "speed" in args.parts else []
    for word, model in models.items() if args.write_card and times else ():
        add_parts(model.folder, {"speed": timing.for_card(times, word, machine)})
    if times:
        print(f"\n{timing.table(times)}")
    if args.json:
        about = {"machine": machine, "versions": versions, "aside": args.aside, "final": args.final}
        args.json.write_text(json.dumps({**about, "models": results, "speed": times}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
