"""Which differences between methods are more than chance: paired tests on SROCC over the splits that all methods share.

Where every split has test images of its own, the corrected resampled t-test (Nadeau and Bengio, Inference for the
generalization error, Machine Learning 52, 2003, section 5.3). With d the differences of two methods' SROCC in J splits,

    t = mean(d) / √((1/J + n_test/n_train) · var(d)),   J − 1 degrees of freedom,

var with divisor J − 1. The plain paired t-test has 1/J alone: it takes splits for independent, though they share most
of their images, and calls almost anything significant when splits are many. n_train counts training and validation:
all that a method saw.

Where all splits have the same test images (one split, such as a published one; another set), chance is in which images
these are: a paired bootstrap over groups of images that share content (Efron and Tibshirani, 1993, chapters 13 and 16).
Every resample draws as many groups as there are, with replacement, the same for all methods, and takes the predictions
of one of the splits, in turn. p is twice the smaller share of resamples on either side of no difference.

p-values of all pairs of methods are adjusted together by Holm's step-down method (Scandinavian Journal of Statistics 6,
1979), so that the chance of even one false finding in the table is at most ``LEVEL``.
"""

import sys
from typing import Any

import numpy as np

from contrique.errors import need

LEVEL = 0.05

RESAMPLES = 4999

LEAST_GROUPS = 6
"""Of fewer groups not even all pointing the same way is rare by chance (2 · ½⁵ > 0.05), whatever a bootstrap says."""

MOST_NUMBERS = 2_000_000
"""Numbers of one block of resamples: what bounds the memory, about 16 MB an array."""

T_TEST = (
    "corrected resampled t-test on SROCC, paired over splits (Nadeau and Bengio 2003), two-sided, Holm over all pairs"
)
BOOTSTRAP = (
    f"paired bootstrap of SROCC over groups of test images ({RESAMPLES} resamples), two-sided, Holm over all pairs"
)


def significance(result: dict[str, Any], *, progress: bool = False) -> dict[str, Any]:
    """Test all pairs of methods of one result.

    Args:
        result: what ``contrique.evaluation.protocol.compare`` gives; left as it is.
        progress: show a bar on standard error, where resamples of many images take more than two seconds.

    Returns:
        ``test`` (which, in words), ``level`` and ``pairs``: for each pair ``a`` and ``b`` (methods), ``difference``
        (mean over splits of SROCC of a less that of b), ``p``, ``p_holm`` and ``better`` (the name of the one
        that is better where ``p_holm`` is below ``level``, else None). p is None where there is no answer: a method
        without SROCC in some split, or too few groups of test images.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    rows, tests = result["methods"], result["tests"]
    srocc_KS = np.array([row["srocc"]["splits"] for row in rows], dtype=np.float64).reshape(len(rows), len(tests))
    same_images = all(test == tests[0] for test in tests)
    pairs = [(a, b) for a in range(len(rows)) for b in range(a + 1, len(rows))]
    difference_PS = np.array([srocc_KS[a] - srocc_KS[b] for a, b in pairs]).reshape(len(pairs), len(tests))
    if same_images:
        p_P = _bootstrap(result, pairs, progress)
    else:
        ratio = float(np.mean([test / (train + validation) for train, validation, test in result["parts"]]))
        p_P = np.array([corrected_t_test(d_S, ratio) for d_S in difference_PS])
    p_P[np.isnan(difference_PS).any(axis=1)] = np.nan
    found = []
    for (a, b), d_S, p, p_holm in zip(pairs, difference_PS, p_P, holm(p_P), strict=True):
        names, difference = (rows[a]["method"], rows[b]["method"]), float(d_S.mean())
        certain = bool(p_holm < LEVEL)
        found.append(
            {
                "a": names[0],
                "b": names[1],
                "difference": None if np.isnan(difference) else difference,
                "p": None if np.isnan(p) else float(p),
                "p_holm": None if np.isnan(p_holm) else float(p_holm),
                "better": names[difference < 0] if certain else None,
            }
        )
    return {"test": BOOTSTRAP if same_images else T_TEST, "level": LEVEL, "pairs": found}


def corrected_t_test(differences_J: np.ndarray, test_to_train: float) -> float:
    """Two-sided p of no mean difference by the corrected resampled t-test.

    Args:
        differences_J: of two methods, one for each split.
        test_to_train: images in test for each image in training; with 0 this is the plain paired t-test.

    Returns:
        p; 1 where all differences are 0, nan for fewer than two splits or where a difference is nan.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    differences_J = np.asarray(differences_J, dtype=np.float64)
    if len(differences_J) < 2 or np.isnan(differences_J).any():
        return float("nan")
    mean, deviation = float(differences_J.mean()), float(differences_J.std(ddof=1))
    if deviation < 1e-12:  # the same difference in every split
        return 1.0 if abs(mean) < 1e-12 else 0.0
    t = mean / (np.sqrt(1 / len(differences_J) + test_to_train) * deviation)
    return float(2 * need("scipy.special", "evaluate", "significance").stdtr(len(differences_J) - 1, -abs(t)))


