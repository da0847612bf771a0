"""HOSA and CORNIA written slowly from the authors' MATLAB code, loop for loop, as an oracle for ours."""

import numpy as np

GREY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])


def rgb2gray(image_HWC: np.ndarray) -> np.ndarray:
    return np.floor(image_HWC.astype(np.float64) @ GREY + 0.5)


def normalise(patch: np.ndarray) -> np.ndarray:
    return (patch - patch.mean()) / np.sqrt(patch.var(ddof=1) + 10)


def hosa_feature_extraction(
    image_HWC: np.ndarray, codebook: list[np.ndarray], mean_P: np.ndarray, matrix_PP: np.ndarray
) -> np.ndarray:
    grey_HW = rgb2gray(image_HWC)
    centroid, variance, skewness = codebook  # (K, 49) each
    step = max(1, int(np.floor(np.sqrt(grey_HW.size / 10_000))))
    inner = grey_HW[2:-2, 2:-2]
    rows = []
    for top in range(0, inner.shape[0] - 6, step):
        for left in range(0, inner.shape[1] - 6, step):
            rows.append((normalise(inner[top : top + 7, left : left + 7].ravel()) - mean_P) @ matrix_PP)
    x = np.array(rows)
    distance = ((x[:, None, :] - centroid[None]) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1, kind="stable")[:, :5]
    weight = np.exp(-0.05 * np.take_along_axis(distance, near, axis=1))
    weight /= weight.sum(axis=1, keepdims=True)
    parts = np.zeros((3, *centroid.shape))
    for k in range(len(centroid)):
        patch, place = np.nonzero(near == k)
        if len(patch) == 0:
            continue
        w = weight[patch, place]
        w = w / w.sum()
        mean = w @ x[patch]
        parts[0, k] = mean - centroid[k]
        if len(patch) > 1 and x[patch].var(axis=0, ddof=1).sum() > 1e-8:
            spread = w @ (x[patch] - mean) ** 2
            parts[1, k] = spread - variance[k]
            parts[2, k] = w @ (x[patch] - mean) ** 3 / (spread**1.5 + 1e-4) - skewness[k]
    features = parts.ravel()
    features = np.sign(features) * np.abs(features) ** 0.2
    return features / (np.sqrt(np.sum(features**2)) + 1e-20)


def cornia_all_patches(
    image_HWC: np.ndarray, words_KP: np.ndarray, mean_P: np.ndarray, matrix_PP: np.ndarray
) -> np.ndarray:
    """For an image with no more than 10,000 patches, of which the release takes all."""
    grey_HW = rgb2gray(image_HWC)
    unit = words_KP / np.linalg.norm(words_KP, axis=1, keepdims=True)
    z = []
    for left in range(grey_HW.shape[1] - 6):
        for top in range(grey_HW.shape[0] - 6):
            column = grey_HW[top : top + 7, left : left + 7].ravel(order="F")  # as im2col
            z.append((normalise(column) - mean_P) @ matrix_PP @ unit.T)
    both = np.concatenate([np.maximum(z, 0), np.maximum(-np.array(z), 0)], axis=1)
    return both.max(axis=0)
