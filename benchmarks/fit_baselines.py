"""Where do the shipped parameters of BRISQUE and NIQE come from? Fits them again and prints what they agree with.

    python benchmarks/fit_baselines.py ../shared/data [-o src/contrique/weights]

NIQE's pristine model: the photographs of pristine/images.csv whose licence allows redistribution. BRISQUE's regressor:
the photographs and ratings of biq2021, with kernel and cost of the least squared error over ten folds by content; its
interval is conformal on those folds, as that of the shipped contrique model. Both are then measured on biq2021 (BRISQUE
held out) and, with live8 rendered to a folder by its own script (--live8), on ratings they have never seen. Without -o
nothing is written. The same data gives the same parameters, but for the last bits of other builds of NumPy.
"""

import argparse
import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from contrique import __version__
from contrique.baselines import brisque, niqe, nss
from contrique.baselines.libsvm import KernelSVR
from contrique.baselines.parameters import write_shipped
from contrique.evaluation.conformal import LEVEL, half_width
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.evaluation.splits import group_folds
from contrique.images import read_image

FREE = ("CC BY-SA 4.0", "Unsplash licence", "public domain")
FOLDS = 10
GRID = [(gamma, cost) for gamma in (0.05, 0.2) for cost in (64, 256, 1024)]
EPSILON = 5.0  # points of 0–100: ratings of 30 observers are no surer, and it halves the support vectors

NIQE_CARD = {
    "name": "niqe-free",
    "method": "NIQE",
    "paper": "Mittal, Soundararajan & Bovik, IEEE Signal Processing Letters 20(3), 2013",
    "version": __version__,
    "licence": "Apache-2.0",
    "raw": niqe.RAW,
}
BRISQUE_CARD = {
    "name": "brisque-biq2021",
    "method": "BRISQUE",
    "paper": "Mittal, Moorthy & Bovik, IEEE Transactions on Image Processing 21(12), 2012",
    "version": __version__,
    "licence": "Apache-2.0",
}


