"""Golden scores: what the shipped models say of the shipped photographs must not drift, whichever engine is used."""

from pathlib import Path

import pytest

import contrique
from contrique.model import MODELS

PHOTOGRAPHS = Path(__file__).parents[1] / "demo" / "photographs"
TOLERANCE = 0.05  # points; builds of libjpeg and of the engines differ by less
SCORES = {
    "default": {
        "astronaut.jpg": 69.93,
        "cat-moved.jpg": 59.77,
        "coffee-old-phone.jpg": 40.94,
        "coffee.jpg": 77.45,
        "dahlia.jpg": 82.34,
        "launch.jpg": 95.44,
        "pagoda-blurred.jpg": 29.78,
        "pagoda-jpeg.jpg": 39.76,
        "pagoda-noisy.jpg": 45.86,
        "pagoda.jpg": 82.87,
        "raccoon-out-of-focus.jpg": 38.73,
        "raccoon.jpg": 87.65,
    },
    "accurate": {
        "astronaut.jpg": 76.08,
        "cat-moved.jpg": 60.04,
        "coffee-old-phone.jpg": 39.32,
        "coffee.jpg": 88.53,
        "dahlia.jpg": 83.90,
        "launch.jpg": 94.59,
        "pagoda-blurred.jpg": 27.48,
        "pagoda-jpeg.jpg": 26.69,
        "pagoda-noisy.jpg": 49.65,
        "pagoda.jpg": 89.66,
        "raccoon-out-of-focus.jpg": 42.32,
        "raccoon.jpg": 83.24,
    },
}


@pytest.mark.parametrize("name", MODELS)
def test_every_photograph_has_its_golden_score(name: str) -> None:
    assert set(SCORES[name]) == {path.name for path in PHOTOGRAPHS.glob("*.jpg")}


@pytest.mark.parametrize("engine", ["onnx", "torch"])
@pytest.mark.parametrize("name", MODELS)
def test_scores_do_not_drift(name: str, engine: str) -> None:
    model = contrique.load(name, engine=engine)
    scores = model.score([PHOTOGRAPHS / photograph for photograph in SCORES[name]])
    assert {Path(s.path).name: s.value for s in scores} == pytest.approx(SCORES[name], abs=TOLERANCE)
