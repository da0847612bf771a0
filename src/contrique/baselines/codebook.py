"""Codebooks of CORNIA and HOSA, learned from pictures without ratings: K-means on whitened patches.

Patches are drawn at random from all pictures, as many from each, normalised and whitened by their own mean and
covariance (patches.py); of equal ones (flat areas) one is kept. Words are the centres of K-means (Lloyd 1982) begun at
patches drawn at random, as in both papers. HOSA's words have besides, number by number, the variance and the skewness
of their own patches. CORNIA's release has 10,000 words, HOSA's 100, both learned from CSIQ's distorted pictures.

The same pictures, number of words and seed give the same codebook; another build of NumPy may differ in last bits, from
which K-means can go another way.

Shapes: N patches, K words, 49 pixels of a patch.
"""

import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from contrique.baselines.patches import BLAS_THREADS_FROM, PIXELS, Whitening, sample
from contrique.errors import ContriqueError

WORDS = {"cornia": 10_000, "hosa": 100}
"""Methods that have a codebook, and how many words their papers use."""

PATCHES_A_WORD = 50
LEAST_PATCHES = 200_000
ROUNDS = 20
"""K-means ends after so many rounds, or when fewer than one patch in ``SETTLED`` changes its word."""

SETTLED = 1_000
WIDTH = 100
"""Words in one product of matrices, see ``patches.BLAS_THREADS_FROM``."""


def patch_count(words: int) -> int:
    """How many patches a codebook is learned from."""
    return max(LEAST_PATCHES, PATCHES_A_WORD * words)


def draw(greys: Iterable[np.ndarray], each: int, *, down: bool, seed: int) -> np.ndarray:
    """Patches of pictures.

    Args:
        greys: luminance of each picture, uint8 (H, W).
        each: how many of a picture; all where it has no more.
        down: pixels of a patch run down its columns (CORNIA), else along its rows (HOSA).
        seed: of the places, together with the picture's number.

    Returns:
        uint8 (N, 49).

    Raises:
        ContriqueError: no picture, or one smaller than a patch.
    """
    parts = [sample(grey_HW, each, seed=(seed, place)) for place, grey_HW in enumerate(greys)]
    if not parts:
        raise ContriqueError("a codebook is learned from pictures, and there is none")
    patches_NSS = np.concatenate(parts)
    return (patches_NSS.swapaxes(1, 2) if down else patches_NSS).reshape(-1, PIXELS)


def learn(method: str, patches_NP: np.ndarray, words: int, *, seed: int, progress: bool = False) -> dict[str, Any]:
    """Learn a codebook.

    Args:
        method: one of ``WORDS``.
        patches_NP: uint8, from ``draw``.
        words: how many.
        seed: of the patches that K-means begins at.
        progress: show a bar on standard error.

    Returns:
        What the method's folder of parameters holds, float32: ``mean``, ``whitening``, ``words`` (K, 49); for HOSA also
        ``variance`` and ``skewness`` (K, 49).

    Raises:
        ContriqueError: fewer different patches than words.
    """
    whitening = Whitening.fit(patches_NP)
    x_NP = np.unique(whitening(patches_NP).astype(np.float32), axis=0)
    words_KP, word_N = kmeans(x_NP, words, seed=seed, progress=progress)
    arrays = {**whitening.to_arrays(), "words": words_KP}
    if method == "hosa":
        arrays["variance"], arrays["skewness"] = shapes(x_NP, word_N, words_KP)
    return {name: one.astype(np.float32) for name, one in arrays.items()}


