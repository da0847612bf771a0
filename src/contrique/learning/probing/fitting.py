"""From an encoder and pristine photographs to a model that tells distortions: views, features, two fits, card.

Photographs come in random order: the first 70 % are fitted to, the next 10 % choose the strength, and the last 20 %
measure the result. The probe that is kept is then fitted to all of them with that strength.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique import __version__
from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache
from contrique.learning.probing.fit import choose_strength, fit_kinds, fit_levels, standardiser
from contrique.learning.probing.measures import measure
from contrique.learning.probing.samples import KINDS, VERSION, collect
from contrique.probe import Probe

if TYPE_CHECKING:
    from contrique.model import QualityModel

FIT, CHOOSE = 0.7, 0.8
"""Where the parts of photographs end."""

LEAST = 10
"""Fewest photographs: two of them measure."""


def fit_probe(
    model: "QualityModel",
    paths: Sequence[Path],
    *,
    name: str,
    about: Mapping[str, Any],
    most: int | None = None,
    levels: int = 1,
    seed: int = 0,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> "tuple[QualityModel, dict[Path, str]]":
    """Fit a probe to a model's features: what ``contrique probe`` does.

    Args:
        model: its encoder gives the features; a regressor it has is kept, a probe replaced.
        paths: photographs without visible distortion.
        name: the new model's name.
        about: what the card says of the photographs, such as ``source`` and ``licences``.
        most: how many photographs to use at most, drawn at random.
        levels: how many of the five levels of each type a photograph is seen at.
        seed: of all that is drawn.
        cache: where features are kept, or None.
        progress: show a bar on standard error.

    Returns:
        The model, ready to ``save``, and the photographs that could not be used, with the reason.

    Raises:
        ContriqueError: fewer than ten photographs can be used.
        MissingExtra: OpenCV or scipy (extra ``learn``) is not installed.
    """
    samples = collect(model, paths, most=most, levels=levels, seed=seed, cache=cache, progress=progress)
    photographs, kinds = len(samples.used), len(KINDS)
    if photographs < LEAST:
        raise ContriqueError(f"a probe needs at least {LEAST} photographs that can be used, got {photographs}")
    x_ND, kind_N, level_N = samples.features_ND, samples.kind_N, samples.level_N
    views = len(x_ND) // photographs
    photo_N = np.repeat(np.arange(photographs), views)
    fit_end, choose_end = (views * round(photographs * share) for share in (FIT, CHOOSE))
    fit, choose, test = slice(fit_end), slice(fit_end, choose_end), slice(choose_end, None)

    raw_test_ND = x_ND[test].copy()
    mean_D, scale_D = standardiser(x_ND[fit])
    x_ND -= mean_D
    x_ND /= scale_D
    strength, weights = choose_strength(x_ND[fit], kind_N[fit], x_ND[choose], kind_N[choose], kinds)
    lines = fit_levels(x_ND[fit], kind_N[fit], level_N[fit], photo_N[fit], kinds, seed=seed)
    tried = _probe(mean_D, scale_D, weights, lines)
    measured = measure(KINDS, *tried.predict(raw_test_ND), kind_N[test], level_N[test])
    weights = fit_kinds(x_ND, kind_N, kinds, strength, weights)
    lines = fit_levels(x_ND, kind_N, level_N, photo_N, kinds, seed=seed)
    card = {
        "kind": "multinomial logistic regression on standardised features; level by ridge for each class",
        "classes": list(KINDS),
        **about,
        "images": photographs,
        "views": len(x_ND),
        "distortions": f"contrique {__version__}, views of version {VERSION}",
        "strength": strength,
        "seed": seed,
        "held_out": {"images": photographs - round(photographs * CHOOSE), "views": len(raw_test_ND), **measured},
    }
    return model.with_probe(_probe(mean_D, scale_D, weights, lines), card, name=name), samples.left_out


def _probe(mean_D: np.ndarray, scale_D: np.ndarray, weights: np.ndarray, lines: np.ndarray) -> Probe:
    """As it will be read back from a file, with its float16."""
    both = np.concatenate([weights, lines])
    arrays = {"mean": mean_D, "scale": scale_D, "weight": both[:, :-1].astype(np.float16), "bias": both[:, -1]}
    return Probe.from_arrays(arrays, KINDS)
