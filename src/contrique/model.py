"""A quality model: an encoder, a regressor and a card that says what they are; loaded from and saved to a folder.

Shapes: N images, D features (of every scale, the largest first), H height, W width.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contrique.card import (
    CARD,
    ENCODER_GRAPH,
    ENCODER_WEIGHTS,
    JUDGED,
    PROBE,
    REGRESSOR,
    check_files,
    read_card,
    write_card,
)
from contrique.engines import Engine, load_engine
from contrique.errors import ModelError
from contrique.folders import MODELS, SHIPPED, check_free, model_folder, read_probe, read_regressor
from contrique.images import Preprocessing, Source, fit_size, read_image, scaled, source_name
from contrique.probe import Probe
from contrique.result import Score

if TYPE_CHECKING:
    from contrique.quality_map.made import QualityMap

__all__ = ["MODELS", "SHIPPED", "QualityModel", "check_free", "model_folder"]

BATCH_PIXELS = 2**20
"""Most pixels that go through the engine at once; a batch's maps take about 500 bytes for each."""


class QualityModel:
    """Scores images; ``contrique.load`` makes one.

    Attributes:
        card: what the model is: encoder, preprocessing, training data, what the scale means, licence, agreement.
        name: the card's name.
        digest: names the encoder and the preprocessing: features of models with one digest are the same.
        folder: where the model was loaded from.
        probe: tells distortions by features (``Score.distortions``), or None.
    """

    def __init__(
        self, folder: Path, card: dict[str, Any], engine: Engine, regressor: Any = None, probe: Probe | None = None
    ) -> None:
        self.folder = folder
        self.card = card
        self.name: str = card["name"]
        self.preprocessing = Preprocessing.from_dict(card["preprocessing"])
        self._engine = engine
        self._regressor = regressor
        self.probe = probe
        parts = [card["files"][ENCODER_WEIGHTS], card["encoder"], card["preprocessing"]]
        if "precision" in card["encoder"]:
            parts.append(card["files"].get(ENCODER_GRAPH))  # features are the graph's own, not its weights'
        self.digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None = None, *, engine: str | None = None) -> "QualityModel":
        """Load a model folder.

        Args:
            folder: the model: a folder, or the name of one that ships with contrique (``MODELS``); None: the default.
            engine: ``"onnx"``, ``"torch"``, or None for ONNX where the model has a graph; 8-bit models run by ONNX.

        Raises:
            ModelError: the folder is no model, a file is damaged, or the engine cannot run it.
            MissingExtra: the torch engine is needed and torch is not installed.
        """
        folder = model_folder(folder)
        card = read_card(folder)
        check_files(folder, card)
        try:
            preprocessing = Preprocessing.from_dict(card["preprocessing"])
            preprocessing.check_encoder()
        except (ValueError, TypeError) as error:
            raise ModelError(f"{folder / CARD}: {error}") from error
        regressor = read_regressor(folder / REGRESSOR) if REGRESSOR in card["files"] else None
        if regressor is not None and regressor.coef_D.size != len(preprocessing.scales) * card["encoder"]["dim"]:
            raise ModelError(f"{folder / REGRESSOR}: made for {regressor.coef_D.size} features, not this encoder's")
        probe = read_probe(folder / PROBE, card["probe"]["classes"]) if PROBE in card["files"] else None
        if probe is not None and probe.mean_D.size != len(preprocessing.scales) * card["encoder"]["dim"]:
            raise ModelError(f"{folder / PROBE}: made for {probe.mean_D.size} features, not this encoder's")
        if "precision" in card["encoder"]:
            if engine == "torch":
                raise ModelError(f"{folder}: its features are 8-bit, and only the onnx engine gives those")
            engine = "onnx"
        return cls(folder, card, load_engine(folder, engine), regressor, probe)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the model as a folder of its own; an older model there is replaced, all at once.

        Raises:
            ModelError: the folder exists and is not a model.
        """
        from safetensors.numpy import save_file

        target = Path(folder)
        check_free(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            for name in (ENCODER_WEIGHTS, ENCODER_GRAPH):
                if name in self.card["files"]:
                    shutil.copyfile(self.folder / name, fresh / name)
            for name, fitted in ((REGRESSOR, self._regressor), (PROBE, self.probe)):
                if fitted is not None:
                    save_file(fitted.to_arrays(), fresh / name)
                    (fresh / name).chmod(0o644)  # safetensors makes it private
            write_card(fresh, self.card)
            fresh.chmod(0o755)
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
                target.rename(old / target.name)
                fresh.rename(target)
                shutil.rmtree(old)
            else:
                fresh.rename(target)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        return target

    def with_regressor(self, regressor: Any, about: dict[str, Any], *, name: str, **more: Any) -> "QualityModel":
        """This encoder with another regressor.

        Args:
            regressor: from ``contrique.evaluation.regressor``.
            about: the card's ``regressor`` part: ratings, mapping to 0–100 and interval.
            name: the new model's name.
            more: further parts of the card, such as ``agreement``.
        """
        kept = {key: value for key, value in self.card.items() if key not in JUDGED}
        card = {**kept, **more, "name": name, "regressor": about}
        return QualityModel(self.folder, card, self._engine, regressor, self.probe)

    def with_probe(self, probe: Probe, about: dict[str, Any], *, name: str) -> "QualityModel":
        """This model with a probe of distortions, in place of one it has.

        Args:
            probe: from ``contrique.learning.probing``.
            about: the card's ``probe`` part: classes, photographs, accuracy.
            name: the new model's name.
        """
        return QualityModel(
            self.folder, {**self.card, "name": name, "probe": about}, self._engine, self._regressor, probe
        )

    @property
    def full_reference(self) -> bool:
        """Whether scores need the undistorted image beside the distorted one."""
        return bool((self.card.get("regressor") or {}).get("full_reference"))

    def features(self, source: Source | Sequence[Source]) -> np.ndarray:
        """Features at every scale of the card (full and half, by default), one after the other.

        Args:
            source: one image (path, bytes, file object, PIL image, uint8 array (H, W, 3)), or a list of images.

        Returns:
            float32, (D,) for one image, (N, D) for a list.

        Raises:
            ImageError: an image cannot be used; it names the path and the reason.
        """
        if isinstance(source, list | tuple):
            images = [read_image(one) for one in source]
            return self.features_of(images) if images else np.empty((0, self.dim), np.float32)
        return self.features_of([read_image(source)])[0]  # type: ignore[arg-type]

    @property
    def dim(self) -> int:
        """D: the length of a feature vector, all scales together."""
        return len(self.preprocessing.scales) * int(self.card["encoder"]["dim"])

    def features_of(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Features of decoded images.

        Args:
            images: uint8 RGB arrays (H, W, 3), of any sizes.

        Returns:
            (N, D) float32, in the order given.
        """
        full = [fit_size(image, self.preprocessing) for image in images]
        parts = [self._one_scale([scaled(image, scale) for image in full]) for scale in self.preprocessing.scales]
        return np.concatenate(parts, axis=1)

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        """The image at the size it is scored at: what ``features_of`` takes, and gives the same features for."""
        return fit_size(image_HWC, self.preprocessing)

    def to_score(self, path: str, features_D: np.ndarray) -> Score:
        """The score of one image by its features."""
        (value,), (low,), (high,) = self.score_features(features_D[None])
        score = Score(path, float(value), float(low), float(high), raw=float(self._regressor.predict(features_D)))
        return score if self.probe is None or self.full_reference else score.probed(self.probe.read(features_D))

    def predict(self, features_ND: np.ndarray) -> np.ndarray:
        """The predicted rating for each row of features, (N,) float64, in the ratings' own units and direction.

        Raises:
            ModelError: the model has no regressor.
        """
        if self._regressor is None:
            raise ModelError(f"{self.name} has no regressor yet: fit it to ratings with contrique fit")
        return self._regressor.predict(features_ND)

    def score_features(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, low and high on 0–100 for each row of features; low and high are nan where there is no interval.

        Raises:
            ModelError: the model has no regressor.
        """
        from contrique.scale import interval_hundred

        rating_N = self.predict(features_ND)
        about = self.card["regressor"]
        half_width = (about["interval"] or {}).get("half_width")
        return interval_hundred(rating_N, half_width, about["mapping"])

    def score(self, source: Any, reference: Source | None = None) -> Any:
        """Score one image, or many.

        Args:
            source: an image (path, bytes, file object, PIL image, uint8 array (H, W, 3)); or a folder, searched
                recursively, or an iterable of images.
            reference: the undistorted image, for a full-reference model, and only then; with one image only.

        Returns:
            A ``Score`` for one image; a list of them, in order, for a folder or an iterable. In a list an image that
            cannot be scored has ``Score.error`` set and nan in place of numbers.

        Raises:
            ImageError: a single image cannot be used.
            ModelError: the model has no regressor, or a reference is missing or superfluous.
        """
        from contrique.scoring import score_many

        if self.full_reference != (reference is not None):
            raise ModelError(f"{self.name} scores {'against a' if self.full_reference else 'without a'} reference")
        many = score_many(self, source)
        if many is not None:
            return many
        features_D = self.features(source)
        if reference is None:
            return self.to_score(source_name(source), features_D)
        score = self.to_score(source_name(source), np.abs(self.features(reference) - features_D))
        return score if self.probe is None else score.probed(self.probe.read(features_D))

    def map(self, source: Source) -> "QualityMap":
        """Where one image looks good and where bad, by this model's scores of overlapping windows of it.

        Args:
            source: one image: path, bytes, file object, PIL image, uint8 array (H, W, 3).

        Returns:
            The image's score, its local quality, and a picture of it: see ``QualityMap``.

        Raises:
            ImageError: the image cannot be used.
            ModelError: the model has no regressor, or scores against a reference.
        """
        from contrique.quality_map.windows import quality_map

        return quality_map(self, read_image(source), source_name(source))

    def _one_scale(self, images: list[np.ndarray]) -> np.ndarray:
        """Features of pictures at one scale, (N, D of that scale): one size goes through the engine together."""
        features: list[np.ndarray | None] = [None] * len(images)
        sizes: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(images):
            sizes.setdefault(image.shape, []).append(index)
        for (height, width, _), members in sizes.items():
            step = max(1, BATCH_PIXELS // (height * width))
            for start in range(0, len(members), step):
                batch = members[start : start + step]
                for index, row in zip(batch, self._engine.features(np.stack([images[i] for i in batch])), strict=True):
                    features[index] = row
        return np.stack(features)  # type: ignore[arg-type]
