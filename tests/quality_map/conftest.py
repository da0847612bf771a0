"""The shipped model, loaded once."""

import pytest

import contrique
from contrique.model import QualityModel


@pytest.fixture(scope="session")
def model() -> QualityModel:
    return contrique.load()