def kmeans(x_NP: np.ndarray, words: int, *, seed: int, progress: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's K-means from random rows; a word that loses all its rows starts again at a random one.

    Args:
        x_NP: different rows, float32.
        words: K.
        seed: of the rows drawn.
        progress: show a bar on standard error.

    Returns:
        The words, float64 (K, 49), each the mean of its rows, and the word of each row, int64 (N,).

    Raises:
        ContriqueError: fewer rows than words.
    """
    from tqdm import tqdm

    if not 1 <= words <= len(x_NP):
        raise ContriqueError(f"{words} words need as many different patches, got {len(x_NP)}")
    rng = np.random.default_rng(seed)
    words_KP = x_NP[rng.choice(len(x_NP), words, replace=False)].astype(np.float64)
    word_N = np.full(len(x_NP), -1)
    for _ in tqdm(range(ROUNDS), desc="K-means", unit="round", disable=not progress, file=sys.stderr):
        before_N, word_N = word_N, nearest(x_NP, words_KP)
        used_K = np.bincount(word_N, minlength=words)
        words_KP[used_K > 0] = sums(x_NP, word_N) / used_K[used_K > 0, None]
        if np.count_nonzero(before_N != word_N) * SETTLED < len(word_N):
            break
        words_KP[used_K == 0] = x_NP[rng.choice(len(x_NP), np.count_nonzero(used_K == 0))]
    return words_KP, word_N


def nearest(x_NP: np.ndarray, words_KP: np.ndarray) -> np.ndarray:
    """The nearest word of each row, int64 (N,), in threads; 2 MB for each with 10,000 words."""
    ones = np.concatenate([words_KP, -0.5 * np.sum(words_KP**2, axis=1, keepdims=True)], axis=1)
    padded = np.zeros((-(-len(ones) // WIDTH) * WIDTH, PIXELS + 1), np.float32)
    padded[:, -1] = -np.inf
    padded[: len(ones)] = ones  # x·c − ‖c‖²/2 is greatest where ‖x − c‖² is least
    blocks_GPW = np.ascontiguousarray(padded.reshape(-1, WIDTH, PIXELS + 1).swapaxes(1, 2))
    step = BLAS_THREADS_FROM // (WIDTH * (PIXELS + 1))
    word_N = np.empty(len(x_NP), np.int64)

    def work(start: int, stop: int) -> None:
        row = np.ones((step, PIXELS + 1), np.float32)
        near = np.empty((step, len(blocks_GPW), WIDTH), np.float32)
        for at in range(start, stop, step):
            part = x_NP[at : min(at + step, stop)]
            row[: len(part), :PIXELS] = part
            np.matmul(row, blocks_GPW, out=near.swapaxes(0, 1))
            word_N[at : at + len(part)] = near.reshape(step, -1)[: len(part)].argmax(axis=1)

    threads = os.cpu_count() or 1
    size = -(-len(x_NP) // threads)
    with ThreadPoolExecutor(threads) as pool:
        starts = range(0, len(x_NP), size)
        list(pool.map(work, starts, (min(start + size, len(x_NP)) for start in starts)))
    return word_N


def sums(x_NP: np.ndarray, word_N: np.ndarray) -> np.ndarray:
    """Sums over the rows of each word that has some, in the words' order, float64."""
    order_N = np.argsort(word_N, kind="stable")
    _, starts = np.unique(word_N[order_N], return_index=True)
    return np.add.reduceat(x_NP[order_N], starts, axis=0, dtype=np.float64)


def shapes(x_NP: np.ndarray, word_N: np.ndarray, words_KP: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance and skewness of each word's rows about it, (K, 49) each; 0 where there is nothing to tell."""
    used_K = np.bincount(word_N, minlength=len(words_KP))
    away_NP = x_NP - words_KP[word_N]
    variance_KP, third_KP = np.zeros_like(words_KP), np.zeros_like(words_KP)
    some = used_K > 0
    variance_KP[some] = sums(away_NP**2, word_N) / used_K[some, None]
    third_KP[some] = sums(away_NP**3, word_N) / used_K[some, None]
    return variance_KP, np.divide(third_KP, variance_KP**1.5, out=np.zeros_like(third_KP), where=variance_KP > 0)
