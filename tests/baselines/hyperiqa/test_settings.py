"""Settings: the authors' by default, checked, and what is reduced is said."""

import pytest

from contrique.baselines.hyperiqa import Settings
from contrique.errors import ContriqueError


def test_the_authors_settings_are_the_default() -> None:
    assert Settings().to_dict() == {"epochs": 16, "patches": 25, "test_patches": 25, "batch": 96, "seed": 0}
    assert Settings().reduced() is None


def test_what_is_reduced_is_said() -> None:
    settings = Settings(epochs=3, patches=2)
    assert settings.test_patches == 2
    assert settings.reduced() == "epochs 3 (published: 16), patches 2 (published: 25), test_patches 2 (published: 25)"


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"patches": -1}, {"batch": 1.5}, {"seed": -1}, {"test_patches": 0}])
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(ContriqueError, match=f"hyperiqa: {next(iter(wrong))} is a whole number"):
        Settings(**wrong)
