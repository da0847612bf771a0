"""Where do the shipped parameters of CORNIA and HOSA come from? Learns and fits them again and prints how they agree.

    python benchmarks/fit_codebooks.py ../shared/data [--live8 DIR] [--method hosa] [-o src/contrique/weights]

Codebook: the photographs of pristine/images.csv whose licence allows redistribution, each as it is and once by each of
the distortions that CSIQ has and we have too (Gaussian blur, JPEG, JPEG2000, white noise, contrast), at a random level.
Regressor: the papers' kind, on the photographs and ratings of biq2021, with the cost of the least squared error over
ten folds by content; its interval is conformal on those folds, as that of the shipped contrique model. It is then
measured on live8, whose ratings it has never seen. Without -o nothing is written. Features are kept in contrique's
cache, so that a second run is quick. Needs the extras learn and evaluate.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from contrique import __version__
from contrique.baselines import codebook, cornia, hosa, load_baseline, nss
from contrique.baselines.parameters import read_shipped, write_shipped
from contrique.evaluation.cache import FeatureCache, cached_features
from contrique.evaluation.conformal import LEVEL, half_width
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.evaluation.splits import group_folds
from contrique.images import read_image
from contrique.learning.distortions import LEVELS, distort

FREE = ("CC BY-SA 4.0", "Unsplash licence", "public domain")
TYPES = ("gaussian_blur", "jpeg", "jpeg2000", "white_noise", "contrast_change")
FOLDS = 10
SEED = 0
FIT = {"cornia": cornia.fit, "hosa": hosa.fit}
COSTS = {"cornia": (0.01, 1.0), "hosa": (0.1, 0.3, 1.0, 8.0, 128.0)}
ABOUT = {
    "cornia": ("CORNIA", "Ye, Kumar, Kang & Doermann, CVPR 2012"),
    "hosa": ("HOSA", "Xu, Ye, Li, Du, Liu & Doermann, IEEE Transactions on Image Processing 25(9), 2016"),
}
RAW = {
    "range": "about 0 (best) to 100 (worst): 100 (1 - MOS), as DMOS; may leave that range a little",
    "lower_is_better": True,
    "mapping": {"low": 0.0, "high": 100.0, "lower_is_better": True},
}


def greys(data: Path) -> Iterator[np.ndarray]:
    """The photographs as they are and distorted, luminance (H, W)."""
    with (data / "pristine" / "images.csv").open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file) if row["licence"] in FREE]
    rng = np.random.default_rng(SEED)
    for place, name in enumerate(names):
        image_HWC = read_image(data / "pristine" / name)
        yield nss.grey(image_HWC)
        for kind in TYPES:
            yield nss.grey(distort(image_HWC, kind, int(rng.choice(LEVELS)), place))


def learn(method: str, data: Path) -> dict[str, np.ndarray]:
    """The codebook."""
    words = codebook.WORDS[method]
    each = -(-codebook.patch_count(words) // (316 * (1 + len(TYPES))))
    patches_NP = codebook.draw(greys(data), each, down=method == "cornia", seed=SEED)
    arrays = codebook.learn(method, patches_NP, words, seed=SEED, progress=True)
    arrays["words"] = arrays["words"].astype(np.float16) if method == "cornia" else arrays["words"]  # 1 MB and not 2
    return arrays


def fit(method: str, features_ND: np.ndarray, ratings: Ratings) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Card and regressor."""
    number_N = 100 * (1 - ratings.scores)  # as DMOS: 0 is best, 100 is worst
    folds_N = group_folds(ratings.groups, FOLDS)
    costs = COSTS[method]
    held_out = {cost: np.empty(len(number_N)) for cost in costs}
    for fold in range(FOLDS):
        seen_N = folds_N != fold
        for cost, one in zip(costs, FIT[method](features_ND[seen_N], number_N[seen_N], costs), strict=True):
            held_out[cost][~seen_N] = one.predict(features_ND[~seen_N])
    for cost in costs:
        error = float(np.mean((held_out[cost] - number_N) ** 2)) ** 0.5
        print(f"  C {cost:<6} rmse {error:.3f} SROCC {srocc(held_out[cost], number_N):.4f}", flush=True)
    cost = min(held_out, key=lambda one: float(np.mean((held_out[one] - number_N) ** 2)))
    held_out_N = held_out[cost]
    training = {
        "codebook": "316 photographs, CID22 references (CC BY-SA 4.0), CLIC 2025 (Unsplash licence), GB82 (public "
        f"domain), as they are and by {', '.join(TYPES)}; no ratings",
        "ratings": "biq2021/scores.csv",
        "ratings_digest": ratings.digest,
        "images": len(number_N),
        "about": "BIQ2021 (Ahmed et al., JEI 2022), training half, 30 observers; provided for research",
        "cost": cost,
    }
    agreement = {
        "ratings": "biq2021/scores.csv",
        "protocol": f"predictions held out by group, {FOLDS} folds, all images together",
        "srocc": srocc(-held_out_N, ratings.scores),
        "plcc": plcc(-held_out_N, ratings.scores),
    }
    raw = {**RAW, "interval": {"level": LEVEL, "half_width": half_width(held_out_N - number_N)}}
    card = {"training": training, "agreement": agreement, "raw": raw}
    return card, FIT[method](features_ND, number_N, [cost])[0].to_arrays()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with pristine/ and biq2021/")
    parser.add_argument("--live8", type=Path, help="the folder that live8's render.py wrote")
    parser.add_argument("--method", choices=codebook.WORDS, action="append", help="default: both")
    parser.add_argument("-o", "--output", type=Path, help="write the parameters to cornia/ and hosa/ there")
    parser.add_argument("--work", type=Path, default=Path("codebooks"), help="codebooks without regressors go here")
    args = parser.parse_args()
    biq = read_ratings(args.data / "biq2021" / "scores.csv", images=args.data / "biq2021" / "images")
    for method in args.method or codebook.WORDS:
        name, paper = ABOUT[method]
        about = {"name": f"{method}-biq2021", "method": name, "paper": paper, "version": __version__}
        about["licence"] = "Apache-2.0"
        folder = args.work / method
        if not folder.exists():
            write_shipped(folder, {**about, "raw": None}, learn(method, args.data))
        bare = load_baseline(method, folder)
        print(f"{name}: {bare.dim} features")
        features_ND, errors = cached_features(bare, biq.paths, FeatureCache(), progress=True)
        assert not errors, errors
        card, regressor = fit(method, features_ND, biq)
        arrays = {**read_shipped(folder)[1], **regressor}
        target = args.output if args.output else args.work / "fitted"
        write_shipped(target / method, {**about, **card}, arrays)
        fitted = load_baseline(method, target / method)
        print(f"  biq2021 held out SROCC {card['agreement']['srocc']:.4f}, {card['raw']['interval']}")
        if args.live8:
            live = read_ratings(args.data / "live8" / "scores.csv", images=args.live8)
            live_ND, _ = cached_features(fitted, live.paths, FeatureCache())
            print(f"  live8, never seen: SROCC {srocc(fitted.raw(live_ND), live.scores):.4f}")


if __name__ == "__main__":
    main()
