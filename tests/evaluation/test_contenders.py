"""Rows by name: every one is found, and what is missing or wrong is said in one line."""

from pathlib import Path

import pytest
from fake_models import FakeModel

from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.contenders import BaselineContender, ModelContender, contenders


def test_rows_come_in_the_order_of_the_words() -> None:
    rows = contenders(["niqe", "contrique", "brisque"])
    assert [row.name for row in rows] == ["niqe", "contrique", "brisque"]
    assert [type(row) for row in rows] == [BaselineContender, ModelContender, BaselineContender]
    assert [row.about["fit"] for row in rows] == ["none", "each split", "each split"]


def test_each_model_is_a_row_of_contrique() -> None:
    rows = contenders(["contrique"], models=[FakeModel("a"), FakeModel("a"), FakeModel("b")])  # type: ignore[list-item]
    assert [row.name for row in rows] == ["a", "a (2)", "b"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["psnr"], "unknown method 'psnr': expected some of brisque, niqe"),
        ([], "one or more methods, each once; got none"),
        (["niqe", "niqe"], "each once; got niqe, niqe"),
        (["resnet50"], "resnet50 starts from an ImageNet ResNet-50"),
        (["hyperiqa"], "hyperiqa starts from an ImageNet ResNet-50"),
    ],
)
def test_what_cannot_be_is_refused(names: list[str], reason: str) -> None:
    with pytest.raises(ContriqueError, match=reason):
        contenders(names)


def test_a_resnet50_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        contenders(["resnet50"], resnet50=tmp_path / "nowhere")


def test_a_folder_of_parameters_is_for_the_methods_that_it_has_some_of(tmp_path: Path, shared_reference: Path) -> None:
    rows = contenders(["brisque", "cornia", "hosa"], parameters=shared_reference / "models")
    assert [row.about["model"] for row in rows] == ["brisque-official", "cornia-biq2021", "hosa-official"]
    with pytest.raises(ModelError, match=f"{tmp_path}: holds no parameters of cornia or niqe"):  # shipped ones do not
        contenders(["cornia", "contrique", "niqe"], parameters=tmp_path)  # take their place unseen
    with pytest.raises(ModelError, match="nowhere: no such folder of parameters"):
        contenders(["niqe"], parameters=tmp_path / "nowhere")
