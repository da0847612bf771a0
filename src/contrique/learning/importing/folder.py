"""From a published checkpoint, and a regressor beside it, to a model folder that scores as its authors' code does."""

import os
import tempfile
from pathlib import Path
from typing import Any

from contrique.card import digest
from contrique.errors import ContriqueError
from contrique.images import Preprocessing
from contrique.learning.encoders import ENCODERS, build
from contrique.learning.export import export_onnx, save_encoder
from contrique.learning.features import FeatureExtractor
from contrique.learning.importing.checkpoint import IMAGENET, Checkpoint, read_checkpoint
from contrique.learning.importing.regressors import check_width, describe
from contrique.learning.importing.ridge_pickle import read_ridge
from contrique.model import QualityModel, check_free

SIZES = Preprocessing(max_scored_pixels=2**24)
"""Published code scores an image at the size it has. So do we, up to 16.8 megapixels: a bound on memory, 300 bytes a
pixel for a ResNet-50."""

KINDS = {
    "contrique": "the authors' release of CONTRIQUE",
    "torchvision": "a checkpoint with torchvision's names",
    "unknown": "a checkpoint of unknown origin",
}
NORMALISE = ("imagenet", "none")


def import_checkpoint(
    file: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    encoder: str = "resnet50",
    features: str = "last-mean",
    normalise: str | None = None,
    regressor: str | os.PathLike[str] | None = None,
    name: str | None = None,
    licence: str = "as its authors say",
    **scale: Any,
) -> tuple[QualityModel, Checkpoint]:
    """Make a model folder of a published checkpoint.

    Weights stay float32, so that scores are the published ones, and an ONNX graph is written beside them.

    Args:
        file: the checkpoint; or ``"imagenet"`` for an EfficientNet-Lite's published weights.
        output: the model folder; an older model there is replaced.
        encoder: one of ``contrique.learning.encoders.ENCODERS``.
        features: ``"last-mean"``, the paper's, ``"statistics"`` or, of an EfficientNet-Lite, ``"blocks"``.
        normalise: ``"imagenet"`` or ``"none"``; None for what the checkpoint is known to want.
        regressor: a pickled scikit-learn Ridge, read without executing anything.
        name: the model's; the folder's name if left out.
        licence: of the weights, for the card.
        scale: direction and ends of the regressor's ratings, as in ``regressors.describe``.

    Returns:
        The model, and what was in the checkpoint.

    Raises:
        ContriqueError: the checkpoint or the regressor cannot be used, or something has to be said about them.
        MissingExtra: onnx is not installed.
    """
    target = Path(output)
    check_free(target)
    if encoder not in ENCODERS:
        raise ContriqueError(f"expected an encoder among {', '.join(ENCODERS)}; got {encoder!r}")
    if os.fspath(file) == "imagenet":
        checkpoint = Checkpoint(build(encoder, "imagenet"), "unknown", {})
        source: dict[str, Any] = {"weights": "imagenet", "origin": "the published ImageNet weights"}
    else:
        path = Path(file)
        checkpoint = read_checkpoint(path, encoder)
        source = {"weights": path.name, "digest": digest(path), "origin": KINDS[checkpoint.kind]}
    if checkpoint.left_out:
        source["left_out"] = checkpoint.left_out
    means = _means(normalise, checkpoint.kind, encoder)
    fitted = None
    if regressor is not None:  # before the work, not after it
        ridge, made = read_ridge(Path(regressor))
        fitted = ridge, describe(Path(regressor), made, **scale)
        check_width(ridge, len(SIZES.scales) * FeatureExtractor(checkpoint.encoder, features).dim, Path(regressor))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        save_encoder(
            checkpoint.encoder,
            folder,
            name=name or target.resolve().name,
            training=source,
            features=features,
            licence=licence,
            normalise=means,
            preprocessing=SIZES,
            exact=True,
        )
        export_onnx(folder)
        model = QualityModel.load(folder, engine="onnx")
        if fitted is not None:
            model = model.with_regressor(*fitted, name=model.name)
        model.save(target)
    return QualityModel.load(target), checkpoint


def _means(normalise: str | None, kind: str, encoder: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Means and deviations for the card, None for none."""
    if normalise is None:
        if encoder != "resnet50":
            normalise = "none"  # their input scale is part of the network
        elif kind == "unknown":
            raise ContriqueError(
                "the checkpoint does not say what its input is normalised with: say --normalise imagenet (as "
                "torchvision's own weights) or --normalise none (RGB in 0 to 1, as CONTRIQUE's)"
            )
        else:
            normalise = "imagenet" if kind == "torchvision" else "none"
    if normalise not in NORMALISE:
        raise ContriqueError(f"expected a normalisation among {', '.join(NORMALISE)}; got {normalise!r}")
    return IMAGENET if normalise == "imagenet" else None
