"""Makes demo/photographs from photographs that three Python packages ship; run by hand, never by the demo.

    pip download --no-deps -d wheels scikit-image==0.26.0 scikit-learn==1.9.1 scipy==1.11.4
    python demo/make_photographs.py wheels              (needs the extra `learn`)

Each photograph is taken as it is, or is degraded by contrique's own distortions (name, level from 1 to 5), one after
the other. All are saved as JPEG of quality 95 without colour subsampling, so that the saving itself does no harm to
see. Who took the photographs, and under which licences they are free, is told in photographs/CREDITS.md.
"""

import bz2
import csv
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from contrique.learning.distortions import distort

PHOTOGRAPHS = Path(__file__).parent / "photographs"

SOURCES = {
    "astronaut": "scikit_image/skimage/data/astronaut.png",
    "coffee": "scikit_image/skimage/data/coffee.png",
    "cat": "scikit_image/skimage/data/chelsea.png",
    "launch": "scikit_image/skimage/data/rocket.jpg",
    "pagoda": "scikit_learn/sklearn/datasets/images/china.jpg",
    "dahlia": "scikit_learn/sklearn/datasets/images/flower.jpg",
    "raccoon": "scipy/scipy/misc/face.dat",
}
"""Name of each photograph, and the wheel and the member of it that hold it."""

MADE = (
    ("dahlia", "dahlia", "as it was taken", ()),
    ("pagoda", "pagoda", "as it was taken", ()),
    ("pagoda-blurred", "pagoda", "Gaussian blur", (("gaussian_blur", 5),)),
    ("pagoda-jpeg", "pagoda", "saved as very small JPEG", (("jpeg", 5),)),
    ("pagoda-noisy", "pagoda", "noise", (("white_noise", 5),)),
    ("raccoon", "raccoon", "as it was taken", ()),
    ("raccoon-out-of-focus", "raccoon", "out of focus", (("lens_blur", 5),)),
    ("coffee", "coffee", "as it was taken", ()),
    (
        "coffee-old-phone",
        "coffee",
        "dim light, old phone",
        (("darken", 4), ("lens_blur", 2), ("white_noise", 4), ("jpeg", 3)),
    ),
    ("astronaut", "astronaut", "as it was taken", ()),
    ("cat-moved", "cat", "camera moved", (("motion_blur", 5),)),
    ("launch", "launch", "as it was taken", ()),
)
"""Name of each file, its photograph, what was done in words, and the distortions that did it."""

LONGEST_SIDE = 720
"""Larger photographs are shrunk to this, so that the folder stays small."""


def read_source(wheels: Path, name: str) -> Image.Image:
    """One photograph out of the wheels."""
    package, _, member = SOURCES[name].partition("/")
    wheel = next(iter(wheels.glob(f"{package}-*.whl")), None)
    if wheel is None:
        raise SystemExit(f"{wheels} holds no wheel of {package}: see the top of this file")
    data = zipfile.ZipFile(wheel).read(member)
    if member.endswith(".dat"):  # SciPy keeps its photograph as compressed bytes of 768 × 1024 RGB pixels
        return Image.fromarray(np.frombuffer(bz2.decompress(data), np.uint8).reshape(768, 1024, 3))
    return Image.open(io.BytesIO(data)).convert("RGB")


def main(wheels: Path) -> None:
    """Make every photograph, and the list of them that the demo reads."""
    PHOTOGRAPHS.mkdir(exist_ok=True)
    rows = []
    for name, source, done, steps in MADE:
        photograph = read_source(wheels, source)
        photograph.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        image_HWC = np.asarray(photograph)
        for distortion, level in steps:
            image_HWC = distort(image_HWC, distortion, level)
        file = PHOTOGRAPHS / f"{name}.jpg"
        Image.fromarray(image_HWC).save(file, quality=95, subsampling=0, optimize=True)
        rows.append((file.name, done, ", ".join(f"{distortion} {level}" for distortion, level in steps)))
        print(f"{file.name:<28}{file.stat().st_size // 1024:>4} KiB  {done}")
    with (PHOTOGRAPHS / "photographs.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "done", "distortions"))
        writer.writerows(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
