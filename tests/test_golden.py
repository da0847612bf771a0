"""Golden scores: what the shipped models say of the shipped photographs must not drift, whichever engine is used."""

from pathlib import Path

import pytest

import contrique
from contrique.model import MODELS

PHOTOGRAPHS = Path(__file__).parents[1] / "demo" / "photographs"
TOLERANCE = 0.05  # points; builds of libjpeg and of the engines differ by less
SCORES = {
    "default": {
        "astronaut.jpg": 73.55,
        "cat-moved.jpg": 62.22,
        "coffee-old-phone.jpg": 41.31,
        "coffee.jpg": 80.92,
        "dahlia.jpg": 83.80,
        "launch.jpg": 95.80,
        "pagoda-blurred.jpg": 27.88,
        "pagoda-jpeg.jpg": 39.10,
        "pagoda-noisy.jpg": 45.97,
        "pagoda.jpg": 85.64,
        "raccoon-out-of-focus.jpg": 34.98,
        "raccoon.jpg": 83.68,
    },
    "accurate": {
        "astronaut.jpg": 81.45,
        "cat-moved.jpg": 62.36,
        "coffee-old-phone.jpg": 37.45,
        "coffee.jpg": 89.46,
        "dahlia.jpg": 86.85,
        "launch.jpg": 95.52,
        "pagoda-blurred.jpg": 25.61,
        "pagoda-jpeg.jpg": 22.24,
        "pagoda-noisy.jpg": 44.36,
        "pagoda.jpg": 92.77,
        "raccoon-out-of-focus.jpg": 38.56,
        "raccoon.jpg": 77.87,
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
