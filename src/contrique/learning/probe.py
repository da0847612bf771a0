"""How much an encoder knows of distortions, without rated images: a probe on contents that training never sees.

Each held-out pristine image is put through all 25 distortion types at 5 levels. From the encoder's vectors of these
views a linear classifier learns the type, and one for each type the level, on half of the contents, and is tested on
the other half, and the other way round; and for each view the nearest one of another content is looked up: is it of the
same class (the same type and level)? Chance is 1/25, 1/5 and 1/125.

A probe is a forward pass over 125 views of each content (about a third of what as many views cost in training) and a
few small solves; the views are rendered at the first and kept. It leaves no trace in training: no running statistic,
no mode of a module and no random state is changed.

Shapes: K contents, L = 125 classes, N = K·L views, S side of a view, D channels of the encoder's last map.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from contrique.learning.distortions import LEVELS, NAMES, distort

Mask = NDArray[np.bool_]
CLASSES = len(NAMES) * len(LEVELS)
CHANCE = {"type": 1 / len(NAMES), "level": 1 / len(LEVELS), "class": 1 / CLASSES}
_BATCH = 25  # views a forward pass: little memory beside a training step's
_RIDGE = 1.0  # of the linear probes, relative to the mean square length of the standardised vectors: with few contents
# to learn from, less tells type and level of the shipped encoder worse, more no better


class Probe:
    """A probe of one run: its views, made when first needed, and its measurement.

    Args:
        images: held-out pristine images, uint8 (H, W, 3) of any sizes; at least two.
        size: side of the views, pixels: the run's.
        seed: of the distortions that draw random numbers.

    Raises:
        ValueError: fewer than two images.
    """

    def __init__(self, images: Sequence[NDArray[np.uint8]], size: int, seed: int) -> None:
        if len(images) < 2:
            raise ValueError(f"expected at least two held-out images to probe with, got {len(images)}")
        self._images, self._size, self._seed = list(images), size, seed
        self._view_NSSC: NDArray[np.uint8] | None = None

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        """Measure an encoder as it is now.

        Args:
            encoder: has ``patch_map(x_BCHW in [0, 1])`` → (B, D, h, w).

        Returns:
            ``type``, ``level`` and ``class``: accuracies 0–1; and ``seconds``, what it took.
        """
        started = time.perf_counter()
        if self._view_NSSC is None:
            self._view_NSSC = render(self._images, self._size, self._seed)
        accuracies = measure(vectors(encoder, self._view_NSSC), len(self._images))
        return accuracies | {"seconds": round(time.perf_counter() - started, 3)}


def render(images: Sequence[NDArray[np.uint8]], size: int, seed: int) -> NDArray[np.uint8]:
    """Put every image through every class: uint8 (K·125, S, S, 3), content by content, class by class.

    As in training, a part of at most 2S a side is distorted, here the centre, and the view is cut out of that, here its
    centre, zero-padded where the image does not reach.
    """
    out_KLSSC = np.zeros((len(images), CLASSES, size, size, 3), np.uint8)
    for content, image_HWC in enumerate(images):
        part_HWC = _centre(image_HWC, 2 * size)
        for class_id in range(CLASSES):
            drawn = int(np.random.default_rng([seed, content, class_id, 0x980BE]).integers(2**31))
            name, level = NAMES[class_id // len(LEVELS)], LEVELS[class_id % len(LEVELS)]
            view_HWC = _centre(distort(part_HWC, name, level, drawn), size)
            height, width = view_HWC.shape[:2]
            top, left = (size - height) // 2, (size - width) // 2
            out_KLSSC[content, class_id, top : top + height, left : left + width] = view_HWC
    return out_KLSSC.reshape(-1, size, size, 3)


def vectors(encoder: nn.Module, view_NSSC: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean of the encoder's last map for each view, L2-normalised: (N, D). Training is left as it was."""
    device = next(encoder.parameters()).device
    parts = []
    with _as_it_was(encoder), torch.no_grad():
        for start in range(0, len(view_NSSC), _BATCH):
            view_BSSC = torch.from_numpy(view_NSSC[start : start + _BATCH]).to(device)
            map_BDhw = encoder.patch_map(view_BSSC.permute(0, 3, 1, 2).float() / 255)  # type: ignore[operator]
            parts.append(functional.normalize(map_BDhw.float().mean((2, 3)), dim=1).cpu())
    return torch.cat(parts).double().numpy()


def measure(vector_ND: NDArray[np.float64], contents: int) -> dict[str, float]:
    """The three accuracies, from vectors in the order of :func:`render`."""
    class_N = np.tile(np.arange(CLASSES), contents)
    content_N = np.repeat(np.arange(contents), CLASSES)
    first_N = content_N < contents // 2
    right = {"type": 0, "level": 0}
    type_N, level_N = np.divmod(class_N, len(LEVELS))
    for learn_N in (first_N, ~first_N):
        right["type"] += _right(vector_ND, type_N, learn_N, ~learn_N)
        for kind in range(len(NAMES)):
            right["level"] += _right(vector_ND, level_N, learn_N & (type_N == kind), ~learn_N & (type_N == kind))
    retrieved = 0
    for content in range(contents):
        mine_N = content_N == content
        nearest = (vector_ND[mine_N] @ vector_ND[~mine_N].T).argmax(axis=1)
        retrieved += int((class_N[~mine_N][nearest] == class_N[mine_N]).sum())
    return {what: count / len(class_N) for what, count in (right | {"class": retrieved}).items()}


def _right(vector_ND: NDArray[np.float64], label_N: NDArray[np.int64], learn_N: Mask, test_N: Mask) -> int:
    """How many of the tested views a linear classifier tells right that learned from others: ridge regression of
    one-hot labels on standardised vectors, in its dual form (views are fewer than channels, or about as many)."""
    mean_D, deviation_D = vector_ND[learn_N].mean(axis=0), vector_ND[learn_N].std(axis=0) + 1e-9
    x_ND, asked_MD = ((vector_ND[rows] - mean_D) / deviation_D for rows in (learn_N, test_N))
    target_NC = np.eye(label_N.max() + 1)[label_N[learn_N]]
    gram_NN = x_ND @ x_ND.T
    gram_NN[np.diag_indices_from(gram_NN)] += _RIDGE * np.trace(gram_NN) / len(gram_NN) + 1e-9
    weight_NC = np.linalg.solve(gram_NN, target_NC - target_NC.mean(axis=0))
    return int(((asked_MD @ x_ND.T @ weight_NC).argmax(axis=1) == label_N[test_N]).sum())


def _centre(image_HWC: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The centre of an image, at most side×side."""
    top, left = max(0, (image_HWC.shape[0] - side) // 2), max(0, (image_HWC.shape[1] - side) // 2)
    return np.ascontiguousarray(image_HWC[top : top + side, left : left + side])


@contextlib.contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Put a module in eval mode; afterwards each of its parts is in the mode it was in, and the random state too."""
    modes = [(part, part.training) for part in module.modules()]
    with torch.random.fork_rng():
        module.eval()
        try:
            yield
        finally:
            for part, training in modes:
                part.training = training
