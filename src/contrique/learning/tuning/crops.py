"""What one training step sees: crops of rated images at the size at which they are scored, each at every scale.

A crop is cut at native resolution, since shrinking changes how good an image looks, and then shrunk as the model does.
Places depend on seed and epoch alone, so an interrupted epoch can go on where it was.

Shapes: image_HWC uint8 RGB.
"""

from collections.abc import Sequence

import numpy as np

from contrique.images import scaled
from contrique.learning.places import Place, random_places


def places_of(images: Sequence[int] | np.ndarray, seed: int, epoch: int) -> list[Place]:
    """One crop of each image in random order, at a random place, half of them mirrored."""
    return random_places(images, np.random.default_rng((seed, epoch)))


def cut(image_HWC: np.ndarray, place: Place, side: int, scales: Sequence[float]) -> list[np.ndarray]:
    """A crop at each scale.

    Args:
        image_HWC: the image at the size it is scored at.
        place: where.
        side: of the crop, in pixels; less where the image has less.
        scales: of ``Preprocessing``.

    Returns:
        uint8 (h, w, 3), one for each scale, contiguous.
    """
    height, width = (min(side, size) for size in image_HWC.shape[:2])
    top = int(place.top * (image_HWC.shape[0] - height + 1))
    left = int(place.left * (image_HWC.shape[1] - width + 1))
    crop_HWC = image_HWC[top : top + height, left : left + width]
    crop_HWC = np.ascontiguousarray(crop_HWC[:, ::-1] if place.mirrored else crop_HWC)
    return [scaled(crop_HWC, scale) for scale in scales]
