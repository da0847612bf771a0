"""Images rated by their weak noise in colour, under strong noise in lightness that is all a random encoder sees."""

from pathlib import Path

import numpy as np
from PIL import Image
from tiny_encoder import Tiny

from contrique.evaluation.ratings import Ratings, read_ratings
from contrique.learning import encoders
from contrique.learning.export import export_onnx, save_encoder
from contrique.model import QualityModel


class Shallow(Tiny):
    """The tiny encoder seen at its first layer only: six filters of random colours."""

    statistics = (0,)


def planted(folder: Path, count: int = 160, size: int = 64) -> Ratings:
    """Make images and scores.csv; two images share a group."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(5)
    lines = ["name,mos,group"]
    for index in range(count):
        light, colour = rng.uniform(3, 20), rng.uniform(0, 4)
        image = 128 + light * rng.normal(size=(size, size, 1))
        image = image + colour * rng.normal(size=(size, size, 1)) * (1, -1, 0)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{index}.png")
        lines.append(f"{index}.png,{5 - colour / 2:.3f},{index // 2}")
    (folder / "scores.csv").write_text("\n".join(lines))
    return read_ratings(folder / "scores.csv", images=folder / "images")


def tiny_model(folder: Path, *, graph: bool = False) -> QualityModel:
    """A model folder of ``Shallow``, which must be among ``ENCODERS`` as "tiny"."""
    assert "tiny" in encoders.ENCODERS
    save_encoder(Shallow(), folder, name="tiny", training={"method": "none"}, exact=True)
    if graph:
        export_onnx(folder)
    return QualityModel.load(folder)
