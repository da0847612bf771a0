"""A tiny encoder among the real ones, and rated images that it can learn."""

from collections.abc import Iterator

import pytest

pytest.importorskip("torch")


@pytest.fixture(autouse=True, scope="module")
def _tiny() -> Iterator[None]:
    from planted import Shallow

    from contrique.learning import encoders

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoders.ENCODERS, "tiny", Shallow)
        yield


@pytest.fixture(scope="session")
def ratings(tmp_path_factory: pytest.TempPathFactory):
    """160 images in groups of two, rated by their noise in colour."""
    from planted import planted

    return planted(tmp_path_factory.mktemp("planted") / "set")


@pytest.fixture(scope="module")
def model(_tiny: None, tmp_path_factory: pytest.TempPathFactory):
    """The tiny encoder as a model."""
    from planted import tiny_model

    return tiny_model(tmp_path_factory.mktemp("tiny") / "start")


@pytest.fixture(scope="module")
def frozen_features(model, ratings):
    """Its features of the rated images."""
    return model.features([str(path) for path in ratings.paths])


@pytest.fixture
def features(frozen_features):
    """The same, to change."""
    return frozen_features.copy()
