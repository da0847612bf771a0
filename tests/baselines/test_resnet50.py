"""The row of a ResNet-50: a folder of one, and of nothing else."""

from pathlib import Path

import pytest
from fake_models import FakeModel

from contrique.baselines.resnet50 import contender
from contrique.errors import ModelError
from contrique.model import SHIPPED, QualityModel


def test_another_network_is_no_resnet50() -> None:
    with pytest.raises(ModelError, match="holds efficientnet-lite2-side, not a ResNet-50: --model gives any encoder"):
        contender(SHIPPED)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        contender(tmp_path / "nowhere")


def test_the_row_is_called_by_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel("imagenet-v1")
    model.card["encoder"]["name"] = "resnet50"
    monkeypatch.setattr(QualityModel, "load", lambda folder: model)
    row = contender("folder")
    assert (row.name, row.about["model"], row.about["fit"]) == ("resnet50", "imagenet-v1", "each split")
