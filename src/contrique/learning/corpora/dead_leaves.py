"""Dead leaves: images of random shapes that fall on each other, a stand-in for photographs made of a seed alone.

Natural scenes are objects that occlude each other at every distance. Where shapes of any size r fall with density
r⁻³ the picture has no scale of its own, and shares with photographs a power spectrum near 1/f², heavy-tailed
derivatives and sharp edges (Lee, Mumford & Huang, "Occlusion Models for Natural Images", IJCV 2001). Networks learn
from such images much of what they learn from photographs (Baradad et al., "Learning to See by Looking at Noise",
NeurIPS 2021), quality too (Madhusudana, Birkbeck, Wang, Adsumilli & Bovik, "Image Quality Assessment using Synthetic
Images", WACV-W 2022: one model from plain leaves, a better one from textured leaves).

Each leaf is a disc, an ellipse, a rectangle or a convex polygon. Radii of the circle around it follow r⁻³ from a
smallest one, drawn for each picture, to half the side. The deepest leaf covers the whole picture, so that nothing is
left bare; above it a pixel lies under ``DEPTH`` leaves on average. Drawing is done at twice the size and averaged
down 2×2, so that edges are anti-aliased: a staircase would be a distortion of its own in an image that is meant to be
pristine. Textured leaves add to their colour a pattern (``leaf_textures``): each is of one of 256 materials drawn for
the picture.

An image is a function of (seed, index, size, kind) alone; equal bytes also need the same versions of NumPy and OpenCV.

Shape suffixes: N leaves, V corners of one, M materials, H, W, C of an image.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from contrique.errors import ContriqueError
from contrique.learning.corpora import leaf_textures
from contrique.learning.corpora.leaf_shapes import SHAPES, mean_area, polygons

KINDS = ("plain", "textured")
SIZES = (32, 4096)
"""Smallest and largest side of an image, pixels."""
SMALLEST = (5.0, 20.0)
"""The smallest radius of a picture's leaves, pixels, is log-uniform in this range: some are cluttered, some calm."""
DEPTH = 3.0
"""Leaves above a pixel, on average: e⁻³ = 5 % of a picture shows the deepest leaf."""
MATERIALS = 256
"""Materials of a picture, each a colour and a pattern; every leaf is of one of them."""

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
_ZOOM = 2  # samples a pixel, along each side
_SHIFT = 4  # fractional bits of the coordinates that OpenCV gets
_BAND = 32  # rows that are coloured at a time, so that what is in between stays in the processor's cache

# Colours of leaves on three axes: (R + G + B)/3, (R − B)/2, (R − 2G + B)/4, which are nearly independent in natural
# scenes (Buchsbaum & Gottschalk 1983; Ruderman et al. 1998). Measured on 826 photographs (BSDS500, CID22, CLIC, GB82)
# at 64×64: mean and deviation of a picture's mean; median and log-deviation of the deviation within a picture.
_MEAN = np.array([114.0, 6.0, -2.0])
_MEAN_DEVIATION = np.array([38.0, 18.0, 6.5])
_MEAN_LEAST, _MEAN_MOST = np.array([40.0, -40.0, -15.0]), np.array([210.0, 40.0, 15.0])
_WITHIN = np.array([46.0, 15.0, 4.3])
_WITHIN_DEVIATION = np.array([0.35, 0.6, 0.75])
_FADE = 60.0  # colour fades within so many grey levels of black and of white, as there
_TO_RGB = np.linalg.inv(np.array([[1 / 3, 1 / 3, 1 / 3], [1 / 2, 0, -1 / 2], [1 / 4, -1 / 2, 1 / 4]]))

# A texture's deviation within its leaf, grey levels: log-normal; its colour strays from that of a shade by this share.
_CONTRAST, _CONTRAST_DEVIATION, _CONTRAST_MOST = 12.0, 0.7, 40.0
_TINT = 0.25


@dataclass(frozen=True)
class Leaves:
    """The leaves of one picture in the order they fall, less the deepest, which covers everything.

    Attributes:
        centre_N2: x and y, pixels; beyond the picture for leaves that reach into it.
        radius_N: radius of the circle around the leaf, pixels.
        shape_N: which of ``SHAPES`` shapes it is.
        angle_N: how far it is turned, radians.
    """

    centre_N2: Floats
    radius_N: Floats
    shape_N: NDArray[np.int64]
    angle_N: Floats


