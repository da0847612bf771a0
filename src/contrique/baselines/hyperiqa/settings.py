"""What HyperIQA's training depends on besides images and ratings."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from contrique.errors import ContriqueError

DEFAULTS = {"epochs": 16, "patches": 25, "test_patches": 25, "batch": 96}
"""The authors' (``train_test_IQA.py``)."""


@dataclass(frozen=True)
class Settings:
    """How long and with how much HyperIQA trains; by default as the authors.

    Attributes:
        epochs: passes; the one of the greatest SROCC on validation counts.
        patches: crops of every training image in one of them.
        test_patches: crops of an image whose numbers are averaged, on validation and on test; left out, ``patches``.
        batch: crops in one step.
        seed: of the new layers' starting values, and of all crops.
    """

    epochs: int = DEFAULTS["epochs"]
    patches: int = DEFAULTS["patches"]
    test_patches: int | None = None
    batch: int = DEFAULTS["batch"]
    seed: int = 0

    def __post_init__(self) -> None:
        if self.test_patches is None:
            object.__setattr__(self, "test_patches", self.patches)
        for field in fields(self):
            value, least = getattr(self, field.name), int(field.name != "seed")
            if type(value) is not int or value < least:
                raise ContriqueError(f"hyperiqa: {field.name} is a whole number of at least {least}, not {value!r}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a result or a card."""
        return asdict(self)

    def reduced(self) -> str | None:
        """What is less than in the authors' training, in words; None if nothing is."""
        less = {name: getattr(self, name) for name, value in DEFAULTS.items() if getattr(self, name) < value}
        return ", ".join(f"{name} {value} (published: {DEFAULTS[name]})" for name, value in less.items()) or None
