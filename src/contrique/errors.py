"""The errors contrique raises, and the one way to ask for an optional dependency."""

import importlib
from types import ModuleType


class ContriqueError(ValueError):
    """Bad input of any kind: the message says what was expected and what came."""


class ImageError(ContriqueError):
    """One image could not be used.

    Attributes:
        path: the image's path, or a stand-in such as ``<bytes>`` for images that have none.
        reason: why, in words.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ModelError(ContriqueError):
    """A model folder is missing, damaged, or cannot do what was asked of it."""


class ToldElsewhere(ContriqueError):
    """A run of several processes failed, and another of them says why: this one only has to end."""


class MissingExtra(ImportError):
    """An optional dependency is not installed; the message says which extra brings it."""


def need(module: str, extra: str, what: str) -> ModuleType:
    """Import an optional dependency.

    Args:
        module: dotted name of the module to import.
        extra: the extra of contrique that brings it.
        what: what needs it, as the user would name it (``"contrique evaluate"``).

    Returns:
        The imported module.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        package = {"cv2": "OpenCV", "sklearn": "scikit-learn"}.get(package, package)
        raise MissingExtra(f"{what} needs {package}: pip install 'contrique[{extra}]'") from error
