"""Tiny copies of published sets, laid out as their authors ship them: few images of one grey, or empty files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image


def touch(folder: Path, names: Iterable[str]) -> Path:
    """Make empty files: reading a set looks at names only."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def paint(folder: Path, names: Iterable[str], size: tuple[int, int] = (40, 32)) -> Path:
    """Make images of noise, each another, of growing contrast."""
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(index)
        pixels_HWC = 128 + 8 * (1 + index % 12) * rng.uniform(-1, 1, (size[1], size[0], 3))
        Image.fromarray(pixels_HWC.astype(np.uint8)).save(folder / name)
    return folder


def koniq10k(root: Path, count: int = 10) -> list[str]:
    """KonIQ-10k with empty images in both sizes, and the CSV that has the split: 6 : 2 : 2 of every ten."""
    names = [f"{10004473376 + index}.jpg" for index in range(count)]
    for size in ("1024x768", "512x384"):
        touch(root / size, names)
    sets = ["training"] * 6 + ["validation"] * 2 + ["test"] * 2
    lines = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"]
    lines += [f"{name},0,2,5,90,8,105,{40.5 + i},0.5,{sets[i % 10]}" for i, name in enumerate(names)]
    (root / "koniq10k_distributions_sets.csv").write_text("\n".join(lines) + "\n")
    return names
