"""Results as evaluate gives them, made in a moment: methods that are ratings with more or less noise."""

from typing import Any
from unittest.mock import patch

import numpy as np

from contrique.evaluation.correlation import plcc, rmse
from contrique.evaluation.protocol import MEASURES, as_given, compare

NOISE = {"brisque": 60.0, "niqe": 90.0, "contrique": 15.0}


def example_result(
    noise: dict[str, float] | None = None, *, images: int = 60, splits: int = 4, seed: int = 0, **more: Any
) -> dict[str, Any]:
    """A result of ``images`` images in groups of two, with what ``measure`` adds; ``more`` replaces its keys.

    Args:
        noise: by method, how far its predictions are off; inf gives a method that says the same of all.
    """
    rng = np.random.default_rng(seed)
    scores_N = rng.uniform(0, 100, images)
    methods = {
        name: as_given(np.zeros(images) if np.isinf(much) else scores_N + much * rng.normal(size=images))
        for name, much in (NOISE if noise is None else noise).items()
    }
    groups_N = np.arange(images) // 2
    with patch.dict(MEASURES, plcc_logistic=plcc, rmse=rmse):  # fitting logistics would take most of the time
        result = compare(methods, scores_N, groups_N, ratings="set/scores.csv", splits=splits, seed=seed)
    for row in result["methods"]:
        row["about"] = {"model": row["method"], "digest": "0" * 16, "fit": "none"}
    return result | {
        "split": "random",
        "dataset": None,
        "digest": "f" * 16,
        "names": [f"photo{number}.jpg" for number in range(images)],
        "left_out": [],
        "grouped_by": "scene",
        "lower_is_better": False,
        "full_reference": False,
        **more,
    }
