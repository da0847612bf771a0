"""From features to places in a plane: standardised, 50 principal components, then t-SNE or the first two components.

t-SNE: L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008, as scikit-learn computes it
(Barnes–Hut), started from the principal components so that what is far apart stays far apart. 50 components before it
are the paper's own advice.

Shapes: N points, D features, K components.
"""

from collections.abc import Sequence

import numpy as np

from contrique.errors import ContriqueError

METHODS = ("tsne", "pca")
COMPONENTS = 50
PERPLEXITY = 30.0
"""About as many neighbours does t-SNE try to keep together; scikit-learn's default, less for few points."""


def moves(features_ND: np.ndarray, contents_N: np.ndarray, undistorted_N: np.ndarray) -> np.ndarray:
    """Features less those of the same content undistorted: where a distortion moves a picture, whatever it shows.

    Args:
        features_ND: float32.
        contents_N: equal where points share content.
        undistorted_N: bool; true once for each content.

    Returns:
        float32 (N, D); 0 for undistorted pictures.

    Raises:
        ContriqueError: a content has no undistorted picture, or several.
    """
    out_ND = np.array(features_ND, dtype=np.float32)
    for content in np.unique(contents_N):
        members = np.flatnonzero(contents_N == content)
        start = members[undistorted_N[members]]
        if len(start) != 1:
            raise ContriqueError(f"content {content} has {len(start)} undistorted pictures; expected one")
        out_ND[members] -= features_ND[start]
    return out_ND


def components(features_ND: np.ndarray, seed: int = 0) -> np.ndarray:
    """The first principal components of standardised features.

    Args:
        features_ND: float32; each feature is brought to mean 0 and deviation 1, one that does not vary to 0.
        seed: of the randomised decomposition.

    Returns:
        float32 (N, K), K ≤ 50 and no more than N or D allow; by falling variance.
    """
    from sklearn.decomposition import PCA

    x_ND = features_ND - features_ND.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviation_D = x_ND.std(axis=0)
    floor_D = np.maximum(1e-6 * np.abs(features_ND).max(axis=0), 1e-30)  # what rounding alone leaves of a constant
    x_ND *= np.where(deviation_D > floor_D, 1 / np.maximum(deviation_D, floor_D), 0).astype(np.float32)
    count = min(COMPONENTS, *x_ND.shape)
    if not x_ND.any():
        return np.zeros((len(x_ND), count), np.float32)
    return PCA(count, svd_solver="randomized", random_state=seed).fit_transform(x_ND).astype(np.float32)


def place(components_NK: np.ndarray, method: str = "tsne", seed: int = 0) -> np.ndarray:
    """Places in the plane.

    Args:
        components_NK: from :func:`components`.
        method: ``"tsne"`` or ``"pca"``; with fewer than five points, or none that differ, always the latter.
        seed: of t-SNE.

    Returns:
        float64 (N, 2).
    """
    if method not in METHODS:
        raise ContriqueError(f"expected a method among {', '.join(METHODS)}; got {method!r}")
    count = len(components_NK)
    if method == "tsne" and count >= 5 and components_NK.any():
        from sklearn.manifold import TSNE

        tsne = TSNE(perplexity=min(PERPLEXITY, (count - 1) / 3), init="pca", random_state=seed)
        return tsne.fit_transform(components_NK).astype(np.float64)
    out_N2 = np.zeros((count, 2))
    first = components_NK[:, :2]
    out_N2[:, : first.shape[1]] = first
    return out_N2


def label_places(types: Sequence[str], places_N2: np.ndarray) -> dict[str, np.ndarray]:
    """Where to write what each type is: where it is densest, and not on another label.

    The densest place is the mean of the largest set of its points within a twentieth of the picture of one of them;
    where these are fewer than five, which a label would hide, it stands above. Labels nearer to each other than a
    28th of the picture are then pushed apart.

    Returns:
        A place (2,) for each type.
    """
    extent = max(1e-9, float(np.ptp(places_N2, axis=0).max()))
    names_N = np.array(types, dtype=object)
    names = list(dict.fromkeys(types))
    gap = extent / 28
    spots = []
    for name in names:
        some_M2 = places_N2[names_N == name]
        some_M2 = some_M2[:: max(1, len(some_M2) // 1000)]
        near = ((some_M2[:, None] - some_M2[None]) ** 2).sum(axis=2) < (extent / 20) ** 2
        crowd_M2 = some_M2[near[near.sum(axis=1).argmax()]]
        spots.append(crowd_M2.mean(axis=0) + np.array([0.0, 0.7 * gap if len(crowd_M2) < 5 else 0.0]))
    for _ in range(100):
        for i in range(len(spots)):
            for j in range(i):
                apart = spots[i] - spots[j]
                distance = float(np.hypot(*apart))
                if distance < gap:
                    way = apart / distance if distance > 1e-6 * gap else np.array([0.0, 1.0])
                    spots[i] = spots[i] + way * (gap - distance) / 2
                    spots[j] = spots[j] - way * (gap - distance) / 2
    return dict(zip(names, spots, strict=True))
