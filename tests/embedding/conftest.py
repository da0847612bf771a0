"""Pictures on disk that the drawing tests share."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photographs(tmp_path):
    """Three different pictures of different sizes in one folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, (height, width) in enumerate([(60, 90), (80, 64), (72, 72)]):
        rng = np.random.default_rng(number)
        small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder
