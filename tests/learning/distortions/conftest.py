"""What the tests of the distortions share: a synthetic photograph, and measures that are not ours."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """uint8 RGB, 120 × 160: 1/f texture, saturated colours, sharp edges, a smooth sky; read-only."""
    height, width = 120, 160
    rng = np.random.default_rng(20_261_121)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    spectrum = 1 / np.maximum(np.hypot(fy, fx), 1 / width)
    noise = rng.standard_normal((3, height, width))
    texture = np.fft.ifft2(np.fft.fft2(noise) * spectrum).real
    texture = np.moveaxis(texture / texture.std(axis=(1, 2), keepdims=True), 0, 2)
    y, x = np.mgrid[0:height, 0:width]
    image = 120 + 25 * texture + 30 * texture.mean(axis=2, keepdims=True)
    image[y < 30] = np.stack([90 + y, 130 + y, 190 + 0.3 * x], axis=2)[y < 30]
    image[(x - 45) ** 2 + (y - 75) ** 2 < 400] += [90, -60, -70]
    image[60:100, 95:145] = np.array([30, 60, 45]) + 8 * texture[60:100, 95:145]
    image[[63, 66, 71, 73, 80, 94], 100:140] = [230, 220, 120]
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    image.setflags(write=False)
    return image