def image(seed: int, index: int, size: int = 512, kind: str = "plain") -> Image:
    """Make one image.

    Args:
        seed: of the collection, not negative.
        index: which image of the collection, not negative.
        size: its side, pixels, within ``SIZES``.
        kind: one of ``KINDS``; both show the same leaves in the same colours.

    Returns:
        uint8 (size, size, 3) RGB.

    Raises:
        ContriqueError: an argument is out of its range.
    """
    if kind not in KINDS:
        raise ContriqueError(f"dead leaves: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise ContriqueError(f"dead leaves: size must be from {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    if seed < 0 or index < 0:
        raise ContriqueError(f"dead leaves: seed and index must not be negative, got {seed} and {index}")
    rng = np.random.default_rng([seed, index, 0xDEAD1EAF])
    leaves = scatter(rng, size)
    material_N = rng.integers(MATERIALS, size=len(leaves.radius_N), dtype=np.uint8)
    fine_HW = draw(leaves, material_N, int(rng.integers(MATERIALS)), size)
    colour_M13 = colours(rng, MATERIALS)[:, None]
    pattern = _Patterns(rng, size) if kind == "textured" else None
    out_HWC = np.empty((size, size, 3), np.uint8)
    for top in range(0, size, _BAND):  # so that what is in between stays in the processor's cache
        rows, fine_rows = slice(top, top + _BAND), slice(top * _ZOOM, (top + _BAND) * _ZOOM)
        coloured_HWC = cv2.applyColorMap(fine_HW[fine_rows], colour_M13)
        cv2.resize(coloured_HWC, (size, len(out_HWC[rows])), out_HWC[rows], interpolation=cv2.INTER_AREA)
        if pattern is not None:
            pattern.add(out_HWC[rows], np.ascontiguousarray(fine_HW[fine_rows][::_ZOOM, ::_ZOOM]), top)
    return out_HWC


def contact_sheet(seed: int, count: int, size: int = 512, kind: str = "plain", *, cell: int = 256) -> Image:
    """The first ``count`` images of a collection, side by side.

    Args:
        seed, size, kind: as of ``image``.
        count: how many, from 1 to 400.
        cell: side of each on the page, pixels; smaller images are shown as they are.

    Returns:
        uint8 RGB page, 4 to 20 images wide.

    Raises:
        ContriqueError: an argument is out of its range.
    """
    if not 1 <= count <= 400:
        raise ContriqueError(f"a sheet of dead leaves takes 1 to 400 images, got {count}")
    columns = min(count, 4 if count <= 16 else 8 if count <= 64 else 20)
    cell = min(cell, size)
    page_HWC = np.full((-(-count // columns) * cell, columns * cell, 3), 255, np.uint8)
    for i in range(count):
        y, x = i // columns * cell, i % columns * cell
        shrunk = cv2.resize(image(seed, i, size, kind), (cell, cell), interpolation=cv2.INTER_AREA)
        page_HWC[y : y + cell, x : x + cell] = shrunk
    return page_HWC


def scatter(rng: np.random.Generator, size: int) -> Leaves:
    """Let leaves fall on a picture.

    A stationary process over the whole plane, seen through the picture's window: the number that touch it is Poisson,
    their radii have density r⁻³ · (size + 2r)² there (the window grown by r on each side, where centres may lie), and
    those whose centre is inside have r⁻³ exactly.
    """
    high = size / 2
    low = min(math.exp(rng.uniform(*np.log(SMALLEST))), high / 2)
    # r⁻³ (size + 2r)² is a sum of three power laws, each a Poisson process with an inverse in closed form.
    density = DEPTH / (mean_area() * math.log(high / low))  # the mean over a pixel: ∫ density · area · r² · r⁻³ dr
    masses = (size**2 * (low**-2 - high**-2) / 2, 4 * size * (1 / low - 1 / high), 4 * math.log(high / low))
    u, v, w = (rng.random(rng.poisson(density * mass)) for mass in masses)
    radius_N = np.concatenate(
        [
            (low**-2 - u * (low**-2 - high**-2)) ** -0.5,
            1 / (1 / low - v * (1 / low - 1 / high)),
            low * (high / low) ** w,
        ]
    )
    rng.shuffle(radius_N)
    count = len(radius_N)
    centre_N2 = rng.random((count, 2)) * (size + 2 * radius_N[:, None]) - radius_N[:, None]
    return Leaves(centre_N2, radius_N, rng.integers(SHAPES, size=count), rng.uniform(0, 2 * np.pi, count))


def draw(leaves: Leaves, value_N: Image, deepest: int, size: int) -> Image:
    """Draw leaves on each other, finely.

    Args:
        leaves: what to draw.
        value_N: uint8, what to write into the samples of each.
        deepest: what to write where there is none.
        size: side of the picture, pixels.

    Returns:
        uint8 (2·size, 2·size).
    """
    out_HW = np.full((size * _ZOOM, size * _ZOOM), deepest, np.uint8)
    # Sample i lies at (i + ½)/_ZOOM pixels. OpenCV's fill reaches half a sample further than the polygon.
    centre_N2 = leaves.centre_N2 * _ZOOM - 0.5
    outlines = polygons(centre_N2, leaves.radius_N * _ZOOM - 0.5, leaves.shape_N, leaves.angle_N, 2**_SHIFT)
    fill = cv2.fillConvexPoly
    for points_V2, value in zip(outlines, value_N.tolist(), strict=True):
        fill(out_HW, points_V2, value, cv2.LINE_8, _SHIFT)
    return out_HW


def colours(rng: np.random.Generator, count: int) -> Image:
    """Colours (count, 3) that go together as those of one photograph do."""
    mean_3 = np.clip(rng.normal(_MEAN, _MEAN_DEVIATION), _MEAN_LEAST, _MEAN_MOST)
    within_3 = _WITHIN * np.exp(rng.normal(0, _WITHIN_DEVIATION))
    axes_N3 = rng.normal(mean_3, within_3, (count, 3))
    axes_N3[:, 0] = np.clip(axes_N3[:, 0], 0, 255)
    axes_N3[:, 1:] *= np.clip(np.minimum(axes_N3[:, :1], 255 - axes_N3[:, :1]) / _FADE, 0, 1)
    return np.clip(np.rint(axes_N3 @ _TO_RGB.T), 0, 255).astype(np.uint8)


class _Patterns:
    """The pattern of each material of a picture, which starts at a place of its own."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._texture_M = rng.integers(leaf_textures.COUNT, size=MATERIALS, dtype=np.uint8)
        self._y_M, self._x_M = rng.integers(leaf_textures.SIDE, size=(2, MATERIALS), dtype=np.uint8)
        contrast_M = np.minimum(_CONTRAST * np.exp(rng.normal(0, _CONTRAST_DEVIATION, MATERIALS)), _CONTRAST_MOST)
        gain_3M = contrast_M / leaf_textures.UNIT * (1 + rng.normal(0, _TINT, (3, MATERIALS)))
        self._gain_1M3 = np.ascontiguousarray(gain_3M.T, np.float32)[None]
        self._across = np.arange(size).astype(np.uint8)  # bytes: they start anew where the texture does

    def add(self, plain_HWC: Image, material_HW: Image, top: int) -> None:
        """Add to some rows of pixels, from row ``top``, in place, the patterns of their materials."""
        x_HW = cv2.LUT(material_HW, self._x_M) + self._across
        y_HW = cv2.LUT(material_HW, self._y_M) + self._across[top : top + len(plain_HWC), None]
        texture_HW = cv2.LUT(material_HW, self._texture_M)
        # Four bytes, read as two numbers: the column and the row in all textures, one below the other.
        place_HW2 = cv2.merge([x_HW, np.zeros_like(material_HW), y_HW, texture_HW]).view("<i2")
        textures_HW = leaf_textures.atlas().reshape(-1, leaf_textures.SIDE)
        pattern_HW = cv2.remap(textures_HW, place_HW2, np.empty(0), cv2.INTER_NEAREST).astype(np.float32)
        gain_HWC = cv2.LUT(cv2.merge([material_HW] * 3), self._gain_1M3)
        cv2.add(plain_HWC, cv2.multiply(cv2.merge([pattern_HW] * 3), gain_HWC), plain_HWC, dtype=cv2.CV_8U)
