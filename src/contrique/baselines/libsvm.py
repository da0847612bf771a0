"""libsvm's text files: an ε- or ν-SVR with RBF kernel, and the ranges that svm-scale stores.

The prediction is Σᵢ cᵢ e^{−γ‖x − sᵢ‖²} − ρ (Chang & Lin, "LIBSVM: a library for support vector machines", 2011).
The files are plain text: reading them executes nothing. Whatever is odd about one is an error that names the line.

Shapes: S support vectors, D features, N images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contrique.errors import ContriqueError, ModelError

MAX_BYTES = 2**26
"""Larger files are refused unread; the release's model has 0.3 MB."""

KINDS = {"svm_type": ("epsilon_svr", "nu_svr"), "kernel_type": ("rbf",), "nr_class": ("2",)}
NUMBERS = ("gamma", "rho", "total_sv")


@dataclass(frozen=True)
class KernelSVR:
    """Support vector regression with an RBF kernel.

    Attributes:
        support_SD: support vectors.
        coef_S: their coefficients.
        gamma: γ.
        rho: ρ.
    """

    support_SD: np.ndarray
    coef_S: np.ndarray
    gamma: float
    rho: float

    def predict(self, x_ND: np.ndarray) -> np.ndarray:
        """Predictions (N,), float64; nan for features that are nan."""
        kernel_NS = np.stack([np.exp(-self.gamma * np.sum((self.support_SD - x_D) ** 2, axis=1)) for x_D in x_ND])
        return kernel_NS @ self.coef_S - self.rho

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a safetensors file holds; float32, which moves a prediction by less than 0.001."""
        return {
            "support": self.support_SD.astype(np.float32),
            "coef": self.coef_S.astype(np.float32),
            "gamma": np.array([self.gamma]),
            "rho": np.array([self.rho]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], features: int) -> "KernelSVR":
        """Build from what ``to_arrays`` gave.

        Raises:
            ContriqueError: an array is missing, has the wrong shape, or is not finite.
        """
        parts = [np.asarray(arrays.get(name, np.nan), np.float64) for name in ("support", "coef", "gamma", "rho")]
        support_SD, coef_S, gamma, rho = parts
        if support_SD.shape != (len(coef_S) if coef_S.ndim == 1 else -1, features) or gamma.size != 1 or rho.size != 1:
            raise ContriqueError(f"expected support (S, {features}), coef (S,), gamma and rho")
        if not all(np.isfinite(part).all() for part in parts):
            raise ContriqueError("the regressor holds values that are not finite")
        return cls(support_SD, coef_S, float(gamma.item()), float(rho.item()))


def read_model(path: Path, features: int) -> KernelSVR:
    """Read a model file.

    Args:
        path: the file svm-train wrote.
        features: D, the number of features it must be for.

    Raises:
        ModelError: the file is missing, damaged, or of another kind.
    """
    lines = _lines(path)
    head: dict[str, str] = {}
    for place, line in enumerate(lines):  # noqa: B007  the place of SV is needed behind the loop
        if line.strip() == "SV":
            break
        key, _, value = line.partition(" ")
        head[key] = value.strip()
    else:
        raise ModelError(f"{path}: not a libsvm model, it has no line SV")
    for key, allowed in KINDS.items():
        if head.get(key) not in allowed:
            raise ModelError(f"{path}: {key} is {head.get(key)!r}, expected {' or '.join(allowed)}")
    gamma, rho, total = (_number(path, head.get(key, ""), key) for key in NUMBERS)
    body = lines[place + 1 :]
    if len(body) != total:
        raise ModelError(f"{path}: {len(body)} support vectors, and total_sv says {total:g}: the file is damaged")
    support_SD, coef_S = np.zeros((len(body), features)), np.empty(len(body))
    for row, line in enumerate(body):
        where = f"line {place + row + 2}"
        words = line.split()
        coef_S[row] = _number(path, words[0] if words else "", where)
        for word in words[1:]:
            index, _, value = word.partition(":")
            if not (index.isascii() and index.isdecimal() and 1 <= int(index) <= features):
                raise ModelError(f"{path}: {where}: expected a feature from 1 to {features}, got {word[:40]!r}")
            support_SD[row, int(index) - 1] = _number(path, value, where)
    return KernelSVR(support_SD, coef_S, gamma, rho)


def read_range(path: Path, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the least and the greatest value of each feature, which svm-scale maps to −1 and 1.

    Raises:
        ModelError: the file is missing, damaged, or maps to another range.
    """
    lines = _lines(path)
    if [line.split() for line in lines[:2]] != [["x"], ["-1", "1"]]:
        raise ModelError(f"{path}: not a range file of svm-scale to -1 and 1")
    if len(lines) != features + 2:
        raise ModelError(f"{path}: {len(lines) - 2} features, expected {features}: the file is damaged")
    ends_2D = np.empty((2, features))
    for place, line in enumerate(lines[2:], 1):
        words = line.split()
        if len(words) != 3 or words[0] != str(place):
            raise ModelError(f"{path}: line {place + 2}: expected '{place} LEAST GREATEST', got {line[:60]!r}")
        ends_2D[:, place - 1] = [_number(path, word, f"line {place + 2}") for word in words[1:]]
    if not (ends_2D[0] < ends_2D[1]).all():
        raise ModelError(f"{path}: feature {int(np.argmin(ends_2D[0] < ends_2D[1])) + 1}: its range is empty")
    return ends_2D[0], ends_2D[1]


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: more than {MAX_BYTES} bytes")
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ModelError(f"{path}: missing") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as text: {getattr(error, 'strerror', None) or error}") from error
    if not text.endswith("\n"):
        raise ModelError(f"{path}: ends in the middle of a line: the file is damaged")
    return text.splitlines()


def _number(path: Path, word: str, where: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ModelError(f"{path}: {where}: expected a number, got {word[:40]!r}")
    return number
