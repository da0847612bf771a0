"""What do photographs that nobody rated, and resized copies, add to a fit? (`contrique fit --pristine --resized`)

    python benchmarks/pairs.py MODEL... --ratings CSV --images DIR --ratings CSV --images DIR --aside SEED
        --pristine DIR [--list CSV] [--licence NAME ...] [--final] [--json FILE]

Fitted to the first set without what --aside leaves out, by ratings alone, with ordered pairs, with resized copies, and
with both. Columns: SROCC of predictions held out by ten folds of groups; SROCC on the second set; of pairs made of
photographs held out, the share in order; and how far predictions move, in points of 100, when photographs that were set
aside are enlarged by 10 and by 25 %, shrunk by 25 %, and saved at quality 95 (median size of the shift). --final adds
SROCC on what was set aside of the first set. Features are cached, except those of changed photographs.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from agreement import features

import contrique
from contrique.cli.photographs import photographs_of
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.correlation import srocc
from contrique.evaluation.joint import fit_joint
from contrique.evaluation.pairs import Pairs
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.evaluation.resized import resized_pairs
from contrique.evaluation.robustness import CHANGES
from contrique.evaluation.splits import set_aside
from contrique.images import read_image
from contrique.learning.ordering import ordered_pairs

SHOWN = ("enlarged 10 %", "enlarged 25 %", "shrunk 25 %", "JPEG quality 95")
PHOTOGRAPHS = 60


def changed(model: Any, ratings: Ratings) -> np.ndarray:
    """Features of some images as they are and changed: (images, 1 + changes, D)."""
    chosen = np.random.default_rng(0).permutation(len(ratings))[:PHOTOGRAPHS]
    rows = []
    for path in (ratings.paths[index] for index in chosen):
        image_HWC = read_image(path)
        rows.append(model.features_of([image_HWC, *(CHANGES[name](image_HWC) for name in SHOWN)]))
    return np.array(rows)


def measured(model: Any, sets: list[Ratings], aside: list[np.ndarray], photographs: list[Path]) -> dict[str, Any]:
    """The four fits of one model."""
    first, second = (one.only(~out) for one, out in zip(sets, aside, strict=True))
    kept = sets[0].only(aside[0])
    first_ND, second_ND, kept_ND = features(model, first), features(model, second), features(model, kept)
    ordered, _ = ordered_pairs(model, photographs, cache=FeatureCache(), progress=True)
    copies = resized_pairs(model, first, first_ND, cache=FeatureCache(), progress=True)
    changed_NCD = changed(model, kept)
    points = 100 / (sets[0].scores.max() - sets[0].scores.min())
    sign = -1 if first.lower_is_better != second.lower_is_better else 1
    rows = {}
    fits = {"ratings alone": [], "ordered pairs": [ordered], "resized copies": [copies], "both": [ordered, copies]}
    for name, parts in fits.items():
        pairs = Pairs.joined(parts).drawn(0).for_ratings(first.lower_is_better) if parts else None
        joint = fit_joint(first_ND, first.scores, first.groups, np.zeros(len(first), dtype=int), pairs=pairs)
        regressor = joint.fit.regressor
        if name in ("ordered pairs", "both"):
            order = joint.paired.order_kept()[1]
        else:
            order = np.mean(ordered.for_ratings(first.lower_is_better).differences_MD @ regressor.coef_D > 0)
        score_NC = regressor.predict(changed_NCD)
        shifts_C = points * np.median(np.abs(score_NC[:, 1:] - score_NC[:, :1]), axis=0)
        numbers = {
            "held out": srocc(joint.fit.held_out_N, first.scores),
            "second set": sign * srocc(regressor.predict(second_ND), second.scores),
            "order": order,
            **dict(zip(SHOWN, shifts_C, strict=True)),
            "set aside": srocc(regressor.predict(kept_ND), kept.scores),
        }
        rows[name] = {key: round(float(value), 4) for key, value in numbers.items()}
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--ratings", action="append", required=True, metavar="CSV")
    parser.add_argument("--images", action="append", required=True, metavar="DIR")
    parser.add_argument("--aside", type=int, required=True, metavar="SEED")
    parser.add_argument("--pristine", required=True, metavar="DIR")
    parser.add_argument("--list", metavar="CSV")
    parser.add_argument("--licence", action="append", metavar="NAME")
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    if not len(args.ratings) == len(args.images) == 2:
        parser.error("two sets are needed: --ratings and --images twice each")
    sets = [read_ratings(csv, images=folder) for csv, folder in zip(args.ratings, args.images, strict=True)]
    rng = np.random.default_rng(args.aside)
    aside = [set_aside(one.groups, rng) for one in sets]
    photographs, _ = photographs_of(args.pristine, args.list, args.licence)
    found = {}
    for word in args.models:
        rows = found[word] = measured(contrique.load(word), sets, aside, photographs)
        columns = [key for key in rows["both"] if key != "set aside" or args.final]
        print(f"{word:<24}" + "".join(f"{key:>16}" for key in columns))
        for name, row in rows.items():
            print(
                f"{name:<24}"
                + "".join(f"{row[key]:16.3f}" if key not in SHOWN else f"{row[key]:16.1f}" for key in columns)
            )
        print(flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
