"""How long a whole grid of ridge strengths takes, ours against scikit-learn's Ridge, and how far the two are apart.

Usage: python benchmarks/ridge.py [IMAGES] [FEATURES]      (default 2000 6000; needs scikit-learn)

Method: random features of decaying variance, one fit of each strength, best of two runs. Prediction errors are
compared on the training rows, relative to the deviation of the ratings. Then the time of `contrique fit`'s own call:
the grid with 10-fold cross-validation.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from contrique.evaluation.ridge import RidgePath, fit_ridge


def best_of_two(run: Callable[[], Any]) -> tuple[float, Any]:
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main(images: int = 2000, features: int = 6000) -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    x_ND = rng.standard_normal((images, features)) / np.sqrt(1 + np.arange(features))
    y_N = x_ND @ rng.standard_normal(features) + 0.3 * rng.standard_normal(images)
    strengths = RidgePath(x_ND, y_N, standardise=False).strengths()

    ours_s, ours = best_of_two(lambda: RidgePath(x_ND, y_N, standardise=False).regressors(strengths))
    theirs_s, theirs = best_of_two(lambda: [Ridge(alpha=a).fit(x_ND, y_N) for a in strengths])
    apart = max(np.abs(a.predict(x_ND) - b.predict(x_ND)).max() for a, b in zip(ours, theirs, strict=True)) / y_N.std()
    weights = max(np.abs(a.coef_D - b.coef_).max() / np.abs(b.coef_).max() for a, b in zip(ours, theirs, strict=True))
    fit_s, _ = best_of_two(lambda: fit_ridge(x_ND, y_N, np.arange(images)))

    print(f"{images} images x {features} features, {len(strengths)} strengths, {os.cpu_count()} cores, float64")
    print(f"  {'contrique, one eigendecomposition':40s} {ours_s:7.2f} s")
    print(f"  {'scikit-learn Ridge, one fit each':40s} {theirs_s:7.2f} s  ({theirs_s / ours_s:.1f} times as long)")
    print(f"  {'contrique, with 10-fold cross-validation':40s} {fit_s:7.2f} s")
    print(f"  greatest difference: predictions {apart:.1e} deviations of the ratings, weights {weights:.1e} relative")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
