"""From rated images and a model's encoder to a model whose encoder was tuned on the ratings: ``contrique finetune``.

    frozen features of all images, ridge on the training images  →  tune  →  features anew, ridge on all images

The result is still an encoder and a linear regressor. Features of images that the encoder was trained on flatter it, so
cross-validation over them would choose too weak a ridge and promise too narrow an interval: strength, agreement and
interval come from the validation images, rated by a ridge that saw the training images alone. They chose the epoch too
(of a few), and so are slightly kind; images that played no part at all are the better judge.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from contrique.engines import load_engine
from contrique.errors import ContriqueError
from contrique.evaluation.cache import FeatureCache, cached_features
from contrique.evaluation.conformal import LEVEL, half_width
from contrique.evaluation.correlation import plcc, srocc
from contrique.evaluation.fitted_card import described
from contrique.evaluation.fitting import mapping_of
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.regressor import Regressor, needs_standardising
from contrique.evaluation.ridge import RidgePath, best_strength, fit_ridge
from contrique.evaluation.splits import group_split
from contrique.images import Preprocessing
from contrique.learning.encoders import Encoder
from contrique.learning.export import export_onnx, load_extractor, save_encoder
from contrique.learning.run.run_folder import warn
from contrique.learning.tuning.network import Rater
from contrique.learning.tuning.settings import Settings
from contrique.learning.tuning.tune import Tuned, tune
from contrique.model import QualityModel

COVERAGE_SPLITS = 10


@dataclass(frozen=True)
class FineTuned:
    """What came out.

    Attributes:
        model: saved; None where a signal stopped the run.
        run: how the run ended.
        left_out: images that could not be used: reason by position in the ratings.
    """

    model: QualityModel | None
    run: Tuned
    left_out: dict[int, str]


def finetune(
    ratings: Ratings,
    start: QualityModel,
    target: Path,
    settings: Settings,
    *,
    name: str,
    run: Path,
    about: str | None = None,
    level: float = LEVEL,
    scale_min: float | None = None,
    scale_max: float | None = None,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> FineTuned:
    """Tune a model's encoder on ratings, refit its regressor, and write the model.

    Args:
        ratings: from ``read_ratings``, without references.
        start: the model whose encoder is tuned; it stays as it is.
        target: the model folder to write.
        settings: how.
        name: the new model's name.
        run: folder of the run's state; a run that was stopped there goes on.
        about: whose ratings they are and under which licence, for the card.
        level: wanted coverage of the interval.
        scale_min: as in ``fit_model``.
        scale_max: likewise.
        cache: where features are kept, or None.
        progress: show bars on standard error.

    Raises:
        ContriqueError: too few images or groups, ratings that are all the same, crops smaller than what the model
            takes, or ``run`` holds another run.
        OSError: the disk is full or cannot be written.
    """
    if ratings.references is not None:
        raise ContriqueError("an encoder is tuned without references: fit the tuned model to them afterwards")
    mapping_of(ratings, scale_min, scale_max)  # before the work, not after it
    if settings.crop < start.preprocessing.min_side:
        raise ContriqueError(
            f"crop: {start.name} takes sides of {start.preprocessing.min_side} pixels or more, got {settings.crop}"
        )
    start = floating(start)
    features_ND, left_out = cached_features(start, ratings.paths, cache, progress=progress)
    keep_N = np.array([index not in left_out for index in range(len(ratings))], dtype=bool)
    features_ND, ratings = features_ND[keep_N], ratings.only(keep_N)
    mapping = mapping_of(ratings, scale_min, scale_max)
    shares = (1 - settings.validation, settings.validation)
    training, validation = group_split(ratings.groups, shares, seed=settings.seed)
    _check_enough(ratings, training, validation, level)
    standardise = needs_standardising(start.card)
    x_ND, y_N, groups_N = features_ND[training], ratings.scores[training], ratings.groups[training]
    frozen = fit_ridge(x_ND, y_N, groups_N, standardise=standardise, seed=settings.seed)
    rater = Rater(load_extractor(start.folder), frozen.regressor, x_ND, y_N)
    same = {"settings": settings.to_dict(), "ratings": ratings.digest, "images": len(ratings), "encoder": start.digest}
    ended = tune(
        *(rater, start, ratings.paths, ratings.scores, training, validation, settings, run),
        same=same,
        progress=progress,
        warn=warn,
    )
    if ended.signal is not None:
        return FineTuned(None, ended, left_out)
    predicted_V = frozen.regressor.predict(features_ND[validation])
    training_card = {
        "method": "fine-tuned on ratings",
        "ratings": ratings.source,
        "ratings_digest": ratings.digest,
        **({} if about is None else {"about": about}),
        "images": {"training": len(training), "validation": len(validation)},
        "settings": settings.to_dict(),
        "frozen_srocc": srocc(predicted_V, ratings.scores[validation]),
        "epochs": ended.history,
        "epoch": ended.best,
        "start": {"name": start.name, "digest": start.digest, "training": start.card.get("training")},
    }
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.resolve().parent) as folder:
        encoder = _saved(rater, start, Path(folder) / "encoder", name, training_card)
        tuned_ND, broken = cached_features(encoder, ratings.paths, cache, progress=progress)
        if broken:
            raise ContriqueError(f"{ratings.paths[min(broken)]}: could be read before, and now: {broken[min(broken)]}")
        regressor, card, agreement = fit_tuned(
            tuned_ND, ratings, training, validation, mapping, standardise=standardise, level=level, seed=settings.seed
        )
        if about is not None:
            card["about"] = about
        encoder.with_regressor(regressor, card, name=name, agreement=agreement).save(target)
    return FineTuned(QualityModel.load(target), ended, left_out)


def fit_tuned(
    features_ND: np.ndarray,
    ratings: Ratings,
    training: np.ndarray,
    validation: np.ndarray,
    mapping: dict[str, Any],
    *,
    standardise: bool = True,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[Regressor, dict[str, Any], dict[str, Any]]:
    """Fit features of a tuned encoder to ratings.

    Returns:
        The regressor, fitted to all images with the strength of least error on the validation images, and the card's
        parts ``regressor`` and ``agreement`` (as ``fit_features``), which come from the validation images: rated by a
        fit to the training images alone.
    """
    path = RidgePath(features_ND[training], ratings.scores[training], standardise=standardise)
    strengths_A = path.strengths()
    predicted_VA = np.stack([fit.predict(features_ND[validation]) for fit in path.regressors(strengths_A)], axis=1)
    wanted_V = ratings.scores[validation]
    best = best_strength(predicted_VA, wanted_V)
    residuals_V = wanted_V - predicted_VA[:, best]
    width = half_width(residuals_V, level)
    coverage = _coverage(residuals_V, ratings.groups[validation], level, seed)
    whole = RidgePath(features_ND, ratings.scores, standardise=standardise).regressors(strengths_A[best : best + 1])[0]
    card = {
        "kind": "ridge on standardised features" if standardise else "ridge",
        **described(ratings, mapping),
        "strength": float(strengths_A[best]),
        "strength_by": f"least error on {len(validation)} validation images",
        "seed": seed,
        "interval": {
            "level": level,
            "half_width": width,
            "half_width_points": 100 * width / (mapping["high"] - mapping["low"]),
            "coverage": None,
            **coverage,
        },
    }
    agreement = {
        "ratings": ratings.source,
        "protocol": f"{len(validation)} validation images of other groups than those the encoder was tuned on; they "
        "chose the epoch and the regressor's strength",
        "srocc": srocc(predicted_VA[:, best], wanted_V),
        "plcc": plcc(predicted_VA[:, best], wanted_V),
    }
    return whole, card, agreement


def floating(model: QualityModel) -> QualityModel:
    """The same model, or one with the float weights beside its 8-bit graph: those are what is tuned."""
    about = model.card["encoder"]
    if "precision" not in about:
        return model
    about = {key: value for key, value in about.items() if key not in ("precision", "calibration")}
    return QualityModel(model.folder, {**model.card, "encoder": about}, load_engine(model.folder, "torch"))


def _coverage(residuals_V: np.ndarray, groups_V: np.ndarray, level: float, seed: int) -> dict[str, Any]:
    """How often an interval from half of the validation groups holds the ratings of the other half, over splits."""
    if len(np.unique(groups_V)) < 2:
        return {}
    held = []
    for split in range(COVERAGE_SPLITS):
        calibrating, counting = group_split(groups_V, (0.5, 0.5), seed=(seed, split))
        width = half_width(residuals_V[calibrating], level)
        held.append(float(np.mean(np.abs(residuals_V[counting]) <= width)))
    ends = {"coverage": float(np.mean(held)), "coverage_low": min(held), "coverage_high": max(held)}
    return {**ends, "coverage_splits": COVERAGE_SPLITS}


def _check_enough(ratings: Ratings, training: np.ndarray, validation: np.ndarray, level: float) -> None:
    """Refuse what cannot be trained on or judged."""
    if len(np.unique(ratings.groups[training])) < 2 or len(np.unique(ratings.scores[training])) < 2:
        raise ContriqueError(f"{len(training)} training images of one group or with one rating: too few to tune on")
    if not np.isfinite(half_width(np.zeros(len(validation)), level)) or len(np.unique(ratings.scores[validation])) < 2:
        raise ContriqueError(
            f"{len(validation)} validation images are too few to choose an epoch and for an interval that holds "
            f"{level:.0%} of ratings: a larger --validation, or more images"
        )


def _saved(rater: Rater, start: QualityModel, folder: Path, name: str, training: dict[str, Any]) -> QualityModel:
    """The tuned encoder as a model folder without regressor, loaded."""
    about = start.card["encoder"]
    save_encoder(
        cast(Encoder, cast(Any, rater.extractor.encoder).cpu()),
        folder,
        name=name,
        training=training,
        features=about["features"],
        licence=start.card["licence"],
        normalise=(about["mean"], about["std"]) if "mean" in about else None,
        preprocessing=Preprocessing.from_dict(start.card["preprocessing"]),
    )
    export_onnx(folder)
    return QualityModel.load(folder)
