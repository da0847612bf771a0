"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True)  # the same examples every time; elsewhere new ones are looked for
if os.environ.get("CI"):
    settings.load_profile("ci")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _shared(folder: str) -> Path:
    path = SHARED / folder
    if not path.is_dir():
        message = f"{path} is absent: this test needs the images that lie beside the checkout"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs, rated and unrated, beside the checkout."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """The folder of official parameter files and published values beside the checkout."""
    return _shared("reference")