def fit_niqe(data: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Card and arrays of NIQE."""
    with (data / "pristine" / "images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["licence"] in FREE]
    with ThreadPoolExecutor() as pool:
        greys = pool.map(lambda row: nss.grey(read_image(data / "pristine" / row["name"])), rows)
        mean_D, covariance_DD, images, blocks = niqe.fit_pristine(greys)
    training = {
        "images": images,
        "blocks": blocks,
        "block": niqe.BLOCK,
        "sharpness": niqe.SHARPNESS,
        "flat_share": niqe.FLAT_SHARE,
        "about": "CID22 references (CC BY-SA 4.0), CLIC 2025 (Unsplash licence), GB82 (public domain); no ratings",
    }
    return {**NIQE_CARD, "training": training}, {"mean": mean_D, "covariance": covariance_DD}


def fit_brisque(features_ND: np.ndarray, ratings: Ratings) -> tuple[dict, dict[str, np.ndarray]]:
    """Card and arrays of BRISQUE, from the features and ratings of biq2021."""
    number_N = 100 * (1 - ratings.scores)  # as DMOS: 0 is best, 100 is worst
    folds_N = group_folds(ratings.groups, FOLDS)
    errors = {}
    for gamma, cost in GRID:
        held_out_N = np.empty(len(number_N))
        for fold in range(FOLDS):
            seen_N = folds_N != fold
            svr, low_D, high_D = fit(features_ND[seen_N], number_N[seen_N], gamma, cost)
            held_out_N[~seen_N] = svr.predict(brisque.scaled(features_ND[~seen_N], low_D, high_D))
        errors[gamma, cost] = float(np.mean((held_out_N - number_N) ** 2)), held_out_N
        print(f"  gamma {gamma:<7} C {cost:<5} rmse {errors[gamma, cost][0] ** 0.5:.3f}", flush=True)
    gamma, cost = min(errors, key=lambda key: errors[key][0])
    held_out_N = errors[gamma, cost][1]
    svr, low_D, high_D = fit(features_ND, number_N, gamma, cost)
    raw = {
        "range": "about 0 (best) to 100 (worst): 100 (1 - MOS), as DMOS; may leave that range a little",
        "lower_is_better": True,
        "mapping": {"low": 0.0, "high": 100.0, "lower_is_better": True},
        "interval": {"level": LEVEL, "half_width": half_width(held_out_N - number_N)},
    }
    training = {
        "ratings": "biq2021/scores.csv",
        "ratings_digest": ratings.digest,
        "images": len(number_N),
        "about": "BIQ2021 (Ahmed et al., JEI 2022), training half, 30 observers; provided for research. Of an image "
        "only its 36 features are kept",
        "gamma": gamma,
        "cost": cost,
        "epsilon": EPSILON,
        "support_vectors": len(svr.coef_S),
    }
    agreement = {
        "ratings": "biq2021/scores.csv",
        "protocol": f"predictions held out by group, {FOLDS} folds, all images together",
        "srocc": srocc(-held_out_N, ratings.scores),
        "plcc": plcc(-held_out_N, ratings.scores),
    }
    card = {**BRISQUE_CARD, "training": training, "agreement": agreement, "raw": raw}
    return card, {**svr.to_arrays(), "low": low_D, "high": high_D}


def fit(features_ND: np.ndarray, number_N: np.ndarray, gamma: float, cost: float) -> tuple[KernelSVR, ...]:
    """One support vector regression, and the ends its features are scaled by."""
    low_D, high_D = brisque.ends(features_ND)
    x_ND = brisque.scaled(features_ND, low_D, high_D)
    return brisque.fit_svr(x_ND, number_N, gamma=gamma, cost=cost, epsilon=EPSILON), low_D, high_D


def features(method: object, paths: list[Path]) -> np.ndarray:
    """Features of image files, (N, D)."""
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda path: method.prepare(read_image(path)), paths)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with pristine/ and biq2021/")
    parser.add_argument("--live8", type=Path, help="the folder that live8's render.py wrote")
    parser.add_argument("-o", "--output", type=Path, help="write the parameters to brisque/ and niqe/ there")
    args = parser.parse_args()
    biq = read_ratings(args.data / "biq2021" / "scores.csv", images=args.data / "biq2021" / "images")
    niqe_card, niqe_arrays = fit_niqe(args.data)
    niqe_method = niqe.Niqe(niqe_card, niqe_arrays["mean"], niqe_arrays["covariance"])
    print(f"NIQE: {niqe_card['training']['images']} images, {niqe_card['training']['blocks']} blocks")
    raw_N = niqe_method.raw(features(niqe_method, biq.paths))
    print(f"  biq2021 SROCC {srocc(-raw_N, biq.scores):.4f}, numbers {np.percentile(raw_N, [0, 10, 50, 90, 100])}")
    features_ND = features(brisque.Brisque(BRISQUE_CARD, None, None, None), biq.paths)
    print("BRISQUE:")
    card, arrays = fit_brisque(features_ND, biq)
    method = brisque.Brisque(card, KernelSVR.from_arrays(arrays, brisque.FEATURES), arrays["low"], arrays["high"])
    print(f"  biq2021 held out SROCC {card['agreement']['srocc']:.4f}; {card['training']}; {card['raw']['interval']}")
    if args.live8:
        live = read_ratings(args.data / "live8" / "scores.csv", images=args.live8)
        for one in (niqe_method, method):
            raw_N = one.raw(features(one, live.paths))
            print(f"  live8, never seen: {one.name} SROCC {srocc(raw_N, live.scores):.4f}")
    if args.output:
        write_shipped(args.output / "niqe", niqe_card, niqe_arrays)
        write_shipped(args.output / "brisque", card, arrays)


if __name__ == "__main__":
    main()
