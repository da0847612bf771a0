"""Settings refuse what cannot be run, by name."""

import pytest

from contrique.errors import ContriqueError
from contrique.learning.tuning.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", 0), ("epochs", 1.5), ("batch", 1), ("crop", 32), ("seed", -1), ("lr", 0), ("lr", float("nan"))),
        *(("lr", 2), ("frozen", 1), ("frozen", -0.1), ("correlation", -1), ("correlation", float("nan"))),
        *(("validation", 0), ("validation", 1), ("correlation", float("inf")), ("frozen", float("nan"))),
    ],
)
def test_a_value_out_of_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ContriqueError, match=f"^{name}: "):
        Settings(**{name: value})


def test_what_a_card_stores_makes_the_same_settings() -> None:
    settings = Settings(epochs=2, lr=3e-5, seed=4)
    assert Settings(**settings.to_dict()) == settings
