"""contrique: how good a photograph looks to people, with no reference image.

>>> import contrique
>>> model = contrique.load()
>>> model.score("photo.jpg").value  # 0 to 100, higher is better
"""

from typing import TYPE_CHECKING, Any, overload

__version__ = "0.1.0"
__all__ = [
    "ContriqueError",
    "Distortion",
    "ImageError",
    "ModelError",
    "QualityMap",
    "QualityModel",
    "Score",
    "load",
    "score",
]

if TYPE_CHECKING:
    from contrique.baselines.baseline import Baseline
    from contrique.errors import ContriqueError, ImageError, ModelError
    from contrique.model import QualityModel
    from contrique.quality_map.made import QualityMap
    from contrique.result import Distortion, Score

_HOME = {
    "ContriqueError": "contrique.errors",
    "ImageError": "contrique.errors",
    "ModelError": "contrique.errors",
    "QualityMap": "contrique.quality_map.made",
    "QualityModel": "contrique.model",
    "Distortion": "contrique.result",
    "Score": "contrique.result",
}
_loaded: dict[None, "QualityModel"] = {}


@overload
def load(folder: str | None = None, *, engine: str | None = None) -> "QualityModel": ...


@overload
def load(*, method: str, parameters: str | None = None) -> "Baseline": ...


def load(
    folder: str | None = None,
    *,
    engine: str | None = None,
    method: str = "contrique",
    parameters: str | None = None,
) -> "QualityModel | Baseline":
    """Load a model: one that ships, or a folder that ``contrique fit`` or ``contrique pretrain`` wrote; or a baseline.

    Args:
        folder: the model: a folder, or ``"default"`` or ``"accurate"``, which ship with contrique and are meant even
            where a folder of that name lies here (that one is ``"./default"``); None for the default.
        engine: ``"onnx"`` or ``"torch"``; None for ONNX where the model has a graph.
        method: ``"contrique"``, or another published method: ``"brisque"``, ``"niqe"``, ``"cornia"``, ``"hosa"``.
        parameters: for those, a folder with the files their authors published, or with a codebook that ``contrique
            codebook`` wrote; None for the shipped parameters.

    Raises:
        ContriqueError: an unknown method, or an argument that the method does not have.
        ModelError: the folder is no model, or a file in it is damaged.
    """
    if method == "contrique":
        from contrique.model import QualityModel

        if parameters is not None:
            from contrique.errors import ContriqueError

            raise ContriqueError("parameters are for other methods than contrique: a model is named by its folder")
        return QualityModel.load(folder, engine=engine)
    from contrique.baselines import load_baseline

    if folder is not None or engine is not None:
        from contrique.errors import ContriqueError

        raise ContriqueError(f"{method} has no model folder and no engine, only parameters")
    return load_baseline(method, parameters)


def score(source: Any) -> Any:
    """Score one image, or a list or folder of images, with the shipped model: see ``QualityModel.score``."""
    if None not in _loaded:
        _loaded[None] = load()
    return _loaded[None].score(source)


def __getattr__(name: str) -> Any:
    """Import the public classes only when they are asked for, so that ``import contrique`` is quick."""
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
