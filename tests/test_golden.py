"""Golden scores: what the shipped model says of the shipped photographs must not drift, whichever engine is used."""

from pathlib import Path

import pytest

import contrique

PHOTOGRAPHS = Path(__file__).parents[1] / "demo" / "photographs"
TOLERANCE = 0.05  # points; builds of libjpeg and of the engines differ by less
SCORES = {
    "astronaut.jpg": 73.65,
    "cat-moved.jpg": 47.16,
    "coffee-old-phone.jpg": 53.59,
    "coffee.jpg": 89.41,
    "dahlia.jpg": 87.49,
    "launch.jpg": 80.63,
    "pagoda-blurred.jpg": 26.66,
    "pagoda-jpeg.jpg": 56.65,
    "pagoda-noisy.jpg": 64.94,
    "pagoda.jpg": 87.51,
    "raccoon-out-of-focus.jpg": 39.44,
    "raccoon.jpg": 82.05,
}


def test_every_photograph_has_its_golden_score() -> None:
    assert set(SCORES) == {path.name for path in PHOTOGRAPHS.glob("*.jpg")}


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_scores_do_not_drift(engine: str) -> None:
    model = contrique.load(engine=engine)
    scores = model.score([PHOTOGRAPHS / name for name in SCORES])
    assert {Path(s.path).name: s.value for s in scores} == pytest.approx(SCORES, abs=TOLERANCE)