def holm(p_P: np.ndarray) -> np.ndarray:
    """Holm's adjustment: the i-th smallest of m p-values times m − i + 1, never below a smaller one's, at most 1.

    Args:
        p_P: any number of p-values; nan is not counted and stays nan.
    """
    p_P = np.asarray(p_P, dtype=np.float64)
    adjusted_P = np.full(p_P.shape, np.nan)
    order = [i for i in np.argsort(p_P, kind="stable") if not np.isnan(p_P[i])]
    largest = 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * p_P[i]))
        adjusted_P[i] = largest
    return adjusted_P


def weighted_srocc(x_KN: np.ndarray, y_N: np.ndarray, counts_NB: np.ndarray) -> np.ndarray:
    """SROCC of K predictions with y in B resamples in which image n occurs counts_NB[n, b] times, (K, B).

    Ranks of a resample come from running sums of counts in one order of the images, so nothing is sorted anew. nan
    where there is no answer.
    """
    counts_NB = np.asarray(counts_NB, dtype=np.float64)
    y_NB = _centred_ranks(y_N, counts_NB)
    weighted_NB = y_NB * counts_NB
    yy_B = np.einsum("nb,nb->b", weighted_NB, y_NB)
    srocc_KB = np.empty((len(x_KN), counts_NB.shape[1]))
    for method, x_N in enumerate(x_KN):
        x_NB = _centred_ranks(x_N, counts_NB)
        xy_B, xx_B = np.einsum("nb,nb->b", x_NB, weighted_NB), np.einsum("nb,nb,nb->b", x_NB, x_NB, counts_NB)
        varies_B = (xx_B > 0) & (yy_B > 0)
        srocc_KB[method] = np.where(varies_B, xy_B / np.sqrt(np.where(varies_B, xx_B * yy_B, 1.0)), np.nan)
    return srocc_KB


def bootstrap_srocc(
    predictions_KSM: np.ndarray,
    scores_M: np.ndarray,
    groups_M: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: bool = False,
) -> np.ndarray:
    """SROCC of K methods in resamples of the groups of M test images, (K, resamples).

    Args:
        predictions_KSM: of S splits with these test images; resample b takes split b mod S.
        scores_M: ratings.
        groups_M: images of one group are drawn together.
        resamples: how many.
        seed: of the resamples.
        progress: show a bar on standard error.
    """
    from tqdm import tqdm

    numbers_M = np.unique(groups_M, return_inverse=True)[1]
    count, splits = int(numbers_M.max()) + 1, predictions_KSM.shape[1]
    rng = np.random.default_rng(seed)
    srocc_KB = np.empty((len(predictions_KSM), resamples))
    block = max(1, MOST_NUMBERS // len(scores_M))
    of_split = [np.arange(split, resamples, splits) for split in range(splits)]
    blocks = [some_b for mine in of_split for some_b in np.split(mine, range(block, len(mine), block)) if len(some_b)]
    with tqdm(total=resamples, unit="resample", disable=not progress, delay=2, file=sys.stderr) as bar:
        for some_b in blocks:
            drawn_gb = rng.integers(count, size=(count, len(some_b))) * len(some_b) + np.arange(len(some_b))
            times_Gb = np.bincount(drawn_gb.ravel(), minlength=count * len(some_b)).reshape(count, len(some_b))
            srocc_KB[:, some_b] = weighted_srocc(predictions_KSM[:, some_b[0] % splits], scores_M, times_Gb[numbers_M])
            bar.update(len(some_b))
    return srocc_KB


def _bootstrap(result: dict[str, Any], pairs: list[tuple[int, int]], progress: bool) -> np.ndarray:
    """p of every pair; a resample without an answer counts for both sides."""
    test_M = np.array(result["tests"][0])
    groups_M = np.array(result["groups_of"])[test_M]
    if len(np.unique(groups_M)) < LEAST_GROUPS or not pairs:
        return np.full(len(pairs), np.nan)
    predictions_KSM = np.array([row["predictions"] for row in result["methods"]], dtype=np.float64)
    srocc_KB = bootstrap_srocc(predictions_KSM, np.array(result["scores"])[test_M], groups_M, progress=progress)
    p = []
    for a, b in pairs:
        difference_B = srocc_KB[a] - srocc_KB[b]
        sides = np.sum(~(difference_B > 0)), np.sum(~(difference_B < 0))
        p.append(min(1.0, 2 * (int(min(sides)) + 1) / (len(difference_B) + 1)))
    return np.array(p)


def _centred_ranks(x_N: np.ndarray, counts_NB: np.ndarray) -> np.ndarray:
    """Mid-ranks of each image's value in every resample, less their mean there, times two."""
    values, place_N = np.unique(x_N, return_inverse=True)
    upto_NB = np.cumsum(counts_NB[np.argsort(place_N, kind="stable")], axis=0)
    tied = len(values) < len(x_N)
    upto_VB = upto_NB[np.cumsum(np.bincount(place_N)) - 1] if tied else upto_NB
    ranks_VB = upto_VB - upto_VB[-1]
    ranks_VB[1:] += upto_VB[:-1]
    return ranks_VB[place_N]


def better_than(tested: dict[str, Any]) -> dict[str, list[str]]:
    """For each method that is better than another beyond chance, those others; from what ``significance`` gives."""
    found: dict[str, list[str]] = {}
    for pair in tested["pairs"]:
        if pair["better"] is not None:
            found.setdefault(pair["better"], []).append(pair["b"] if pair["better"] == pair["a"] else pair["a"])
    return found
